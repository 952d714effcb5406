"""`floe platform list`: the environments, their files, and which applies now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from floe.cli.application import Application, pass_application
from floe.cli.options import FloeCommand

if TYPE_CHECKING:
    from pathlib import Path

    from floe.config.discovery import Candidate, Choice


@click.command("list", cls=FloeCommand, examples=("floe platform list", "floe platform list --env prod --json"))
@pass_application
def command(application: Application) -> None:
    """List the platform files that are found, for which environments, and which of them applies now.

    -v says where Floe looks, in order. The first file that exists applies.
    """
    from floe.config.discovery import candidates, choose_platform, searched

    project = application.directory.resolve()
    choice = choose_platform(project, application.environment, application.platform_file)
    rows = _rows(project, candidates(project), choice)
    places = ["--platform", "FLOE_PLATFORM_FILE", *searched(project, choice.environment), "built-in"]
    document = {
        "environment": choice.environment,
        "source": choice.source,
        "reason": choice.reason,
        "searched": places,
        "platforms": rows,
    }
    application.printer.result(document, lambda: _show(application, rows, places))


def _rows(project: Path, found: list[Candidate], choice: Choice) -> list[dict[str, Any]]:
    from floe.config.discovery import shown_path

    rows: list[dict[str, Any]] = []
    first: dict[str, str] = {}
    for candidate in found:
        is_hidden = first.setdefault(candidate.environment, candidate.shown) != candidate.shown
        applies = candidate.file.resolve() == choice.file
        why = _why_now(candidate, choice) if applies else _when(candidate, is_hidden=is_hidden)
        rows.append(_row(candidate.environment, candidate.shown, why, applies=applies))
    if choice.file is not None and not any(row["applies"] for row in rows):
        rows.insert(0, _row(choice.environment, shown_path(project, choice.file), choice.reason, applies=True))
    why = choice.reason if choice.file is None else "for `local`, if there is no file"
    rows.append(_row("local", "built-in", why, applies=choice.file is None))
    return rows


def _why_now(candidate: Candidate, choice: Choice) -> str:
    if not choice.reason.startswith("found"):
        return choice.reason
    return "the first that is found" if candidate.environment else f"`{choice.environment}` has no file of its own"


def _when(candidate: Candidate, *, is_hidden: bool) -> str:
    if is_hidden:
        return "never: the one above comes first"
    if candidate.environment:
        return f"with `--env {candidate.environment}`"
    return "where an environment has no file of its own"


def _row(environment: str, file: str, why: str, *, applies: bool) -> dict[str, Any]:
    return {"environment": environment or None, "file": file, "applies": applies, "why": why}


def _show(application: Application, rows: list[dict[str, Any]], places: list[str]) -> None:
    printer = application.printer
    cells = [
        (row["environment"] or "any", row["file"], f"now: {row['why']}" if row["applies"] else row["why"])
        for row in rows
    ]
    printer.table(("environment", "file", "applies"), cells)
    printer.detail("looked for, in this order:")
    for place in places:
        printer.detail(f"  {place}")
