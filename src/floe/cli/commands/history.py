"""`floe history`: the snapshots of a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from floe.cli.application import Application, pass_application
from floe.cli.options import FloeCommand
from floe.cli.table import Exact
from floe.cli.wording import short_run
from floe.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from floe.cli.printer import Printer
    from floe.lake.read import TableSnapshot


@click.command(
    cls=FloeCommand,
    examples=("floe history gold.orders", "floe history orders --limit 5", "floe history orders --json"),
)
@click.argument("table")
@click.option(
    "--limit", default=20, show_default=True, metavar="N", type=click.IntRange(min=1), help="How many of the latest."
)
@pass_application
def command(application: Application, table: str, limit: int) -> None:
    """List the snapshots of a published TABLE, the latest first, with the run that made each."""
    from floe.cli.naming import find_table
    from floe.cli.project import last_artifacts
    from floe.lake.open import open_catalogs
    from floe.lake.read import snapshots

    artifacts = last_artifacts(application)
    if artifacts.compute.is_warehouse:
        reason = f"`{artifacts.compute.type}` keeps the history of its tables itself; Floe publishes no snapshots there"
        raise UsageError("FLOE-0735", reason, "`floe runs` lists what was built when; the warehouse knows the rest")
    state = find_table(artifacts, open_catalogs(artifacts, application.directory), table)
    history = list(reversed(snapshots(state)))
    shown = history[:limit]
    document = {"table": str(state.name), "snapshots": [_fields(snapshot) for snapshot in shown]}
    application.printer.result(document, lambda: _show(application.printer, shown, len(history)))


def _show(printer: Printer, shown: Sequence[TableSnapshot], total: int) -> None:
    columns = ("snapshot", "committed", "added", "removed", "total", "run")
    printer.table(columns, [_row(snapshot) for snapshot in shown])
    if len(shown) < total:
        printer.say(f"{len(shown)} of {total:,} snapshots; more with `--limit`")


def _row(snapshot: TableSnapshot) -> tuple[object, ...]:
    return (
        Exact(snapshot.snapshot_id),
        Exact(snapshot.committed_at.astimezone().strftime("%Y-%m-%d %H:%M:%S")),
        snapshot.rows_added,
        snapshot.rows_removed,
        snapshot.rows_total,
        short_run(snapshot.run_id),
    )


def _fields(snapshot: TableSnapshot) -> dict[str, Any]:
    return {
        "snapshot_id": snapshot.snapshot_id,
        "parent_id": snapshot.parent_id,
        "committed_at": snapshot.committed_at.isoformat(timespec="milliseconds"),
        "operation": snapshot.operation,
        "rows_added": snapshot.rows_added,
        "rows_removed": snapshot.rows_removed,
        "rows_total": snapshot.rows_total,
        "files_total": snapshot.files_total,
        "bytes_total": snapshot.bytes_total,
        "run_id": snapshot.run_id,
        "digest": snapshot.digest,
    }
