"""The observer that writes a run's events to the journal."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from floe.runtime.events import (
    HookFinished,
    NodeFinished,
    PublishFinished,
    PublishStarted,
    PublishStep,
    RunFinished,
    RunStatus,
    TableMaintained,
    TablePublished,
    TestFinished,
)

if TYPE_CHECKING:
    from floe.runtime.events import Event, Failure
    from floe.runtime.journal import Journal

_BATCH_SECONDS = 0.25
_INSERT_NODE = """INSERT OR REPLACE INTO nodes
    (run_id, asset, kind, materialization, status, finished_at, seconds, rows, bytes, skipped_because, failure,
     unique_id, thread) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
_INSERT_TEST = """INSERT OR REPLACE INTO tests
    (run_id, test, name, asset, status, finished_at, seconds, failures, skipped_because, failure, thread,
     found) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
_INSERT_HOOK = """INSERT OR REPLACE INTO hooks
    (run_id, hook, name, phase, status, finished_at, seconds, skipped_because, failure)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"""
_INSERT_PUBLISH = """INSERT OR REPLACE INTO publishes
    (run_id, asset, table_name, snapshot_id, operation, rows_added, rows_removed, rows_total, files_added,
     bytes_added, published_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
_INSERT_CATALOG = """INSERT OR REPLACE INTO catalogs
    (run_id, position, catalog, tables, atomic, status) VALUES (?, ?, ?, ?, ?, ?)"""
_INSERT_MAINTENANCE = """INSERT OR REPLACE INTO maintenance
    (run_id, table_name, asset, seconds, files_compacted, files_written, manifests_rewritten, snapshots_expired,
     files_deleted, orphans_deleted, bytes_before, bytes_after, finished_at, failure)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
_UPDATE_PUBLISHED = """UPDATE runs
    SET tables_published = tables_published + ?, failure = coalesce(failure, ?) WHERE run_id = ?"""


class JournalObserver:
    """Writes a run's events to the journal, many in one transaction, and closes the journal at the end."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._pending: list[tuple[str, tuple[Any, ...]]] = []
        self._written_at = time.monotonic()

    def on_event(self, event: Event) -> None:
        """Queue what the event says; write when a batch is due or the event is a milestone."""
        self._pending += _statements(event)
        milestone = isinstance(event, PublishStarted | PublishStep | PublishFinished | RunFinished)
        if milestone or time.monotonic() - self._written_at > _BATCH_SECONDS:
            self._flush()

    def close(self) -> None:
        """Write the rest."""
        try:
            self._flush()
        finally:
            self._journal.close()

    def _flush(self) -> None:
        if self._pending:
            statements, self._pending = self._pending, []
            self._journal.write(statements)
        self._written_at = time.monotonic()


def _statements(event: Event) -> list[tuple[str, tuple[Any, ...]]]:
    match event:
        case NodeFinished() | TestFinished() | HookFinished() | TablePublished() | TableMaintained():
            return [_inserted(event)]
        case PublishStarted():
            return _catalog_rows(event)
        case PublishFinished():
            counted = (_UPDATE_PUBLISHED, (event.published, _as_json(event.failure), event.run_id))
            return [counted, *_catalog_rows(event)]
        case RunFinished(status=RunStatus.INTERRUPTED):
            return []  # the row goes on saying RUNNING, so that the next command finds out what became of the run
        case RunFinished():
            sql = "UPDATE runs SET status = ?, finished_at = ?, failure = coalesce(failure, ?) WHERE run_id = ?"
            return [(sql, (event.status, event.at, _as_json(event.failure), event.run_id))]
    return []


def _inserted(
    event: NodeFinished | TestFinished | HookFinished | TablePublished | TableMaintained,
) -> tuple[str, tuple[Any, ...]]:
    match event:
        case NodeFinished():
            return _INSERT_NODE, _node_row(event)
        case TestFinished():
            return _INSERT_TEST, _test_row(event)
        case HookFinished():
            return _INSERT_HOOK, _hook_row(event)
        case TablePublished():
            return _INSERT_PUBLISH, _publish_row(event)
        case TableMaintained():
            return _INSERT_MAINTENANCE, _maintenance_row(event)


def _node_row(event: NodeFinished) -> tuple[Any, ...]:
    who = (event.run_id, event.asset, event.kind, event.materialization, event.status, event.at, event.seconds)
    how = (event.rows, event.bytes, event.skipped_because, _as_json(event.failure))
    return (*who, *how, event.unique_id, event.thread)


def _test_row(event: TestFinished) -> tuple[Any, ...]:
    who = (event.run_id, event.test, event.name, event.asset, event.status, event.at, event.seconds)
    why = (event.failures, event.skipped_because, _as_json(event.failure))
    return (*who, *why, event.thread, _found(event))


def _found(event: TestFinished) -> str | None:
    """How the rows of a unit test differ, as JSON. Rows that data tests find are the user's data, and stay out."""
    if not event.sample or not event.test.startswith("unit_test."):
        return None
    return json.dumps({"columns": event.columns, "rows": event.sample})


def _hook_row(event: HookFinished) -> tuple[Any, ...]:
    who = (event.run_id, event.hook, event.name, event.phase, event.status, event.at, event.seconds)
    return (*who, event.skipped_because, _as_json(event.failure))


def _publish_row(event: TablePublished) -> tuple[Any, ...]:
    who = (event.run_id, event.asset, event.table, event.snapshot_id, event.operation)
    rows = (event.rows_added, event.rows_removed, event.rows_total)
    return (*who, *rows, event.files_added, event.bytes_added, event.at)


def _catalog_rows(event: PublishStarted | PublishFinished) -> list[tuple[str, tuple[Any, ...]]]:
    return [
        (_INSERT_CATALOG, (event.run_id, number, part.catalog, json.dumps(part.tables), part.atomic, part.status))
        for number, part in enumerate(event.parts)
    ]


def _maintenance_row(event: TableMaintained) -> tuple[Any, ...]:
    who = (event.run_id, event.table, event.asset, event.seconds)
    work = (event.files_compacted, event.files_written, event.manifests_rewritten, event.snapshots_expired)
    files = (event.files_deleted, event.orphans_deleted, event.bytes_before, event.bytes_after)
    return (*who, *work, *files, event.at, _as_json(event.failure))


def _as_json(failure: Failure | None) -> str | None:
    return json.dumps(asdict(failure)) if failure else None
