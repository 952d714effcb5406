"""A source line with carets under a part of it, aligned in terminal cells and cut to a width."""

from __future__ import annotations

import textwrap
import unicodedata
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from floe.diagnostics.span import Span

TAB_STOP = 4
CUT = "..."
SECONDARY = "-"
"""Underlines what a note is about, as `^` does what is wrong."""
CONTEXT_CELLS = 20
"""Cells kept before the carets of a line whose beginning is cut away."""
_LONG = 2_000
"""Characters beyond which only the part of a line around the carets is laid out."""


class Snippet(NamedTuple):
    """The shown source line, the spaces before the carets, the carets, and the label's lines below them."""

    text: str
    indent: str
    carets: str
    label: tuple[str, ...]
    label_beside: bool


def snippet(span: Span, label: str, width: int) -> Snippet:
    """Lay out the line of `span` in at most `width` cells; a label that has no room goes below the carets."""
    skipped = max(span.column - 1 - width, 0) if len(span.text) > _LONG else 0
    near = span.text[skipped : skipped + _LONG]
    cells, starts = _cells(near)
    first = starts[min(span.column - 1 - skipped, len(starts) - 1)]
    last = max(starts[min(span.end_column - 1 - skipped, len(starts) - 1)], first + 1)
    begin, end = _window(len(cells), first, last, width)
    _mend_cut_characters(cells, begin, end)
    head = CUT if begin or skipped else ""
    text = head + "".join(cells[begin:end]) + (CUT if end < len(cells) or skipped + len(near) < len(span.text) else "")
    indent = " " * (len(head) + first - begin)
    carets = "^" * (min(last, max(end, first + 1)) - first)
    beside = bool(label) and len(indent) + len(carets) + 1 + len(label) <= width
    lines = (label,) if beside else tuple(textwrap.wrap(label, width, break_on_hyphens=False))
    return Snippet(text.rstrip(), indent, carets, lines, beside)


def _cells(text: str) -> tuple[list[str], list[int]]:
    """Split into terminal cells (a wide character owns two); `starts` maps a character to its cell."""
    cells: list[str] = []
    starts: list[int] = []
    for character in text:
        starts.append(len(cells))
        if character == "\t":
            cells.extend(" " * (TAB_STOP - len(cells) % TAB_STOP))
        elif unicodedata.category(character) in {"Mn", "Me", "Cf"}:
            starts[-1] = max(len(cells) - 1, 0)
            if cells:
                cells[-1] += character
        elif unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"}:
            cells.append("\N{REPLACEMENT CHARACTER}")
        else:
            cells.append(character)
            if unicodedata.east_asian_width(character) in {"W", "F"}:
                cells.append("")
    return cells, [*starts, len(cells)]


def _mend_cut_characters(cells: list[str], begin: int, end: int) -> None:
    """Put spaces for the halves of wide characters that the window cuts."""
    if begin and not cells[begin]:
        cells[begin] = " "
    if end < len(cells) and not cells[end]:
        cells[end - 1] = " "


def _window(length: int, first: int, last: int, width: int) -> tuple[int, int]:
    """Choose the cells to show so that the carets are seen."""
    if length <= width:
        return 0, length
    room = width - 2 * len(CUT)
    if last <= room + len(CUT):
        return 0, width - len(CUT)
    begin = min(max(first - CONTEXT_CELLS, 0), length - room)
    begin = max(begin, min(last - room, first))
    end = begin + room
    return (begin, end) if end < length else (length - width + len(CUT), length)
