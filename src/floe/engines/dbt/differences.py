"""How the actual rows of a unit test differ from the expected ones, as dbt judges and shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import daff
from dbt_common.clients.agate_helper import table_from_data_flat

if TYPE_CHECKING:
    from collections.abc import Sequence

_MAXIMUM_ROWS = 50


def difference(names: Sequence[str], rows: Sequence[tuple[object, ...]]) -> tuple[list[str], list[list[str]]] | None:
    """Columns and rows of the difference; None where there is none.

    The first column says what a row is: `+++` not expected, `---` expected and missing, `→` changed.

    Args:
        names: The columns; the last says `actual` or `expected`.
        rows: Actual and expected rows.
    """
    lowered = [name.lower() for name in names]
    table = table_from_data_flat([dict(zip(lowered, row, strict=True)) for row in rows], lowered)
    parts = []
    for part in ("expected", "actual"):
        chosen = [list(row.values())[:-1] for row in table.rows if row["actual_or_expected"] == part]
        chosen.sort(key=lambda row: [(value is None, value) for value in row])
        parts.append(daff.PythonTableView([lowered[:-1], *chosen]))
    flags = daff.CompareFlags()
    flags.ordered = False
    found = daff.TableDiff(daff.Coopy.compareTables(*parts, flags).align(), flags)
    return shown(found)


def shown(found: Any) -> tuple[list[str], list[list[str]]] | None:  # noqa: ANN401 - daff's TableDiff
    """Columns and rows of a difference that daff found; None where it found none."""
    view = daff.PythonTableView([])
    found.hilite(view)
    if not found.hasDifference():
        return None
    header, *rows = [["NULL" if value is None else str(value) for value in row] for row in view.data]
    return ["", *header[1:]], rows[:_MAXIMUM_ROWS]
