"""`floe promote`: what was built on a branch becomes what everybody reads."""

from __future__ import annotations

from functools import partial

import click

from floe.cli.application import Application, pass_application
from floe.cli.completion import complete_branches
from floe.cli.options import FloeCommand, wait_option


@click.command(cls=FloeCommand, examples=("floe promote new_prices", "floe promote new_prices --keep"))
@click.argument("branch", shell_complete=complete_branches)
@click.option("--keep", is_flag=True, help="Keep the branch.")
@wait_option
@pass_application
def command(application: Application, branch: str, keep: bool, wait: float) -> None:
    """Bring main of all tables that BRANCH has published to the branch, in one commit, and drop the branch.

    Nothing is built or copied. It is refused where main of one of the tables has moved on since the branch began.
    """
    from floe.cli.moving import carry_out
    from floe.cli.project import published_catalogs
    from floe.lake.history.promotion import plan_promotion
    from floe.runtime.moving import MoveRequest

    artifacts, _ = published_catalogs(application)
    request = MoveRequest(
        project_directory=application.directory.resolve(),
        artifacts=artifacts,
        operation="promote",
        plan=partial(plan_promotion, name=branch, keep=keep),
        wait_seconds=wait,
        ends_branch="" if keep else branch,
    )
    carry_out(application, request, f"promoted branch `{branch}`:")
