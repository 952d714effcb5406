"""The SQL catalog in one SQLite file.

The file stays in SQLite's default journal mode, in which any other program can open it at the same time, also
read-only.
"""

from __future__ import annotations

import errno
import os
import sqlite3
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

from floe.lake.catalogs.sql.catalog import LAYOUT, SqlCatalog
from floe.lake.faults import storage_faults
from floe.lake.moved import refuse_moved
from floe.lake.stores.local import LOCAL
from floe.lake.stores.open import LOCAL_STORES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from floe.lake.catalogs.sql.catalog import Connection
    from floe.lake.stores.open import Stores

_BUSY_TIMEOUT_SECONDS = 30.0


class SqliteCatalog(SqlCatalog):
    """The Iceberg catalog `name` in the SQLite file `database`. Nothing is kept open between calls."""

    def __init__(self, database: Path, name: str = "floe", stores: Stores = LOCAL_STORES) -> None:
        super().__init__(name, stores)
        self.database = database

    def check(self) -> None:
        """See `Catalog.check`: also whether the file, or where there is none its folder, can be written."""
        super().check()
        LOCAL.check(str(self.database.parent))
        with storage_faults("write", self.database):
            if self.database.exists() and not os.access(self.database, os.W_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(self.database))

    def rehearse(self) -> None:
        """See `SqlCatalog.rehearse`; a catalog that is not there yet is not made for it."""
        if self.database.exists():
            super().rehearse()

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection | None]:
        with storage_faults("read", self.database):
            if not self.database.exists():
                yield None
                return
            with closing(self._connect("rw")) as connection:
                layout = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'iceberg_tables'"
                yield connection if connection.execute(layout).fetchone() else None

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with storage_faults("write", self.database):
            self.database.parent.mkdir(parents=True, exist_ok=True)
            with closing(self._connect("rwc")) as connection:
                # EXTRA also syncs the folder, so that an acknowledged commit survives a power failure.
                connection.execute("PRAGMA synchronous = EXTRA")
                connection.execute("BEGIN IMMEDIATE")
                try:
                    for statement in LAYOUT:
                        connection.execute(statement)
                    yield connection
                    connection.execute("COMMIT")
                finally:
                    if connection.in_transaction:
                        connection.execute("ROLLBACK")

    def _has_types(self, connection: Connection) -> bool:
        return any(
            row[1] == "iceberg_type" for row in connection.execute("PRAGMA table_info(iceberg_tables)").fetchall()
        )

    def _metadata(self, pointer: str) -> dict[str, Any]:
        refuse_moved(pointer, self.database)
        return super()._metadata(pointer)

    def _connect(self, mode: str) -> sqlite3.Connection:
        address = f"{self.database.absolute().as_uri()}?mode={mode}"
        return sqlite3.connect(address, uri=True, timeout=_BUSY_TIMEOUT_SECONDS, isolation_level=None)
