"""Lets DuckDB into object stores: with its own extension and a secret, else through Arrow's file systems."""

from __future__ import annotations

import importlib.util
import threading
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, cast

import duckdb

from floe.engines.duckdb.faults import engine_message
from floe.engines.duckdb.reached import REACHED
from floe.engines.duckdb.sql import literal
from floe.errors import EnvironmentFaultError, FloeError, LakeError
from floe.lake.stores.locations import candidates, object_location

if TYPE_CHECKING:
    from collections.abc import Callable

    from floe.lake.base import TableState
    from floe.lake.stores.arrow import ArrowStore
    from floe.lake.stores.credentials import Credentials

_WHEEL = "duckdb_extension_httpfs"
_SCHEMES = {"s3": ("s3", "s3a", "s3n"), "gs": ("gs", "gcs"), "abfss": ("abfss", "abfs")}
_SETTINGS = {
    "http_retries": "5",
    "http_retry_backoff": "2",
    # Files of a lake are written once: how long they are need not be asked for again.
    "enable_http_metadata_cache": "true",
}
_SHORTEST_WAIT_SECONDS = 0.5


def extension_file() -> Path | None:
    """DuckDB's extension for S3, from the wheel; None where it is not installed for this version of DuckDB."""
    found = importlib.util.find_spec(_WHEEL)
    if found is None or found.origin is None:
        return None
    folder = Path(found.origin).parent / "extensions" / f"v{duckdb.__version__}"
    file = folder / "httpfs.duckdb_extension"
    return file if file.is_file() else None


def load_extension() -> None:
    """Load that extension into a database of its own, to find out whether it works.

    Raises:
        EnvironmentFaultError: DuckDB cannot load it.
    """
    connection = duckdb.connect(":memory:")
    try:
        connection.execute(f"LOAD {literal(str(extension_file()))}")
    except duckdb.Error as error:
        reason = f"DuckDB's extension `httpfs` cannot be loaded: {engine_message(error).headline}"
        way_out = "run `pip install --force-reinstall 'floe-runtime[s3]'`"
        raise EnvironmentFaultError("FLOE-0776", reason, way_out) from error
    finally:
        connection.close()


def _keep_quiet(_location: str, _text: str) -> None:
    """What those do with warnings who only read."""


class Remote:
    """The stores that one DuckDB database was let into. Safe to use from several threads.

    Args:
        connection: Any connection of the database.
        warn: Told, with the location of a store, what the user could do better.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, warn: Callable[[str, str], None] = _keep_quiet) -> None:
        self._warn = warn
        self._connection = connection.cursor()
        self._lock = threading.RLock()
        self._secrets: dict[ArrowStore, tuple[str, Credentials]] = {}
        self._scopes: dict[ArrowStore, str] = {}
        """Store -> the location below which it is used."""
        self._registered: set[str] = set()
        self._closed = threading.Event()
        self._renewing: threading.Thread | None = None

    def reach(self, table: TableState) -> TableState:
        """Let DuckDB read and write the table's files; returns the table.

        Raises:
            LakeError: the store refuses the credentials, cannot be reached, or has no such bucket.
            EnvironmentFaultError: a secret is missing.
        """
        store = cast("ArrowStore", table.store)  # what is not local is Arrow's
        with self._lock:
            if store not in self._scopes:
                store.check()
                # Stores with keys for one table only share the root of their profile.
                root = store.access.root
                self._scopes[store] = table.location if root in self._scopes.values() else root
                REACHED.add(store)
            if self._is_direct(store):
                self._renew_secret(store)
            else:
                self._register(object_location(table.location).scheme)
        return table

    def close(self) -> None:
        """Stop renewing secrets."""
        self._closed.set()
        if self._renewing is not None:
            self._renewing.join()
        self._connection.close()

    def store_of(self, location: str) -> ArrowStore:
        """The store that holds a location, of those that were reached.

        Raises:
            LakeError: none of them does.
        """
        scopes = {store: object_location(scope) for store, scope in list(self._scopes.items())}
        return max(candidates(location, scopes), key=lambda store: len(scopes[store].key))

    @cached_property
    def _extension(self) -> bool:
        """Whether DuckDB's extension for S3 is loaded."""
        file = extension_file()
        if file is None:
            return False
        self._connection.execute(f"LOAD {literal(str(file))}")
        for name, value in _SETTINGS.items():
            self._connection.execute(f"SET GLOBAL {name} = {value}")
        return True

    def _is_direct(self, store: ArrowStore) -> bool:
        """Whether DuckDB itself can sign requests: it needs the extension and keys."""
        if store.access.type != "s3" or not store.credentials.current().values:
            return False
        if not self._extension and "s3" not in self._registered:
            text = "DuckDB reads and writes it through Arrow, which takes longer: install Floe with the extra `s3`"
            self._warn(store.access.root, text)
        return self._extension

    def _renew_secret(self, store: ArrowStore) -> None:
        """Create the store's secret, or replace it where the credentials are new."""
        current = store.credentials.current()
        name, known = self._secrets.get(store, (f"floe_storage_{len(self._secrets)}", None))
        if known is current:
            return
        try:
            self._connection.execute(
                f"CREATE OR REPLACE SECRET {name} ({_secret(store, current, self._scopes[store])})"
            )
        except duckdb.Error as error:
            # DuckDB's message may quote the statement, which holds the keys.
            reason = f"DuckDB refuses the credentials of `{store.access.root}`: {type(error).__name__}"
            raise LakeError(
                "FLOE-0528", reason, "check endpoint, region and credentials of the storage profile"
            ) from None
        self._secrets[store] = name, current
        if current.expires_at is not None and self._renewing is None:
            self._renewing = threading.Thread(target=self._keep_renewed, name="floe-storage-secrets", daemon=True)
            self._renewing.start()

    def _keep_renewed(self) -> None:
        """Replace secrets before they expire, for as long as the database is open."""
        while not self._closed.wait(self._seconds_to_renewal()):
            with self._lock:
                for store in list(self._secrets):
                    try:
                        self._renew_secret(store)
                    except FloeError:
                        continue  # tried again; what uses an expired secret meanwhile says so

    def _seconds_to_renewal(self) -> float:
        with self._lock:
            due = [store.credentials.renew_at for store in self._secrets]
        waits = [(moment - datetime.now(UTC)).total_seconds() for moment in due if moment is not None]
        return max(_SHORTEST_WAIT_SECONDS, min(waits, default=60.0))

    def _register(self, scheme: str) -> None:
        if scheme in self._registered:
            return
        from floe.engines.duckdb.store_files import StoreFileSystem

        self._connection.register_filesystem(StoreFileSystem(_SCHEMES[scheme], self.store_of))
        self._registered.add(scheme)


def _secret(store: ArrowStore, credentials: Credentials, scope: str) -> str:
    """The options of a secret."""
    access, keys = store.access, credentials.values
    options = {
        "KEY_ID": keys["access_key_id"],
        "SECRET": keys["secret_access_key"],
        "SESSION_TOKEN": keys.get("session_token", ""),
        "REGION": access.region,
        "ENDPOINT": access.s3_host,
        "URL_STYLE": "path" if access.path_style else "vhost",
        "SCOPE": f"{scope}/",
    }
    texts = [f"{name} {literal(value)}" for name, value in options.items()]
    return ", ".join(["TYPE s3", *texts, f"USE_SSL {str(access.scheme == 'https').lower()}"])
