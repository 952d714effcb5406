"""`floe history`: what happened to a table, or to all of them, run by run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from floe.cli.application import Application, pass_application
from floe.cli.completion import complete_tables
from floe.cli.options import FloeCommand
from floe.cli.project import published_catalogs
from floe.cli.table import Exact
from floe.cli.wording import short_run

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from floe.cli.printer import Printer
    from floe.lake.history.log import Entry, Publish
    from floe.lake.read import TableSnapshot

_WIDE = 100


@click.command(
    cls=FloeCommand,
    examples=(
        "floe history",
        "floe history gold.orders",
        "floe history orders --limit 5 --json",
    ),
)
@click.argument("table", required=False, shell_complete=complete_tables)
@click.option(
    "--limit", default=20, show_default=True, metavar="N", type=click.IntRange(min=1), help="How many of the latest."
)
@pass_application
def command(application: Application, table: str | None, limit: int) -> None:
    """List the snapshots of a published TABLE, the latest first, with the run that made each.

    Rollbacks and promotions are listed, too. Without TABLE: what each run published, over all tables.
    """
    if table is None:
        _list_publishes(application, limit)
        return
    from floe.cli.naming import find_table
    from floe.lake.history.log import table_log

    artifacts, catalogs = published_catalogs(application)
    state = find_table(artifacts, catalogs, table, any_branch=True)
    log = table_log(state)
    shown = log[:limit]
    document = {
        "table": str(state.name),
        "snapshots": [_snapshot_fields(entry, entry.snapshot) for entry in shown if _is_made(entry) and entry.snapshot],
        "moves": [_move_fields(entry) for entry in shown if entry.is_move],
    }
    application.printer.result(document, lambda: _show(application.printer, shown, len(log)))


def _is_made(entry: Entry) -> bool:
    return not entry.is_move


def _show(printer: Printer, shown: Sequence[Entry], total: int) -> None:
    columns = ("snapshot", "committed", "added", "removed", "total", "run", "refs", "operation", "files")
    printer.table(columns, [_row(entry, printer) for entry in shown])
    if len(shown) < total:
        printer.say(f"{len(shown)} of {total:,} snapshots; more with `--limit`")


def _row(entry: Entry, printer: Printer) -> tuple[object, ...]:
    snapshot = entry.snapshot
    made = snapshot if _is_made(entry) else None
    return (
        Exact(snapshot.snapshot_id if snapshot else "none"),
        Exact(_moment(entry.at, printer)),
        made.rows_added if made else "",
        made.rows_removed if made else "",
        snapshot.rows_total if snapshot else 0,
        Exact(short_run(entry.run_id)),
        _refs(entry),
        _operation(entry),
        f"+{made.files_added} -{made.files_removed}" if made else "",
    )


def _moment(moment: datetime, printer: Printer) -> str:
    """Local time; without seconds where there is little room."""
    is_wide = printer.out_width is None or printer.out_width >= _WIDE
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S" if is_wide else "%Y-%m-%d %H:%M")


def _refs(entry: Entry) -> str:
    if entry.names or entry.is_move or entry.is_live:
        return ", ".join(entry.names)
    return "(rolled back)" if entry.branch == "main" else f"({entry.branch})"


def _operation(entry: Entry) -> str:
    return f"promote {entry.branch}" if entry.operation == "promote" else entry.operation


def _snapshot_fields(entry: Entry, snapshot: TableSnapshot) -> dict[str, Any]:
    return {
        "snapshot_id": snapshot.snapshot_id,
        "parent_id": snapshot.parent_id,
        "committed_at": snapshot.committed_at.isoformat(timespec="milliseconds"),
        "operation": snapshot.operation,
        "rows_added": snapshot.rows_added,
        "rows_removed": snapshot.rows_removed,
        "rows_total": snapshot.rows_total,
        "files_added": snapshot.files_added,
        "files_removed": snapshot.files_removed,
        "files_total": snapshot.files_total,
        "bytes_total": snapshot.bytes_total,
        "run_id": snapshot.run_id,
        "digest": snapshot.digest,
        "branch": entry.branch,
        "refs": list(entry.names),
        "in_main": entry.is_live,
    }


def _move_fields(entry: Entry) -> dict[str, Any]:
    return {
        "operation": entry.operation,
        "moved_at": entry.at.isoformat(timespec="milliseconds"),
        "snapshot_id": entry.snapshot.snapshot_id if entry.snapshot else None,
        "run_id": entry.run_id,
        "branch": entry.branch if entry.operation == "promote" else None,
    }


def _list_publishes(application: Application, limit: int) -> None:
    from floe.lake.history.log import publishes

    _, catalogs = published_catalogs(application)
    found = publishes(catalogs)
    shown = found[:limit]
    document = {"publishes": [_publish_fields(publish) for publish in shown]}
    application.printer.result(document, lambda: _show_publishes(application.printer, shown, len(found)))


def _show_publishes(printer: Printer, shown: Sequence[Publish], total: int) -> None:
    if not shown:
        printer.say("nothing was published yet: run `floe run`")
        return
    columns = ("run", "committed", "operation", "tables", "added", "removed", "branch", "tags")
    printer.table(columns, [_publish_row(publish, printer) for publish in shown])
    if len(shown) < total:
        printer.say(f"{len(shown)} of {total:,} publishes; more with `--limit`")


def _publish_row(publish: Publish, printer: Printer) -> tuple[object, ...]:
    return (
        Exact(short_run(publish.run_id)),
        Exact(_moment(publish.at, printer)),
        publish.operation,
        len(publish.tables),
        publish.rows_added,
        publish.rows_removed,
        publish.branch,
        ", ".join(publish.names),
    )


def _publish_fields(publish: Publish) -> dict[str, Any]:
    return {
        "run_id": publish.run_id or None,
        "committed_at": publish.at.isoformat(timespec="milliseconds"),
        "operation": publish.operation,
        "branch": publish.branch,
        "tables": [str(name) for name in publish.tables],
        "rows_added": publish.rows_added,
        "rows_removed": publish.rows_removed,
        "tags": list(publish.names),
    }
