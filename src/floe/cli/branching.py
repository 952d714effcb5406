"""Branches of tables on the command line: which one is meant, and where there can be none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from floe.errors import UsageError
from floe.lake.base import MAIN

if TYPE_CHECKING:
    from floe.artifact.models import CompiledArtifacts
    from floe.cli.application import Application
    from floe.runtime.request import RunRequest


def existing_branch(application: Application, artifacts: CompiledArtifacts) -> str:
    """The branch of `--branch`, or main.

    Raises:
        UsageError: no table has that branch, or the tables are a warehouse's.
        LakeError: a catalog cannot be read.
    """
    if application.branch == MAIN:
        return MAIN
    from floe.lake.history.promotion import branch_named
    from floe.lake.open import open_catalogs

    _refuse_warehouse(artifacts)
    branch_named(open_catalogs(artifacts, application.directory.resolve()), application.branch)
    return application.branch


def refuse_impossible(request: RunRequest) -> None:
    """Refuse runs on a branch that would change what is no branch's.

    Raises:
        UsageError: the name cannot be a branch's, a warehouse keeps the tables, or hooks write to the project's own
            database file.
    """
    if request.branch == MAIN:
        return
    from floe.lake.history.points import check_name

    check_name(request.branch)
    _refuse_warehouse(request.artifacts)
    if request.artifacts.hooks and "path" in request.artifacts.compute.properties:
        reason = "hooks of this project write to its own database file (compute `path`), which has no branches"
        raise UsageError("FLOE-0758", reason, "leave `path` out, so that Floe publishes the tables of hooks")


def _refuse_warehouse(artifacts: CompiledArtifacts) -> None:
    if artifacts.compute.is_warehouse:
        reason = f"`{artifacts.compute.type}` keeps its tables itself, without branches of Floe's"
        raise UsageError("FLOE-0758", reason, "use another dbt target for a trial")
