"""Diagnostics for programs: a JSON document, and annotations of a GitHub workflow."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from floe.diagnostics.diagnostic import by_place

if TYPE_CHECKING:
    from collections.abc import Sequence

    from floe.diagnostics.diagnostic import Diagnostic
    from floe.diagnostics.span import Span

SCHEMA_VERSION = 1
"""Version of the JSON document; raised when a field changes its meaning."""


def as_document(diagnostics: Sequence[Diagnostic]) -> dict[str, Any]:
    """Return the JSON document of diagnostics, sorted, with `schema_version` and counts."""
    counts = Counter(diagnostic.severity for diagnostic in diagnostics)
    return {
        "schema_version": SCHEMA_VERSION,
        "errors": counts["error"],
        "warnings": counts["warning"],
        "diagnostics": [_as_dict(diagnostic) for diagnostic in by_place(diagnostics)],
    }


def github(diagnostic: Diagnostic) -> str:
    """Return the workflow command that shows a diagnostic beside the line of a pull request.

    Source: GitHub's `actions/toolkit`, `packages/core/src/command.ts`, which escapes in the same way.
    """
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
    return f"::{diagnostic.severity} {listed}::{_escape(spoken(diagnostic))}"


def spoken(diagnostic: Diagnostic) -> str:
    """Return all that a diagnostic says, one line each: message, label, facts, actions."""
    facts = (note.text for note in diagnostic.facts)
    lines = filter(None, (diagnostic.message, diagnostic.label, *facts, *diagnostic.hints))
    return "\n".join(map(one_line, lines))


def one_line(text: str) -> str:
    """Keep a message on its line, and out of it what a terminal would obey."""
    return "".join(
        character if character.isprintable() else " " if character.isspace() else "\N{REPLACEMENT CHARACTER}"
        for character in text
    )


def _as_dict(diagnostic: Diagnostic) -> dict[str, Any]:
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity,
        "message": diagnostic.message,
        **_span_as_dict(diagnostic.span),
        "label": diagnostic.label,
        "notes": [{"text": note.text, **_span_as_dict(note.span)} for note in diagnostic.facts],
        "hints": list(diagnostic.hints),
    }


def _span_as_dict(span: Span | None) -> dict[str, Any]:
    if span is None:
        return {"file": None, "line": None, "column": None, "end_column": None}
    return {"file": span.file, "line": span.line, "column": span.column, "end_column": span.end_column}


def _escape(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escape_property(text: str) -> str:
    return _escape(text).replace(":", "%3A").replace(",", "%2C")
