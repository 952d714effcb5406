"""`floe schema`: the JSON Schemas of what users write and programs read, as files and in editors."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from floe.cli.application import Application, pass_application
from floe.cli.options import FloeCommand
from floe.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from floe.cli.editors import Change

NAMES = ("floe", "platform", "artifacts")


@click.command(
    "schema",
    cls=FloeCommand,
    examples=(
        "floe schema export floe",
        "floe schema export platform --output platform.schema.json",
        "floe schema export --output schemas",
        "floe schema setup-editor --dry-run",
    ),
)
@click.argument("action", type=click.Choice(["export", "setup-editor"]))
@click.argument("name", required=False, type=click.Choice(NAMES))
@click.option("--output", type=click.Path(path_type=Path), help="File to write to; without a NAME a folder for all.")
@click.option("--dry-run", is_flag=True, help="With setup-editor: only say what would be written.")
@pass_application
def command(application: Application, action: str, name: str | None, output: Path | None, dry_run: bool) -> None:
    """Write JSON Schemas (2020-12), or let editors complete and check floe.yaml and platform.yaml with them.

    `export` prints the schema of floe.yaml, of platform.yaml or of the compiled artifacts, or writes all three to a
    folder. `setup-editor` puts schemas into `.schemas/`, a line that names them at the top of the project's files, and
    settings for VS Code; what is there of yours is kept, and running it again changes nothing.
    """
    if action == "export":
        if dry_run:
            raise UsageError("FLOE-0156", "`--dry-run` belongs to `floe schema setup-editor`", "leave it out")
        _export(application, name, output)
    elif name is not None or output is not None:
        given = f"`{name}`" if name is not None else "`--output`"
        raise UsageError("FLOE-0156", f"{given} belongs to `floe schema export`", "leave it out")
    else:
        _set_up(application, rehearsal=dry_run)


def schemas(name: str | None) -> Mapping[str, Mapping[str, Any]]:
    """The schema of that name, or all."""
    from floe.artifact.schema import artifacts_schema
    from floe.config.schemas import pipeline_schema, platform_schema

    makers = {"floe": pipeline_schema, "platform": platform_schema, "artifacts": artifacts_schema}
    return {known: make() for known, make in makers.items() if name in (None, known)}


def _export(application: Application, name: str | None, output: Path | None) -> None:
    from floe.cli.editors import schema_text

    if name is None and output is None:
        reason = "one schema can be printed, all three cannot"
        raise UsageError("FLOE-0156", reason, "name `floe`, `platform` or `artifacts`, or a folder with `--output`")
    printer, made = application.printer, schemas(name)
    if output is None:
        for schema in made.values():
            printer.data(schema_text(schema).rstrip("\n"))
        return
    written = []
    for known, schema in made.items():
        path = output if name is not None else output / f"{known}.schema.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(schema_text(schema), encoding="utf-8")
        written.append(str(path))
    printer.result({"status": "ok", "written": written}, lambda: printer.say(f"wrote {', '.join(written)}"))


def _set_up(application: Application, *, rehearsal: bool) -> None:
    from floe.cli.editors import set_up
    from floe.cli.project import require_project

    project = require_project(application)
    changes = set_up(project, application.platform_file, rehearsal=rehearsal)
    document = {"status": "ok", "dry_run": rehearsal, "files": [_document(change) for change in changes]}
    application.printer.result(document, lambda: _report(application, changes, rehearsal=rehearsal))


def _document(change: Change) -> dict[str, str]:
    return {"path": change.path, "outcome": change.outcome, **({"advice": change.advice} if change.advice else {})}


def _report(application: Application, changes: list[Change], *, rehearsal: bool) -> None:
    printer = application.printer
    words = {"written": "would write" if rehearsal else "wrote", "unchanged": "unchanged", "left": "left alone"}
    for change in changes:
        printer.say(f"{words[change.outcome]:>11}  {change.path}")
    for change in changes:
        if change.advice:
            printer.warn(f"{change.path}: {change.advice}")
    if not rehearsal and any(change.outcome == "written" for change in changes):
        printer.hint("commit `.schemas/`; in VS Code install the extension `redhat.vscode-yaml`")
