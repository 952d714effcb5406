"""`floe platform bootstrap`: prepare what the platform file names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from floe.cli.application import Application, pass_application
from floe.cli.options import FloeCommand
from floe.errors import EXIT_ENVIRONMENT, EXIT_OK, UsageError
from floe.observe.wording import count

if TYPE_CHECKING:
    from floe.artifact.models import CompiledArtifacts
    from floe.cli.printer import Printer
    from floe.deploy.steps import StepResult


@click.command(
    "bootstrap",
    cls=FloeCommand,
    examples=(
        "floe platform bootstrap --dry-run",
        "floe platform bootstrap --env prod",
        "floe platform bootstrap --json",
    ),
)
@click.option("--dry-run", is_flag=True, help="Only say what would be created; nothing is.")
@pass_application
def command(application: Application, dry_run: bool) -> int:
    """Create what the platform needs and these credentials may create.

    It makes folders, buckets, catalogs of Polaris with principals, roles and grants, and the namespaces of the
    layers. What is there already stays as it is, so it can be run again at any time.
    """
    from floe.deploy.bootstrap import bootstrap

    artifacts = _platform(application)
    printer = application.printer
    results = []
    for result in bootstrap(artifacts, application.directory.resolve(), rehearsal=dry_run):
        results.append(result)
        _say(printer, result)
    failed = [result for result in results if result.outcome in ("failed", "skipped")]
    done = [result for result in results if result.outcome in ("done", "to do")]
    _show(printer, results)
    verb = "to create" if dry_run else "created"
    printer.say(f"{count(len(results), 'step')}: {len(done)} {verb}, {len(failed)} failed or skipped")
    return EXIT_ENVIRONMENT if failed else EXIT_OK


def _platform(application: Application) -> CompiledArtifacts:
    """The platform, which a warehouse's is not: Floe creates nothing there."""
    from floe.cli.platforms import platform_artifacts

    artifacts = platform_artifacts(application)
    if artifacts.compute.is_warehouse:
        reason = f"`{artifacts.compute.type}` keeps its tables itself: there is nothing to create for Floe"
        raise UsageError("FLOE-0750", reason, "create schemas and users with the commands of the warehouse")
    return artifacts


def _say(printer: Printer, result: StepResult) -> None:
    colour = {"done": printer.palette.green, "failed": printer.palette.red, "to do": printer.palette.cyan}
    word = colour.get(result.outcome, printer.palette.dim)(f"{result.outcome:>13}")
    printer.say(f"{word}  {result.profile}: {result.what}")
    if result.error is not None:
        from floe.cli.failures import render_failure

        printer.problem(render_failure(result.error, printer.palette, printer.width))


def _show(printer: Printer, results: list[StepResult]) -> None:
    def show() -> None:
        for result in results:
            for name, value in result.told:
                printer.data(f"{result.what}: {name} = {value}")
        if any(result.told for result in results):
            printer.hint("these credentials are shown only now: put them where the platform's secrets are")

    printer.result({"status": _status(results), "steps": [_document(result) for result in results]}, show)


def _status(results: list[StepResult]) -> str:
    return "error" if any(result.outcome == "failed" for result in results) else "ok"


def _document(result: StepResult) -> dict[str, Any]:
    from floe.cli.failures import error_fields

    error = {"error": error_fields(result.error)} if result.error is not None else {}
    told = {"credentials": dict(result.told)} if result.told else {}
    return {"profile": result.profile, "step": result.what, "outcome": result.outcome, **error, **told}
