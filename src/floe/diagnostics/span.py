"""A place in a file of the project."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Span:
    """A range of characters in one line; lines and columns count from 1, `end_column` is one past the last.

    Args:
        file: Path as it is shown, relative to the project where the file lies inside it.
        line: Line number.
        column: First character.
        end_column: One past the last character; equal to `column` where the span is a point.
        text: The source line, without its line break; empty when it is not known.
        used_at: Where an alias (`*name`) uses what is written here; None for what is used where it is written.
    """

    file: str
    line: int
    column: int
    end_column: int
    text: str = ""
    used_at: Span | None = None

    @property
    def location(self) -> str:
        """`file:line`, as a note names it."""
        return f"{self.file}:{self.line}"
