"""Plain tables: a header, a rule, rows; as narrow as the reader's terminal, and exact where there is none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from floe.cli.style import display_width, pad, shorten, visible
from floe.cli.values import as_text, is_number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from floe.cli.style import Palette

_GAP = 2
_NARROWEST_TEXT = 12


class Exact(str):
    """Text that is worth nothing when it is cut, such as an id."""

    __slots__ = ()


_GIVES_WAY = (str, bytes, list, tuple, dict)
"""A number, date or Boolean cut short would be another one; text and nested values only lose their end."""


@dataclass(frozen=True)
class Rendered:
    """A table as lines of text; `hidden` names the columns that did not fit."""

    lines: tuple[str, ...]
    hidden: tuple[str, ...]


@dataclass
class _Column:
    name: str
    cells: list[str]
    numeric: bool
    exact: bool

    def __post_init__(self) -> None:
        self.width = max(display_width(text) for text in (self.name, *self.cells))

    @property
    def narrowest(self) -> int:
        """As narrow as the column can be; text gives way down to its column's name."""
        if self.numeric or self.exact:
            return self.width
        return min(self.width, max(_NARROWEST_TEXT, display_width(self.name)))

    def line(self, text: str, *, last: bool) -> str:
        """One cell at the column's width; the last column needs no blanks after it."""
        cut = shorten(text, self.width)
        return cut if last and not self.numeric else pad(cut, self.width, right=self.numeric)


def render_table(
    columns: Sequence[str], rows: Sequence[Sequence[object]], palette: Palette, width: int | None = None
) -> Rendered:
    """Lay the rows out in at most `width` columns of the terminal (None: as wide as the values are).

    Text is cut with an ellipsis first; whole columns are left out, the last ones, only when that is not enough.
    """
    laid_out = [_column(name, [row[at] for row in rows]) for at, name in enumerate(columns)]
    hidden: tuple[str, ...] = ()
    if width is not None:
        laid_out, hidden = _drop_columns(laid_out, width)
        _shrink(laid_out, width)
    if not laid_out:
        return Rendered((), hidden)
    header = _line(laid_out, [column.name for column in laid_out])
    rule = (" " * _GAP).join("-" * column.width for column in laid_out)
    body = [_line(laid_out, [column.cells[at] for column in laid_out]) for at in range(len(rows))]
    return Rendered((palette.bold(header), palette.dim(rule), *body), hidden)


def _column(name: str, values: Sequence[object]) -> _Column:
    present = [value for value in values if value is not None]
    numeric = bool(present) and all(is_number(value) for value in present)
    exact = any(not isinstance(value, _GIVES_WAY) or isinstance(value, Exact) for value in present)
    return _Column(visible(name), [visible(as_text(value)) for value in values], numeric, exact)


def _line(columns: Sequence[_Column], texts: Sequence[str]) -> str:
    last = len(columns) - 1
    cells = [column.line(text, last=at == last) for at, (column, text) in enumerate(zip(columns, texts, strict=True))]
    return (" " * _GAP).join(cells).rstrip()


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + _GAP * (len(widths) - 1)


def _drop_columns(columns: list[_Column], width: int) -> tuple[list[_Column], tuple[str, ...]]:
    kept = len(columns)
    while kept > 1 and _total([column.narrowest for column in columns[:kept]]) > width:
        kept -= 1
    return columns[:kept], tuple(column.name for column in columns[kept:])


def _shrink(columns: Sequence[_Column], width: int) -> None:
    while _total([column.width for column in columns]) > width:
        widest = max(columns, key=lambda column: (column.width - column.narrowest > 0, column.width))
        if widest.width <= max(1, widest.narrowest if len(columns) > 1 else width):
            break
        widest.width -= 1
