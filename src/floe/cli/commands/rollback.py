"""`floe rollback`: take back what a run published, or bring one table to an earlier snapshot."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from floe.cli.application import Application, pass_application
from floe.cli.completion import complete_points, complete_runs, complete_tables
from floe.cli.options import FloeCommand, wait_option
from floe.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from floe.artifact.models import CompiledArtifacts
    from floe.lake.base import Catalog
    from floe.lake.history.rollback import Rollback, Step


@click.command(
    cls=FloeCommand,
    examples=(
        "floe rollback --run last",
        "floe rollback --run 20260131T120000123",
        "floe rollback gold.orders",
        "floe rollback gold.orders --to 2026-01-31T12:00:00",
        "floe rollback gold.orders --to before_the_sale",
    ),
)
@click.argument("table", required=False, shell_complete=complete_tables)
@click.option(
    "--to",
    metavar="WHEN",
    shell_complete=complete_points,
    show_default="the snapshot before the current one",
    help="A snapshot, ISO 8601 time, tag or run.",
)
@click.option("--run", "run_id", metavar="RUN", shell_complete=complete_runs, help="All tables of this run; `last`.")
@wait_option
@pass_application
def command(application: Application, table: str | None, to: str | None, run_id: str | None, wait: float) -> None:
    """Bring main of TABLE, or of all tables that a run published, back to an earlier snapshot.

    With `--run`, every table goes to where it was before the run, in one commit, or none does: not where a later run
    has published one of them. Tables that the run made are not published any more. Nothing is deleted: rolling back the
    rollback's own run undoes it.
    """
    from floe.cli.moving import carry_out
    from floe.cli.project import published_catalogs
    from floe.runtime.moving import MoveRequest

    if (table is None) == (run_id is None):
        raise UsageError("FLOE-0759", "name either one table, or a run with `--run`", "`floe history` lists the runs")
    if run_id is not None and to is not None:
        raise UsageError("FLOE-0759", "`--to` belongs to a table, not to a run", "leave one of them out")
    artifacts, _ = published_catalogs(application)
    planned: list[Rollback] = []

    def plan(catalogs: Mapping[str, Catalog]) -> tuple[Step, ...]:
        planned[:] = [_plan(artifacts, catalogs, table, to, run_id)]
        return planned[0].steps

    request = MoveRequest(
        project_directory=application.directory.resolve(),
        artifacts=artifacts,
        operation="rollback",
        plan=plan,
        wait_seconds=wait,
    )
    carry_out(application, request, "rolled back", lambda: planned[0].left)


def _plan(
    artifacts: CompiledArtifacts, catalogs: Mapping[str, Catalog], table: str | None, to: str | None, run_id: str | None
) -> Rollback:
    from floe.cli.naming import catalog_of, find_table
    from floe.lake.history.rollback import plan_run, plan_table

    if run_id is not None:
        return plan_run(catalogs, run_id)
    state = find_table(artifacts, catalogs, table or "", any_branch=to is not None)
    return plan_table(catalog_of(catalogs, state), state, to)
