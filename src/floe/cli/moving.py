"""What `floe rollback` and `floe promote` share: carry it out, and say what came of it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from floe.cli.table import Exact
from floe.cli.wording import short_run
from floe.observe.wording import count

if TYPE_CHECKING:
    from collections.abc import Callable

    from floe.cli.application import Application
    from floe.runtime.events import TablePublished
    from floe.runtime.moving import Moved, MoveRequest


def carry_out(
    application: Application, request: MoveRequest, verb: str, untouched: Callable[[], tuple[str, ...]] = tuple
) -> None:
    """Move the tables; with `--json`, the result is a document.

    Raises:
        FloeError: nothing was done, or not all of it; the message says which.
    """
    from floe.runtime.moving import move

    moved = move(request)
    left = untouched()
    for sentence in moved.recovered:
        application.printer.warn(sentence)
    document = {
        "status": "SUCCEEDED",
        "operation": request.operation,
        "run_id": moved.run_id,
        "tables": [_fields(table) for table in moved.tables],
        "left": list(left),
    }
    application.printer.result(
        document, partial(_show, application, moved, verb, left, len(request.artifacts.catalogs))
    )


def _show(application: Application, moved: Moved, verb: str, left: tuple[str, ...], catalogs: int) -> None:
    printer = application.printer
    rows = [(table.table, Exact(table.snapshot_id or "none"), table.rows_total) for table in moved.tables]
    printer.table(("table", "snapshot", "rows"), rows)
    for sentence in left:
        printer.say(sentence)
    where = "" if catalogs == 1 else " for each catalog"
    said = f"{verb} {count(len(moved.tables), 'table')} in one commit{where}, as run {short_run(moved.run_id)}"
    printer.say(f"{printer.palette.green('ok')}: {said}")
    if any(table.snapshot_id == 0 for table in moved.tables):
        printer.say("tables without a snapshot are not published any more; their files stay until maintenance")


def _fields(table: TablePublished) -> dict[str, Any]:
    return {
        "asset": table.asset,
        "table": table.table,
        "snapshot_id": table.snapshot_id or None,
        "rows_total": table.rows_total,
    }
