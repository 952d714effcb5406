"""The SQL catalog in a PostgreSQL database."""

from __future__ import annotations

import threading
import time
import weakref
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from floe.lake.catalogs.sql.catalog import LAYOUT, SqlCatalog
from floe.lake.catalogs.sql.postgres_faults import PostgresFaults, is_passing
from floe.lake.stores.open import LOCAL_STORES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import psycopg

    from floe.lake.catalogs.sql.catalog import Connection, Result
    from floe.lake.catalogs.sql.postgres_address import PostgresAddress
    from floe.lake.stores.open import Stores

_PATIENCE_SECONDS = 30.0
"""How long a server that was there and is gone, or is starting, is waited for."""
_PAUSE_SECONDS = 0.25
_LOCK_TIMEOUT = "30s"
_MAKING_LAYOUT = 8105021907643521
"""Key of the lock under which one process at a time makes the tables: PostgreSQL's IF NOT EXISTS can collide."""


class PostgresCatalog(SqlCatalog):
    """The Iceberg catalog `name` in a PostgreSQL database.

    One connection is kept for all calls, and made anew when the server has cut it. Nothing is asked of the server, and
    no secret read, before the first call.
    """

    def __init__(self, address: PostgresAddress, name: str = "floe", stores: Stores = LOCAL_STORES) -> None:
        super().__init__(name, stores)
        self._address = address
        self._lock = threading.RLock()
        self._kept: _Session | None = None
        self._was_reached = False
        self._faults = PostgresFaults(address)

    @contextmanager
    def _reading(self) -> Iterator[Connection | None]:
        with self._lock, self._faults.translated("read"):
            session = self._session()
            yield session if session.has_tables else None

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with self._lock, self._faults.translated("write"):
            session = self._session()
            try:
                session.begin()
                yield session
                transaction = session.transaction()
                self._commit(session, transaction)
            finally:
                session.abandon()

    def _has_types(self, connection: _Session) -> bool:  # type: ignore[override]
        return connection.has_types()

    def _commit(self, session: _Session, transaction: str) -> None:
        """Commit; where the answer was lost, ask a new connection what became of the transaction.

        The server knows for certain, also while the old connection's end has not reached it yet.
        """
        import psycopg

        try:
            session.commit()
        except psycopg.OperationalError as error:
            if not session.is_lost:
                raise
            status = self._outcome(transaction)
            if status == "committed":
                return
            if status == "aborted":
                raise
            raise self._faults.unknown_outcome() from error

    def _outcome(self, transaction: str) -> str | None:
        """What the server says of a transaction; None if it does not answer in time, or does not know it any more."""
        import psycopg

        deadline = time.monotonic() + _PATIENCE_SECONDS
        status: str | None = "in progress"
        while status == "in progress" and time.monotonic() < deadline:
            try:
                row = self._session().execute("SELECT pg_xact_status(?::xid8)", (transaction,)).fetchone()
            except psycopg.OperationalError:
                return None
            status = row[0] if row else None
            if status == "in progress":
                time.sleep(_PAUSE_SECONDS)
        return status if status != "in progress" else None

    def _session(self) -> _Session:
        """A connection that answers: the kept one, or a new one in its place."""
        import psycopg

        if self._kept is not None:
            try:
                self._kept.look()
            except psycopg.OperationalError:
                self._kept.close()
                self._kept = None
            else:
                return self._kept
        self._kept = self._connected()
        self._was_reached = True
        weakref.finalize(self, self._kept.close)
        return self._kept

    def _connected(self) -> _Session:
        """A new connection. A server that was there before, or says that it is starting, is waited for."""
        import psycopg

        deadline = time.monotonic() + _PATIENCE_SECONDS
        while True:
            try:
                return self._opened()
            except psycopg.OperationalError as error:
                waits = is_passing(error) or (self._was_reached and not self._faults.is_refusal(error))
                if not waits or time.monotonic() > deadline:
                    raise
                time.sleep(_PAUSE_SECONDS)

    def _opened(self) -> _Session:
        session = _Session(self._address.connect())
        try:
            session.look()
        except BaseException:
            session.close()
            raise
        return session


class _Session:
    """A connection whose parameters are written `?`, and what is known of the tables that it sees."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection
        self._types: bool | None = None
        self.has_tables = False

    def look(self) -> None:
        """See whether the server answers, and whether PyIceberg's tables are there."""
        row = self.execute("SELECT to_regclass('iceberg_tables') IS NOT NULL").fetchone()
        self.has_tables = bool(row and row[0])

    def has_types(self) -> bool:
        """Whether the layout has `iceberg_type`; asked once."""
        if self._types is None:
            query = (
                "SELECT 1 FROM pg_attribute WHERE attrelid = to_regclass('iceberg_tables') "
                "AND attname = 'iceberg_type' AND NOT attisdropped"
            )
            self._types = self.execute(query).fetchone() is not None
        return self._types

    def execute(self, sql: str, parameters: Sequence[str] = (), /) -> Result:
        """Execute one statement."""
        return self._connection.execute(sql.replace("?", "%s").encode(), parameters or None)

    def begin(self) -> None:
        """Begin a transaction in which the tables are there."""
        self.execute("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE")
        self.execute(f"SET LOCAL lock_timeout = '{_LOCK_TIMEOUT}'")
        self.look()
        if not self.has_tables:
            self.execute(f"SELECT pg_advisory_xact_lock({_MAKING_LAYOUT})")
            for statement in LAYOUT:
                self.execute(statement)

    def transaction(self) -> str:
        """The name by which the server remembers the transaction."""
        row = self.execute("SELECT pg_current_xact_id()::text").fetchone()
        return str(row[0])

    def commit(self) -> None:
        """End the transaction, so that all see it."""
        self.execute("COMMIT")

    def abandon(self) -> None:
        """Roll back what has not been committed, where the server can still be told."""
        from psycopg.pq import TransactionStatus

        if self._connection.info.transaction_status in (TransactionStatus.INTRANS, TransactionStatus.INERROR):
            self.execute("ROLLBACK")

    @property
    def is_lost(self) -> bool:
        """Whether the connection has ended."""
        return self._connection.closed

    def close(self) -> None:
        """End the connection."""
        self._connection.close()
