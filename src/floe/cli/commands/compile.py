"""`floe compile`: the project as one artifact."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from floe.cli.application import Application, pass_application
from floe.cli.options import FloeCommand, dbt_options, format_option
from floe.observe.wording import count

if TYPE_CHECKING:
    from floe.artifact.models import Asset
    from floe.compiler.unchanged import CompileOutcome
    from floe.diagnostics.render import Format


@click.command(cls=FloeCommand, examples=("floe compile", "floe compile -v", "floe compile --force"))
@click.option("--force", is_flag=True, help="Render everything anew, whatever was compiled before.")
@click.option("--inline", metavar="QUERY", help="Only render this SQL with Jinja, and print it.")
@dbt_options
@format_option
@pass_application
def command(application: Application, force: bool, inline: str | None, output_format: Format) -> None:
    """Compile floe.yaml, dbt project and Python assets into .floe/artifacts.json, which everything else reads.

    The same inputs give the same bytes; with nothing changed, nothing is parsed again.
    """
    from floe.cli.project import bury_dead_runs, compile_or_repair, rendered_inline
    from floe.cli.reporting import reporting

    with reporting(application, output_format) as reported:
        if inline is not None:
            sql = rendered_inline(application, inline)
            application.printer.result({"status": "rendered", "sql": sql}, lambda: application.printer.data(sql))
            return
        is_printed = output_format == "full" or application.printer.as_json
        outcome = compile_or_repair(application, force=force, reported=None if is_printed else reported)
        bury_dead_runs(application, outcome.artifacts)
        application.printer.result(_document(outcome), lambda: _report(application, outcome))


def _document(outcome: CompileOutcome) -> dict[str, object]:
    artifacts = outcome.artifacts
    return {
        "status": "unchanged" if outcome.unchanged else "written",
        "path": ".floe/artifacts.json",
        "digest": artifacts.digest,
        "assets": len(artifacts.assets),
        "tests": len(artifacts.tests),
        "rendered": len(outcome.rendered),
        "reused": len(outcome.reused),
        "messages": list(outcome.said),
        "warnings": list(outcome.warnings),
    }


def _report(application: Application, outcome: CompileOutcome) -> None:
    from floe.artifact.models import Test
    from floe.cli.commands.ls import way

    printer, artifacts = application.printer, outcome.artifacts
    what = f"{count(len(artifacts.assets), 'asset')} and {count(len(artifacts.tests), 'test')}"
    how = "nothing has changed" if outcome.unchanged else f"wrote {what}"
    printer.say(f"{printer.palette.green('ok')}: {how}, `.floe/artifacts.json`, digest {artifacts.digest[:12]}")
    counts = f"{len(outcome.rendered)} rendered, {len(outcome.reused)} reused"
    printer.detail(f"dbt nodes: {counts}; digest {artifacts.digest}")
    for name in sorted(outcome.rendered):
        printer.detail(f"  rendered  {name}")
    for name in sorted(outcome.reused):
        printer.detail(f"  reused    {name}")
    nodes: list[Asset | Test] = [*artifacts.assets.values(), *artifacts.tests.values()]
    for node in nodes:
        if node.rendering_reason:
            name = node.name if isinstance(node, Test) else node.key
            printer.detail(f"{name} is {way(node.rendering)}: it {node.rendering_reason}")
    for hook in artifacts.hooks:
        if hook.rendering_reason:
            printer.detail(f"hook {hook.name} is {way(hook.rendering)}: it {hook.rendering_reason}")
