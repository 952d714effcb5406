"""What is wrong with a project, in the format that was asked for: for people, editors, workflows or code scanning."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import replace
from pathlib import PurePath
from typing import TYPE_CHECKING

import click

from floe.cli.failures import failure_document
from floe.errors import ConfigurationError, ProjectError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from floe.cli.application import Application
    from floe.diagnostics.diagnostic import Diagnostic
    from floe.diagnostics.render import Format
    from floe.diagnostics.span import Span

_PLACE = re.compile(r"(?:^|\s)(?P<file>[^\s:`]+\.\w+):(?P<line>[1-9][0-9]*)(?::(?P<column>[1-9][0-9]*))?$")
_FILE = re.compile(r"`(?P<file>[^\s`]+\.(?:sql|ya?ml|py|csv|md))`")
_FILE_OF_DBT = re.compile(r"['\"(](?P<file>[^\s'\"()]+\.(?:sql|ya?ml|py|csv|md))['\")]")
_LINE = re.compile(r"\bline (?P<line>[1-9][0-9]*)\b")


@contextmanager
def reporting(application: Application, output_format: Format) -> Iterator[list[Diagnostic]]:
    """Report what is wrong with the project in `output_format`; `json` is the same as `--json`.

    What the block adds to the list that it gets are warnings, reported with what is wrong or where all is well; `full`
    and `json` are left to the block.

    Raises:
        FloeError: it is to be told in the way of every command: as `full`, or it is no fault of the project.
        click.exceptions.Exit: it has been reported, with the exit status of the error; or all is well.
    """
    printer = application.printer
    printer.as_json |= output_format == "json"
    if output_format == "full" and not printer.as_json:
        yield []
        return
    warnings: list[Diagnostic] = []
    try:
        yield warnings
    except ProjectError as error:
        if printer.as_json:
            printer.document(failure_document(error))
        else:
            printer.data(_rendered(application, [*diagnostics_of(error), *warnings], output_format))
        raise click.exceptions.Exit(error.exit_status) from None
    if (warnings or output_format == "sarif") and not printer.as_json:
        printer.data(_rendered(application, warnings, output_format))


def diagnostics_of(error: ProjectError) -> Sequence[Diagnostic]:
    """The mistakes that an error carries; one that has none becomes one, at the place that its facts name."""
    from floe.diagnostics.diagnostic import Diagnostic, Note

    if isinstance(error, ConfigurationError):
        return error.diagnostics
    lines = [line.strip() for detail in error.details for line in detail.split("\n") if line.strip()]
    hints = (error.instruction,) if error.instruction else ()
    span = _span_in(error.reason, lines)
    return (Diagnostic(error.code, error.reason, span, notes=tuple(map(Note, lines)), hints=hints),)


def warning_of(text: str) -> Diagnostic:
    """A warning of dbt's, at the file that it names."""
    from floe.diagnostics.diagnostic import Diagnostic
    from floe.diagnostics.span import Span

    file, line = _FILE_OF_DBT.search(text), _LINE.search(text)
    span = Span(file["file"], int(line["line"]) if line else 1, 1, 1) if file else None
    return Diagnostic("FLOE-0157", text, span, severity="warning")


def _span_in(reason: str, lines: Sequence[str]) -> Span | None:
    """The first `file:line` of the facts, or the file of the reason and the line that a fact names."""
    from floe.diagnostics.span import Span

    place = next((match for line in lines if (match := _PLACE.search(line))), None)
    if place is not None:
        column = int(place["column"] or 1)
        return Span(place["file"], int(place["line"]), column, column)
    file = _FILE.search(reason)
    number = next((match for line in lines if (match := _LINE.search(line))), None)
    return Span(file["file"], int(number["line"]) if number else 1, 1, 1) if file else None


def _rendered(application: Application, diagnostics: Sequence[Diagnostic], output_format: Format) -> str:
    from floe.diagnostics.render import render

    folder = PurePath(application.directory_option or ".")
    if output_format in ("github", "sarif") and not folder.is_absolute():
        diagnostics = [_from_here(diagnostic, folder) for diagnostic in diagnostics]
    return render(diagnostics, output_format)


def _from_here(diagnostic: Diagnostic, folder: PurePath) -> Diagnostic:
    """Name files from where the command runs, where `-C` named another folder: that is where their readers look."""
    notes = tuple(replace(note, span=_moved(note.span, folder)) for note in diagnostic.notes)
    return replace(diagnostic, span=_moved(diagnostic.span, folder), notes=notes)


def _moved(span: Span | None, folder: PurePath) -> Span | None:
    if span is None or span.file.startswith("~"):
        return span
    return replace(span, file=(folder / span.file).as_posix(), used_at=_moved(span.used_at, folder))
