"""One mistake or remark, with its place and its way out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from floe.diagnostics.span import Span

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Note:
    """A fact beside the mistake. A text about another place names it itself (`Span.location`), and has its span."""

    text: str
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """What is wrong, where, and what to do.

    Args:
        code: Stable code `FLOE-xxxx` with a page in `floe/explain/`.
        message: Lower-case, no final full stop, identifiers in backticks, true standing alone.
        span: Where; None only for what has no file.
        severity: Errors fail the command, warnings do not.
        label: A few words under the caret.
        notes: Facts.
        hints: Actions. The renderer adds the one that names the code's page.
    """

    code: str
    message: str
    span: Span | None = None
    severity: Severity = "error"
    label: str = ""
    notes: tuple[Note, ...] = ()
    hints: tuple[str, ...] = ()

    @property
    def facts(self) -> tuple[Note, ...]:
        """The notes, with one that says which alias uses what stands at the span."""
        used_at = self.span.used_at if self.span else None
        if used_at is None:
            return self.notes
        return (*self.notes, Note(f"used at {used_at.location}:{used_at.column}", used_at))


def by_place(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Sort by file, line and column; what has no place comes first.

    What is wrong in a value that several aliases use is reported once, where it is written.
    """
    once: dict[tuple[str, int, int, str, str, str], Diagnostic] = {}
    for diagnostic in sorted(diagnostics, key=lambda found: bool(found.span and found.span.used_at)):
        span = diagnostic.span
        place = (span.file, span.line, span.column) if span else ("", 0, 0)
        once.setdefault((*place, diagnostic.code, diagnostic.message, diagnostic.label), diagnostic)
    return [once[key] for key in sorted(once)]
