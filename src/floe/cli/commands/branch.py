"""`floe branch`: the branches of the tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from floe.cli.application import Application, pass_application
from floe.cli.completion import complete_branches
from floe.cli.options import FloeCommand, wait_option
from floe.cli.table import Exact
from floe.cli.wording import short_run
from floe.errors import UsageError
from floe.observe.wording import count

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from floe.lake.history.promotion import TableBranch


@click.command(cls=FloeCommand, examples=("floe branch", "floe branch list --json", "floe branch drop new_prices"))
@click.argument("action", required=False, default="list", type=click.Choice(("list", "drop")))
@click.argument("name", required=False, shell_complete=complete_branches)
@wait_option
@pass_application
def command(application: Application, action: str, name: str | None, wait: float) -> None:
    """List the branches that tables have beside main, or drop the branch NAME from all of them.

    `floe run --branch NAME` makes a branch, `floe promote NAME` brings main to it.
    """
    if (action == "drop") != (name is not None):
        way_out = "write `floe branch drop NAME`, or `floe branch`"
        raise UsageError("FLOE-0760", "`drop` needs the name of a branch, `list` takes none", way_out)
    if name is not None:
        _drop(application, name, wait)
        return
    from floe.cli.project import published_catalogs
    from floe.lake.history.promotion import branches

    _, catalogs = published_catalogs(application)
    found = branches(catalogs)
    document = {"branches": [_fields(branch, tables) for branch, tables in found.items()]}
    application.printer.result(document, lambda: _show(application, found))


def _show(application: Application, found: Mapping[str, Sequence[TableBranch]]) -> None:
    if not found:
        application.printer.say("there are no branches: `floe run --branch NAME` makes one")
        return
    columns = ("branch", "tables", "ahead", "last run", "main")
    application.printer.table(columns, [_row(name, tables) for name, tables in found.items()])


def _row(name: str, tables: Sequence[TableBranch]) -> tuple[object, ...]:
    moved = [str(table.state.name) for table in tables if table.main_moved]
    return (
        name,
        len(tables),
        _ahead(tables),
        Exact(short_run(_last_run(tables))),
        f"moved: {', '.join(moved)}" if moved else "",
    )


def _ahead(tables: Sequence[TableBranch]) -> int:
    return sum(table.is_ahead for table in tables)


def _last_run(tables: Sequence[TableBranch]) -> str:
    return max(table.run_id for table in tables)


def _fields(name: str, tables: Sequence[TableBranch]) -> dict[str, Any]:
    return {
        "branch": name,
        "last_run_id": _last_run(tables) or None,
        "tables": [
            {
                "table": str(table.state.name),
                "snapshot_id": table.head,
                "main_snapshot_id": table.state.snapshot_id,
                "ahead": table.is_ahead,
                "main_moved": table.main_moved,
                "run_id": table.run_id or None,
            }
            for table in tables
        ],
    }


def _drop(application: Application, name: str, wait: float) -> None:
    from floe.cli.project import published_catalogs
    from floe.lake.history.promotion import drop_branch
    from floe.runtime.beginning import new_run_id, take_lease
    from floe.runtime.moving import forget_branch

    artifacts, catalogs = published_catalogs(application)
    directory = application.directory.resolve()
    with take_lease(artifacts, directory, new_run_id(), wait):
        tables = drop_branch(catalogs, name)
        forget_branch(directory, artifacts, name)
    document = {"status": "ok", "branch": name, "tables": [str(table.state.name) for table in tables]}
    said = f"dropped branch `{name}` from {count(len(tables), 'table')}"
    application.printer.result(
        document, lambda: application.printer.say(f"{application.printer.palette.green('ok')}: {said}")
    )
