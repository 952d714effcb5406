"""Diagnostics as text: `full` for people, `concise` for editors, `json`, `github` and `sarif` for machines."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal, get_args

from floe.diagnostics.diagnostic import Diagnostic, Severity, by_place
from floe.diagnostics.documents import as_document, github, one_line
from floe.diagnostics.snippet import SECONDARY, snippet

if TYPE_CHECKING:
    from floe.diagnostics.diagnostic import Note
    from floe.diagnostics.span import Span

Format = Literal["full", "concise", "json", "github", "sarif"]
FORMATS: tuple[Format, ...] = get_args(Format)

Role = Literal["error", "warning", "note", "hint", "message", "place", "gutter", "caret"]
Style = Callable[[Role, str], str]
"""Colours a piece of text by what it is; must not change its visible characters."""

WIDTH = 80


def plain(role: Role, text: str) -> str:  # noqa: ARG001 - the shape of every Style
    """Return the text as it is."""
    return text


def render(
    diagnostics: Sequence[Diagnostic], output_format: Format = "full", *, style: Style = plain, width: int = WIDTH
) -> str:
    """Render sorted by file and line, with a count line in the formats for people; no final line break.

    Args:
        diagnostics: Whatever was found, in any order.
        output_format: One of `FORMATS`.
        style: Colours the `full` format; the others are always plain.
        width: Cells to which source lines of the `full` format are cut.
    """
    ordered = by_place(diagnostics)
    if output_format == "sarif":
        from floe.diagnostics.sarif import as_sarif  # few ask for it

        return json.dumps(as_sarif(ordered), ensure_ascii=False, indent=2)
    if output_format == "json":
        return json.dumps(as_document(ordered), ensure_ascii=False, indent=2)
    if output_format == "github":
        return "\n".join(map(github, ordered))
    if output_format == "concise":
        return "\n".join([*map(_concise, ordered), count_line(ordered)])
    blocks = ["\n".join(_full(diagnostic, style, width)) for diagnostic in ordered]
    return "\n\n".join([*blocks, count_line(ordered)])


def count_line(diagnostics: Sequence[Diagnostic]) -> str:
    """Return e.g. `found 2 errors and 1 warning in 2 files`."""
    counts = Counter(diagnostic.severity for diagnostic in diagnostics)
    parts = [_counted(counts[severity], severity) for severity in get_args(Severity) if counts[severity]]
    files = {diagnostic.span.file for diagnostic in diagnostics if diagnostic.span}
    where = f" in {_counted(len(files), 'file')}" if files else ""
    return f"found {' and '.join(parts) or 'no errors'}{where}"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _full(diagnostic: Diagnostic, style: Style, width: int) -> list[str]:
    head = style(diagnostic.severity, f"{diagnostic.severity}[{diagnostic.code}]")
    lines = [f"{head}: {style('message', one_line(diagnostic.message))}"]
    if diagnostic.span is not None:
        lines += _place(diagnostic.span, diagnostic.label, diagnostic.severity, style, width)
    for note in diagnostic.facts:
        lines += _note(note, diagnostic.span, style, width)
    hints = (*diagnostic.hints, f"run `floe explain {diagnostic.code}`")
    return lines + [f"{style('hint', 'hint')}: {one_line(hint)}" for hint in hints]


def _place(span: Span, label: str, severity: Role, style: Style, width: int) -> list[str]:
    margin = " " * (len(str(span.line)) + 1)
    arrow = style("gutter", f"{margin}-->")
    place = f"{arrow} {style('place', f'{span.location}:{span.column}')}"
    if not span.text.strip():
        return [f"{place} {label}".rstrip()]
    bar = style("gutter", f"{margin} |")
    shown = snippet(span, label, width - len(margin) - 3)
    caret_line = f"{bar} {shown.indent}{style(severity, shown.carets)}"
    below = [f"{bar} {style('caret', line)}" for line in shown.label]
    if shown.label_beside:
        caret_line, below = f"{caret_line} {style('caret', shown.label[0])}", []
    return [place, bar, f"{style('gutter', f' {span.line} |')} {shown.text}", caret_line, *below, bar]


def _note(note: Note, beside: Span | None, style: Style, width: int) -> list[str]:
    """A fact, and below it the line that it is about; not the line that has just been shown."""
    span = note.span
    head = f"{style('note', 'note')}: {one_line(note.text)}"
    if span is None or not span.text.strip():
        return [head]
    if beside is not None and (span.file, span.line, span.column) == (beside.file, beside.line, beside.column):
        return [head]
    margin = " " * (len(str(span.line)) + 1)
    shown = snippet(span, "", width - len(margin) - 3)
    underline = style("note", SECONDARY * len(shown.carets))
    return [
        head,
        f"{style('gutter', f' {span.line} |')} {shown.text}",
        f"{style('gutter', f'{margin} |')} {shown.indent}{underline}",
    ]


def _concise(diagnostic: Diagnostic) -> str:
    span = diagnostic.span
    place = f"{span.location}:{span.column}: " if span else ""
    label = f" ({diagnostic.label})" if diagnostic.label else ""
    return f"{place}{diagnostic.code} {one_line(diagnostic.message + label)}"
