"""`floe platform validate`: platform files checked alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from floe.cli.application import Application, pass_application
from floe.cli.options import FloeCommand, format_option
from floe.errors import ConfigurationError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from floe.diagnostics.diagnostic import Diagnostic
    from floe.diagnostics.render import Format


@click.command(
    "validate",
    cls=FloeCommand,
    examples=(
        "floe platform validate",
        "floe platform validate --all",
        "floe platform validate platform/prod/platform.yaml --format github",
    ),
)
@click.argument("files", nargs=-1, metavar="[FILE]...", type=click.Path(path_type=Path))
@click.option("--all", "every", is_flag=True, help="Check the files of all environments that are found.")
@format_option
@pass_application
def command(application: Application, files: tuple[Path, ...], every: bool, output_format: Format) -> None:
    """Check platform files, and those that they extend, without a floe.yaml.

    Without FILE, the one that applies here.
    """
    from floe.cli.reporting import reporting
    from floe.config.discovery import shown_path

    project = application.directory.resolve()
    chosen = _chosen(application, files, every=every)
    with reporting(application, output_format):
        _check(project, chosen)
        names = [shown_path(project, file) for file in chosen] or ["the built-in platform"]
        document = {"status": "ok", "files": names if chosen else [], "errors": 0, "warnings": 0, "diagnostics": []}
        application.printer.result(document, lambda: _report(application, names))


def _chosen(application: Application, files: Sequence[Path], *, every: bool) -> list[Path]:
    """The files to check; none for the built-in platform."""
    from floe.config.discovery import candidates, choose_platform

    project = application.directory.resolve()
    if every and files:
        raise UsageError("FLOE-0137", "`--all` takes no files", "leave out `--all`, or the files")
    missing = next((file for file in files if not file.is_file()), None)
    if missing is not None:
        raise UsageError("FLOE-0116", f"platform file `{missing}` does not exist", "correct the path")
    if files:
        return list(files)
    if every:
        return [candidate.file for candidate in candidates(project)]
    choice = choose_platform(project, application.environment, application.platform_file)
    return [] if choice.file is None else [choice.file]


def _check(project: Path, files: Sequence[Path]) -> None:
    """Check every file, and raise all that is wrong at once, each mistake of a shared parent once."""
    from floe.config.discovery import Choice
    from floe.config.load import load_platform
    from floe.diagnostics.diagnostic import by_place

    found: dict[tuple[object, ...], Diagnostic] = {}
    for file in files:
        try:
            load_platform(project, Choice("", "", "", file.resolve()))
        except ConfigurationError as error:
            for diagnostic in error.diagnostics:
                found.setdefault((diagnostic.code, diagnostic.span, diagnostic.message), diagnostic)
    if found:
        raise ConfigurationError(by_place(found.values()))


def _report(application: Application, names: Sequence[str]) -> None:
    for name in names:
        application.printer.say(f"{application.printer.palette.green('ok')}: `{name}` is valid")
