"""Diagnostics as text: `full` for people, `concise` for editors, `json` and `github` for machines."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal, get_args

from floe.diagnostics.diagnostic import Diagnostic, by_place
from floe.diagnostics.snippet import snippet

if TYPE_CHECKING:
    from floe.diagnostics.span import Span

Format = Literal["full", "concise", "json", "github"]
FORMATS: tuple[Format, ...] = get_args(Format)

Role = Literal["error", "warning", "note", "hint", "message", "place", "gutter", "caret"]
Style = Callable[[Role, str], str]
"""Colours a piece of text by what it is; must not change its visible characters."""

WIDTH = 80
SCHEMA_VERSION = 1


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
    if output_format == "json":
        return json.dumps(as_document(ordered), ensure_ascii=False, indent=2)
    if output_format == "github":
        return "\n".join(_github(diagnostic) for diagnostic in ordered)
    if output_format == "concise":
        return "\n".join([*map(_concise, ordered), count_line(ordered)])
    blocks = ["\n".join(_full(diagnostic, style, width)) for diagnostic in ordered]
    return "\n\n".join([*blocks, count_line(ordered)])


def count_line(diagnostics: Sequence[Diagnostic]) -> str:
    """Return e.g. `2 errors, 1 warning`."""
    counts = _counts(diagnostics)
    parts = [
        f"{counts[severity]} {severity}{'' if counts[severity] == 1 else 's'}"
        for severity in ("error", "warning")
        if counts[severity]
    ]
    return ", ".join(parts) or "0 errors"


def as_document(diagnostics: Sequence[Diagnostic]) -> dict[str, Any]:
    """Return the JSON document of diagnostics, sorted, with `schema_version` and counts."""
    counts = _counts(diagnostics)
    return {
        "schema_version": SCHEMA_VERSION,
        "errors": counts["error"],
        "warnings": counts["warning"],
        "diagnostics": [_as_dict(diagnostic) for diagnostic in by_place(diagnostics)],
    }


def _counts(diagnostics: Sequence[Diagnostic]) -> Counter[str]:
    return Counter(diagnostic.severity for diagnostic in diagnostics)


def _full(diagnostic: Diagnostic, style: Style, width: int) -> list[str]:
    head = style(diagnostic.severity, f"{diagnostic.severity}[{diagnostic.code}]")
    lines = [f"{head}: {style('message', _one_line(diagnostic.message))}"]
    if diagnostic.span is not None:
        lines += _place(diagnostic.span, diagnostic.label, diagnostic.severity, style, width)
    lines += [f"{style('note', 'note')}: {_one_line(note.text)}" for note in diagnostic.notes]
    hints = (*diagnostic.hints, f"run `floe explain {diagnostic.code}`")
    return lines + [f"{style('hint', 'hint')}: {_one_line(hint)}" for hint in hints]


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


def _concise(diagnostic: Diagnostic) -> str:
    span = diagnostic.span
    place = f"{span.location}:{span.column}: " if span else ""
    label = f" ({diagnostic.label})" if diagnostic.label else ""
    return f"{place}{diagnostic.code} {_one_line(diagnostic.message + label)}"


def _as_dict(diagnostic: Diagnostic) -> dict[str, Any]:
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity,
        "message": diagnostic.message,
        **_span_as_dict(diagnostic.span),
        "label": diagnostic.label,
        "notes": [{"text": note.text, **_span_as_dict(note.span)} for note in diagnostic.notes],
        "hints": list(diagnostic.hints),
    }


def _span_as_dict(span: Span | None) -> dict[str, Any]:
    if span is None:
        return {"file": None, "line": None, "column": None, "end_column": None}
    return {"file": span.file, "line": span.line, "column": span.column, "end_column": span.end_column}


def _github(diagnostic: Diagnostic) -> str:
    properties = {"title": diagnostic.code}
    if diagnostic.span is not None:
        span = diagnostic.span
        properties = {
            "file": span.file,
            "line": str(span.line),
            "col": str(span.column),
            "endColumn": str(span.end_column),
            **properties,
        }
    listed = ",".join(f"{key}={_escape_property(value)}" for key, value in properties.items())
    text = "\n".join(
        filter(None, (diagnostic.message, diagnostic.label, *(n.text for n in diagnostic.notes), *diagnostic.hints))
    )
    return f"::{diagnostic.severity} {listed}::{_escape(text)}"


def _escape(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escape_property(text: str) -> str:
    return _escape(text).replace(":", "%3A").replace(",", "%2C")


def _one_line(text: str) -> str:
    """Keep a message on its line, and out of it what a terminal would obey."""
    return "".join(
        character if character.isprintable() else " " if character.isspace() else "\N{REPLACEMENT CHARACTER}"
        for character in text
    )
