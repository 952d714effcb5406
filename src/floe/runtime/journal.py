"""The journal of all runs of a project: `.floe/state.db`, written from the event stream and read by every command.

One SQLite file in WAL mode, so readers never wait for a run and a run never for readers.
"""

from __future__ import annotations

import json
import sqlite3
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

from floe.errors import EnvironmentFaultError
from floe.lake.base import MAIN
from floe.runtime.events import RunStatus

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from pathlib import Path

    from floe.runtime.events import RunStarted

SCHEMA_VERSION = 8
_MIGRATIONS = (
    """
    CREATE TABLE runs (
        run_id TEXT PRIMARY KEY, environment TEXT NOT NULL, command TEXT NOT NULL, project TEXT NOT NULL,
        digest TEXT NOT NULL, host TEXT NOT NULL, pid INTEGER NOT NULL, threads INTEGER NOT NULL,
        started_at REAL NOT NULL, finished_at REAL, status TEXT NOT NULL,
        tables_published INTEGER NOT NULL DEFAULT 0, note TEXT NOT NULL DEFAULT '', failure TEXT
    ) WITHOUT ROWID;
    CREATE TABLE nodes (
        run_id TEXT NOT NULL REFERENCES runs, asset TEXT NOT NULL, kind TEXT NOT NULL,
        materialization TEXT NOT NULL, status TEXT NOT NULL, finished_at REAL NOT NULL, seconds REAL NOT NULL,
        rows INTEGER, bytes INTEGER, skipped_because TEXT NOT NULL DEFAULT '', failure TEXT,
        PRIMARY KEY (run_id, asset)
    ) WITHOUT ROWID;
    CREATE INDEX nodes_of_asset ON nodes (asset, run_id);
    CREATE TABLE tests (
        run_id TEXT NOT NULL REFERENCES runs, test TEXT NOT NULL, name TEXT NOT NULL, asset TEXT NOT NULL,
        status TEXT NOT NULL, finished_at REAL NOT NULL, seconds REAL NOT NULL, failures INTEGER,
        skipped_because TEXT NOT NULL DEFAULT '', failure TEXT,
        PRIMARY KEY (run_id, test)
    ) WITHOUT ROWID;
    CREATE INDEX tests_of_asset ON tests (asset, run_id);
    CREATE TABLE publishes (
        run_id TEXT NOT NULL REFERENCES runs, asset TEXT NOT NULL, table_name TEXT NOT NULL,
        snapshot_id INTEGER NOT NULL, operation TEXT NOT NULL, rows_added INTEGER NOT NULL,
        rows_removed INTEGER NOT NULL, rows_total INTEGER NOT NULL, files_added INTEGER NOT NULL,
        bytes_added INTEGER NOT NULL, published_at REAL NOT NULL,
        PRIMARY KEY (run_id, table_name)
    ) WITHOUT ROWID;
    """,
    "ALTER TABLE runs ADD COLUMN plan TEXT",
    """
    ALTER TABLE nodes ADD COLUMN unique_id TEXT NOT NULL DEFAULT '';
    ALTER TABLE nodes ADD COLUMN thread TEXT NOT NULL DEFAULT '';
    ALTER TABLE tests ADD COLUMN thread TEXT NOT NULL DEFAULT '';
    """,
    "ALTER TABLE tests ADD COLUMN found TEXT",
    """
    CREATE TABLE hooks (
        run_id TEXT NOT NULL REFERENCES runs, hook TEXT NOT NULL, name TEXT NOT NULL, phase TEXT NOT NULL,
        status TEXT NOT NULL, finished_at REAL NOT NULL, seconds REAL NOT NULL,
        skipped_because TEXT NOT NULL DEFAULT '', failure TEXT,
        PRIMARY KEY (run_id, hook)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE catalogs (
        run_id TEXT NOT NULL REFERENCES runs, position INTEGER NOT NULL, catalog TEXT NOT NULL, tables TEXT NOT NULL,
        atomic INTEGER NOT NULL, status TEXT NOT NULL,
        PRIMARY KEY (run_id, position)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE maintenance (
        run_id TEXT NOT NULL REFERENCES runs, table_name TEXT NOT NULL, asset TEXT NOT NULL, seconds REAL NOT NULL,
        files_compacted INTEGER NOT NULL, files_written INTEGER NOT NULL, manifests_rewritten INTEGER NOT NULL,
        snapshots_expired INTEGER NOT NULL, files_deleted INTEGER NOT NULL, orphans_deleted INTEGER NOT NULL,
        bytes_before INTEGER NOT NULL, bytes_after INTEGER NOT NULL, finished_at REAL NOT NULL, failure TEXT,
        PRIMARY KEY (run_id, table_name)
    ) WITHOUT ROWID
    """,
    "ALTER TABLE runs ADD COLUMN branch TEXT NOT NULL DEFAULT 'main'",
)
"""`_MIGRATIONS[n]` takes a journal of version n to version n + 1."""

