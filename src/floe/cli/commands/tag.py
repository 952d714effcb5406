"""`floe tag`: names for snapshots."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from floe.cli.application import Application, pass_application
from floe.cli.completion import complete_runs, complete_tables, complete_tags
from floe.cli.options import FloeCommand, wait_option
from floe.errors import UsageError
from floe.observe.wording import count

if TYPE_CHECKING:
    from collections.abc import Mapping

    from floe.lake.base import Catalog
    from floe.lake.history.tags import Tagged


@click.command(
    cls=FloeCommand,
    examples=(
        "floe tag",
        "floe tag v1.0",
        "floe tag before_the_sale gold.orders gold.customers",
        "floe tag year_end --run 20260131T120000123",
        "floe tag v1.0 --delete",
    ),
)
@click.argument("name", required=False, shell_complete=complete_tags)
@click.argument("tables", nargs=-1, metavar="[TABLE]...", shell_complete=complete_tables)
@click.option("--run", "run_id", metavar="RUN", shell_complete=complete_runs, help="What this run published.")
@click.option("--delete", is_flag=True, help="Remove the tag from all tables.")
@wait_option
@pass_application
def command(
    application: Application, name: str | None, tables: tuple[str, ...], run_id: str | None, delete: bool, wait: float
) -> None:
    """List the tags of the tables; with NAME, give it to the current snapshots of TABLEs, of all tables without one.

    A tagged snapshot stays readable (`floe show TABLE --at NAME`) and is not expired. A tag is never moved.
    """
    if run_id is not None and tables:
        raise UsageError("FLOE-0761", "`--run` and tables exclude each other", "leave one of them out")
    if name is None and (run_id is not None or delete):
        raise UsageError("FLOE-0761", "a tag needs a name", "write `floe tag NAME`")
    if name is None:
        _list(application)
    elif delete:
        _delete(application, name, tables, wait)
    else:
        _give(application, name, tables, run_id, wait)


def _list(application: Application) -> None:
    from floe.cli.project import published_catalogs
    from floe.lake.history.tags import tags

    _, catalogs = published_catalogs(application)
    found = tags(catalogs)
    fields = [
        {"tag": name, "tables": {str(item.table): item.snapshot_id for item in items}} for name, items in found.items()
    ]

    def show() -> None:
        if not found:
            application.printer.say("there are no tags: `floe tag NAME` makes one")
            return
        rows = [(name, len(items), ", ".join(str(item.table) for item in items)) for name, items in found.items()]
        application.printer.table(("tag", "tables", "which"), rows)

    application.printer.result({"tags": fields}, show)


def _give(application: Application, name: str, tables: tuple[str, ...], run_id: str | None, wait: float) -> None:
    from floe.cli.naming import find_table
    from floe.cli.project import published_catalogs
    from floe.lake.history.tags import give_tag, snapshots_of_run, snapshots_of_tables
    from floe.runtime.beginning import new_run_id, take_lease

    artifacts, catalogs = published_catalogs(application)

    def find(catalogs: Mapping[str, Catalog]) -> list[Tagged]:
        if run_id is not None:
            return snapshots_of_run(catalogs, run_id)
        wanted = {find_table(artifacts, catalogs, table).name for table in tables}
        return snapshots_of_tables(catalogs, wanted)

    with take_lease(artifacts, application.directory.resolve(), new_run_id(), wait):
        tagged = find(catalogs)
        give_tag(catalogs, name, tagged)
    _report(application, name, tagged, f"tagged {count(len(tagged), 'table')} as `{name}`")


def _delete(application: Application, name: str, tables: tuple[str, ...], wait: float) -> None:
    from floe.cli.naming import find_table
    from floe.cli.project import published_catalogs
    from floe.lake.history.tags import remove_tag
    from floe.runtime.beginning import new_run_id, take_lease

    artifacts, catalogs = published_catalogs(application)
    wanted = {find_table(artifacts, catalogs, table, any_branch=True).name for table in tables}
    with take_lease(artifacts, application.directory.resolve(), new_run_id(), wait):
        removed = remove_tag(catalogs, name, wanted)
    _report(application, name, removed, f"removed tag `{name}` from {count(len(removed), 'table')}")


def _snapshots(items: list[Tagged]) -> dict[str, int]:
    return {str(item.table): item.snapshot_id for item in items}


def _report(application: Application, name: str, items: list[Tagged], said: str) -> None:
    printer = application.printer
    document = {"status": "ok", "tag": name, "tables": _snapshots(items)}
    printer.result(document, lambda: printer.say(f"{printer.palette.green('ok')}: {said}"))
