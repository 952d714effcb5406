"""Diagnostics as a SARIF log, which code scanning and editors read.

Source: Static Analysis Results Interchange Format (SARIF) 2.1.0, OASIS Standard.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from floe.diagnostics.documents import spoken
from floe.diagnostics.pages import read_page

if TYPE_CHECKING:
    from collections.abc import Sequence

    from floe.diagnostics.diagnostic import Diagnostic
    from floe.diagnostics.span import Span

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def as_sarif(diagnostics: Sequence[Diagnostic]) -> dict[str, Any]:
    """Return the log of one run of Floe: a rule for each code that occurs, a result for each diagnostic."""
    codes = sorted({diagnostic.code for diagnostic in diagnostics})
    driver = {"name": "floe", "semanticVersion": version("floe-runtime"), "rules": [_rule(code) for code in codes]}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(diagnostic, codes.index(diagnostic.code)) for diagnostic in diagnostics],
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(code: str) -> dict[str, Any]:
    """A code as a rule, its help the page of `floe explain`; there is no site that `helpUri` could name."""
    page = read_page(code)
    return {
        "id": code,
        "shortDescription": {"text": page.title},
        "help": {"text": page.text, "markdown": page.text},
        "defaultConfiguration": {"level": "error"},
    }


def _result(diagnostic: Diagnostic, rule: int) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": diagnostic.code,
        "ruleIndex": rule,
        "level": diagnostic.severity,
        "message": {"text": spoken(diagnostic)},
    }
    if diagnostic.span is not None:
        result["locations"] = [_location(diagnostic.span)]
    related = [note for note in diagnostic.facts if note.span is not None]
    if related:
        result["relatedLocations"] = [
            {"id": number, **_location(note.span), "message": {"text": note.text}}
            for number, note in enumerate(related, 1)
            if note.span is not None
        ]
    return result


def _location(span: Span) -> dict[str, Any]:
    region = {
        "startLine": span.line,
        "startColumn": span.column,
        "endLine": span.line,
        "endColumn": max(span.end_column, span.column),
    }
    uri = quote(span.file, safe="/~")
    address = f"file://{uri}" if uri.startswith("/") else uri
    return {"physicalLocation": {"artifactLocation": {"uri": address}, "region": region}}
