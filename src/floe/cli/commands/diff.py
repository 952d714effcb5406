"""`floe diff`: what is different between two snapshots of a table, or between a branch and main."""

from __future__ import annotations

from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from floe.cli.application import Application, pass_application
from floe.cli.completion import complete_branches, complete_points, complete_tables
from floe.cli.options import FloeCommand
from floe.errors import EXIT_OK, EXIT_PIPELINE_FAILED, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from floe.artifact.models import CompiledArtifacts
    from floe.cli.differences import Compared
    from floe.lake.base import Catalog, TableState


@click.command(
    cls=FloeCommand,
    examples=(
        "floe diff gold.orders",
        "floe diff gold.orders 2026-01-01..2026-02-01",
        "floe diff orders before_the_sale.. --key order_id",
        "floe diff orders 20260131T120000123^..20260131T120000123",
        "floe diff --branch new_prices --exit-code",
        "floe diff orders --branch new_prices --json",
    ),
)
@click.argument("table", required=False, shell_complete=complete_tables)
@click.argument("points", required=False, metavar="[A..B]", shell_complete=complete_points)
@click.option("--branch", metavar="NAME", shell_complete=complete_branches, help="What promoting it would change.")
@click.option(
    "--key",
    "keys",
    multiple=True,
    metavar="COLUMNS",
    help="Columns that tell which rows are the same one, e.g. `id,day`.",
)
@click.option(
    "--limit", default=5, show_default=True, metavar="N", type=click.IntRange(min=0), help="Sample rows of each kind."
)
@click.option("--exit-code", is_flag=True, help="Exit with 1 where there are differences.")
@pass_application
def command(
    application: Application,
    table: str | None,
    points: str | None,
    branch: str | None,
    keys: Sequence[str],
    limit: int,
    exit_code: bool,
) -> int:
    """Compare two snapshots of TABLE: columns, and rows that were added, removed or changed.

    A and B are snapshots, ISO 8601 times, tags, branches or runs; `^` means the snapshot before. Without them, the
    current snapshot is compared with the one before. Rows are the same one where their key is: `--key`, else the
    model's `unique_key`, else the columns of its `unique` test. Files that both snapshots have are not read.
    """
    from floe.cli.differences import document_of, show
    from floe.cli.project import published_catalogs

    if (table is None and branch is None) or (branch is not None and points is not None):
        way_out = "write `floe diff TABLE A..B`, `floe diff --branch NAME` or `floe diff TABLE --branch NAME`"
        raise UsageError("FLOE-0764", "name a table, or a branch without A..B", way_out)
    artifacts, catalogs = published_catalogs(application)
    wanted = (
        _of_branch(artifacts, catalogs, branch, table) if branch else [_of_table(artifacts, catalogs, table, points)]
    )
    found = _compare(application, artifacts, catalogs, wanted, keys, limit)
    application.printer.shows_rows = True
    application.printer.result(document_of(found, branch), lambda: show(application.printer, found, branch))
    differ = any(not item.difference.is_empty for item in found)
    return EXIT_PIPELINE_FAILED if exit_code and differ else EXIT_OK


Wanted = tuple["TableState", int | None, int | None]


def _of_table(
    artifacts: CompiledArtifacts, catalogs: Mapping[str, Catalog], table: str | None, points: str | None
) -> Wanted:
    from floe.cli.naming import find_table
    from floe.lake.history.points import snapshot_at

    state = find_table(artifacts, catalogs, table or "", any_branch=points is not None)
    if points is None:
        return state, snapshot_at(state, "main^"), state.snapshot_id
    before, _, after = points.partition("..")
    return state, snapshot_at(state, before or "main"), snapshot_at(state, after or "main")


def _of_branch(
    artifacts: CompiledArtifacts, catalogs: Mapping[str, Catalog], branch: str, table: str | None
) -> list[Wanted]:
    from floe.cli.naming import find_table
    from floe.lake.history.promotion import branch_named

    tables = [item for item in branch_named(catalogs, branch) if item.is_ahead]
    if table is not None:
        name = find_table(artifacts, catalogs, table, any_branch=True).name
        tables = [item for item in tables if item.state.name == name]
    return [(item.state, item.state.snapshot_id, item.head) for item in tables]


def _compare(
    application: Application,
    artifacts: CompiledArtifacts,
    catalogs: Mapping[str, Catalog],
    wanted: Sequence[Wanted],
    keys: Sequence[str],
    limit: int,
) -> list[Compared]:
    from floe.cli.differences import Compared, key_of
    from floe.cli.heeding import heeding_interrupts
    from floe.engines.duckdb.reader import open_reader

    given = tuple(name.strip() for key in keys for name in key.split(","))
    found = []
    with closing(open_reader(artifacts, application.directory.resolve(), catalogs)) as reader:
        for state, before, after in wanted:
            columns = given or key_of(artifacts, state)
            difference = heeding_interrupts(
                reader, partial(reader.difference, state.name, (before, after), columns, limit)
            )
            if given and not difference.key:
                raise _no_such_key(state, given)
            found.append(Compared(state, before, after, difference))
    return found


def _no_such_key(state: TableState, key: Sequence[str]) -> UsageError:
    columns: list[Mapping[str, Any]] = state.metadata["schemas"][-1]["fields"]
    names = ", ".join(f"`{column['name']}`" for column in columns)
    text = ", ".join(key)
    return UsageError("FLOE-0764", f"both snapshots of `{state.name}` must have the key `{text}`", f"it has {names}")