_INSERT_RUN = """INSERT INTO runs
    (run_id, environment, command, project, digest, branch, host, pid, threads, started_at, status, plan)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""

_NOT_WRITABLE = "FLOE-0622"


def journal_path(project_directory: Path) -> Path:
    """The journal of a project."""
    return project_directory / ".floe" / "state.db"


def read_journal(project_directory: Path) -> Journal | None:
    """The journal, for reading; None when nothing has run in this project yet.

    Raises:
        EnvironmentFaultError: as every method of `Journal`.
    """
    path = journal_path(project_directory)
    if not path.exists():
        return None
    try:
        return Journal(path)
    except EnvironmentFaultError as error:
        if error.code != _NOT_WRITABLE:
            raise
        # On a full or read-only disk SQLite cannot make the files that let readers and writers share a journal.
        return Journal(path, immutable=True)


class Journal:
    """An open journal. One thread at a time.

    Raises (every method):
        EnvironmentFaultError: `state.db` is damaged, of a newer Floe, or cannot be written.
    """

    def __init__(self, path: Path, *, immutable: bool = False) -> None:
        """Open the file, made where it is missing; `immutable` reads it without writing anything beside it."""
        self._path = path
        address = f"{path.absolute().as_uri()}{'?immutable=1' if immutable else ''}"
        with _explained(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(
                address, timeout=30, isolation_level=None, check_same_thread=False, uri=True
            )
            self._connection.row_factory = sqlite3.Row
        try:
            with _explained(path):
                self._connection.execute("PRAGMA synchronous = NORMAL")
                self._migrate()
        except EnvironmentFaultError:
            self._connection.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def start_run(self, event: RunStarted) -> None:
        """Write the run's row, before any work: whatever happens later, the run is known."""
        what = (event.run_id, event.environment, event.command, event.project, event.digest, event.branch)
        who = (event.host, event.pid, event.threads, event.at, RunStatus.RUNNING, _plan(event))
        self.write([(_INSERT_RUN, (*what, *who))])

    def write(self, statements: Sequence[tuple[str, tuple[Any, ...]]]) -> None:
        """Execute statements in one transaction."""
        with _explained(self._path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                for sql, parameters in statements:
                    self._connection.execute(sql, parameters)
                self._connection.execute("COMMIT")
            except sqlite3.Error:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def running(self, environment: str) -> list[dict[str, Any]]:
        """Rows of runs that began in `environment` and never wrote an end, oldest first."""
        sql = "SELECT * FROM runs WHERE environment = ? AND status = ? ORDER BY run_id"
        return self._rows(sql, (environment, RunStatus.RUNNING))

    def mark_interrupted(self, run_id: str, note: str, published: Collection[str] = ()) -> None:
        """Record that a run died, and which catalogs had its tables by then."""
        died = "UPDATE runs SET status = ?, finished_at = ?, note = ? WHERE run_id = ?"
        became = "UPDATE catalogs SET status = ? WHERE run_id = ? AND catalog = ?"
        statements: list[tuple[str, tuple[Any, ...]]] = [(died, (RunStatus.INTERRUPTED, time.time(), note, run_id))]
        for part in self.catalogs_of(run_id):
            status = "published" if part["catalog"] in published else "unchanged"
            statements.append((became, (status, run_id, part["catalog"])))
        self.write(statements)

    def runs(self, limit: int = 20) -> list[dict[str, Any]]:
        """The latest runs, newest first, with counts of nodes and tests by status."""
        rows = self._rows("SELECT * FROM runs ORDER BY run_id DESC LIMIT ?", (limit,))
        for row in rows:
            row["nodes"] = self._counts("nodes", row["run_id"])
            row["tests"] = self._counts("tests", row["run_id"])
        return rows

    def run(self, run_id: str) -> dict[str, Any] | None:
        """One run with its `hooks`, `nodes`, `tests`, `publishes`, `catalogs` and `maintenance`.

        None when there is none. `run_id` may be shortened.
        """
        matching = self._rows("SELECT * FROM runs WHERE run_id LIKE ? || '%' ORDER BY run_id DESC LIMIT 1", (run_id,))
        if not matching:
            return None
        found = matching[0]
        for table in ("hooks", "nodes", "tests", "publishes", "maintenance"):
            found[table] = self._rows(f"SELECT * FROM {table} WHERE run_id = ?", (found["run_id"],))
        found["catalogs"] = self.catalogs_of(found["run_id"])
        return found

    def catalogs_of(self, run_id: str) -> list[dict[str, Any]]:
        """The catalogs that a run's publish changes, in the order of their commits, each with its `tables`."""
        rows = self._rows("SELECT * FROM catalogs WHERE run_id = ? ORDER BY position", (run_id,))
        return [{**row, "tables": json.loads(row["tables"]), "atomic": bool(row["atomic"])} for row in rows]

    def statuses(self) -> dict[str, str]:
        """Run id -> status, of every run of every environment."""
        return {row["run_id"]: row["status"] for row in self._rows("SELECT run_id, status FROM runs", ())}

    def last_run(self, environment: str, branch: str = MAIN) -> dict[str, Any] | None:
        """The latest run or test of an environment on a branch, as `run` gives it; None when nothing has run there."""
        sql = """SELECT run_id FROM runs WHERE environment = ? AND branch = ? AND command IN ('run', 'test')
                 ORDER BY run_id DESC LIMIT 1"""
        found = self._rows(sql, (environment, branch))
        return self.run(found[0]["run_id"]) if found else None

    def last_ended(self, environment: str) -> str | None:
        """Id of the latest run or test of an environment on main that is over; None when there is none."""
        sql = """SELECT run_id FROM runs WHERE environment = ? AND branch = ? AND status <> ?
                 AND command IN ('run', 'test') ORDER BY run_id DESC LIMIT 1"""
        found = self._rows(sql, (environment, MAIN, RunStatus.RUNNING))
        return str(found[0]["run_id"]) if found else None

    def published_before(self, run: dict[str, Any]) -> frozenset[str]:
        """Keys of the assets that earlier runs of a run's environment and branch published."""
        sql = """SELECT DISTINCT p.asset FROM publishes p JOIN runs r USING (run_id)
                 WHERE r.environment = ? AND r.branch = ? AND p.run_id < ?"""
        found = self._rows(sql, (run["environment"], run["branch"], run["run_id"]))
        return frozenset(row["asset"] for row in found)

    def last_status(self, environment: str, branch: str = MAIN) -> dict[str, dict[str, Any]]:
        """Asset key -> its row of `nodes` in the branch's last run with it, and that run's `run_status`."""
        # Steps through the index from asset to asset, so that it costs no more after a thousand runs than after one.
        sql = """WITH RECURSIVE assets (asset) AS (
                     SELECT min(asset) FROM nodes
                     UNION ALL
                     SELECT (SELECT min(n.asset) FROM nodes n WHERE n.asset > a.asset) FROM assets a
                     WHERE a.asset IS NOT NULL
                 )
                 SELECT n.*, r.status AS run_status FROM assets a
                 JOIN nodes n ON n.asset = a.asset AND n.run_id = (
                     SELECT l.run_id FROM nodes l JOIN runs USING (run_id)
                     WHERE l.asset = a.asset AND environment = ? AND branch = ? ORDER BY l.run_id DESC LIMIT 1
                 )
                 JOIN runs r USING (run_id) ORDER BY n.asset"""
        return {row["asset"]: row for row in self._rows(sql, (environment, branch))}

    def asset_history(self, asset: str, limit: int = 20) -> list[dict[str, Any]]:
        """Rows of `nodes` of one asset with the run's status, newest first."""
        sql = """SELECT n.*, r.status AS run_status, r.started_at AS run_started_at FROM nodes n
                 JOIN runs r USING (run_id) WHERE n.asset = ? ORDER BY n.run_id DESC LIMIT ?"""
        return self._rows(sql, (asset, limit))

    def retire_branch(self, environment: str, branch: str) -> None:
        """Let runs on a branch that is gone be no runs of a later branch of its name."""
        sql = "UPDATE runs SET branch = branch || ' (gone)' WHERE environment = ? AND branch = ?"
        self.write([(sql, (environment, branch))])

    def _counts(self, table: str, run_id: str) -> dict[str, int]:
        sql = f"SELECT status, count(*) AS n FROM {table} WHERE run_id = ? GROUP BY status ORDER BY status"
        return {row["status"]: row["n"] for row in self._rows(sql, (run_id,))}

    def _rows(self, sql: str, parameters: tuple[Any, ...]) -> list[dict[str, Any]]:
        with _explained(self._path):
            return [dict(row) for row in self._connection.execute(sql, parameters)]

    def _migrate(self) -> None:
        version = self._version()
        if version == SCHEMA_VERSION:
            return
        if version > SCHEMA_VERSION:
            reason = f"`{self._path.name}` has version {version}, this Floe reads version {SCHEMA_VERSION}"
            raise EnvironmentFaultError("FLOE-0621", reason, "use the newer Floe that wrote it, or move the file away")
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("BEGIN IMMEDIATE")
        for number in range(self._version(), SCHEMA_VERSION):  # another process may have been faster
            for statement in filter(str.strip, _MIGRATIONS[number].split(";")):
                self._connection.execute(statement)
            self._connection.execute(f"PRAGMA user_version = {number + 1}")
        self._connection.execute("COMMIT")

    def _version(self) -> int:
        return int(self._connection.execute("PRAGMA user_version").fetchone()[0])


def _plan(event: RunStarted) -> str:
    """What the run is to do and with which options, for those who want to do it again."""
    given = ("full_refresh", "variables", "target", "profiles_dir", "profile", "event_times")
    names = ("assets", "tests", *given, "fused_tests", "deferred_to", "favors_state", "warehouse", "tables")
    return json.dumps({name: getattr(event, name) for name in names})


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turn SQLite's and the system's errors into Floe's."""
    try:
        yield
    except (sqlite3.OperationalError, OSError) as error:
        reason = f"the journal `{path.parent.name}/{path.name}` cannot be read or written: {error}"
        instruction = "make the project folder writable, and check that its disk has room"
        raise EnvironmentFaultError(_NOT_WRITABLE, reason, instruction) from error
    except sqlite3.DatabaseError as error:
        reason = f"`{path.parent.name}/{path.name}` is damaged or no journal of Floe: {error}"
        raise EnvironmentFaultError("FLOE-0620", reason, "move the file away: tables do not depend on it") from error
