"""What the session knows about its relations without asking DuckDB: the statistics of the file that it has written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from floe.lake.base import StagedFile

_INTEGERS = ("int", "long")


@dataclass(frozen=True)
class ColumnFacts:
    """A column of primitive type. The range is that of an integer column with values."""

    nulls: int
    range: tuple[int, int] | None = None


@dataclass(frozen=True)
class RelationFacts:
    """Exact numbers of a relation whose rows do not change any more."""

    rows: int
    columns: Mapping[str, ColumnFacts]
    """By the name in lower case; what the file has no exact statistics of is not here."""


def facts_of_files(files: Sequence[StagedFile], schema: Mapping[str, Any]) -> RelationFacts:
    """The facts of a relation that shows the rows of some files."""
    each = [_facts_of_file(file, schema) for file in files]
    if len(each) == 1:
        return each[0]
    names = set.intersection(*(set(facts.columns) for facts in each)) if each else set()
    columns = {name: _together([facts.columns[name] for facts in each]) for name in names}
    return RelationFacts(sum(facts.rows for facts in each), columns)


def _together(columns: Sequence[ColumnFacts]) -> ColumnFacts:
    """A file whose values are all null has no range; then none is known."""
    ranges = [column.range for column in columns if column.range is not None]
    known = len(ranges) == len(columns)
    limits = (min(low for low, _ in ranges), max(high for _, high in ranges)) if known else None
    return ColumnFacts(sum(column.nulls for column in columns), limits)


def _facts_of_file(file: StagedFile, schema: Mapping[str, Any]) -> RelationFacts:
    statistics = {column.field_id: column for column in file.statistics}
    columns = {}
    for field in schema["fields"]:
        found = statistics.get(field["id"])
        if not isinstance(field["type"], str) or found is None or found.value_count != file.record_count:
            continue
        exact = field["type"] in _INTEGERS and found.minimum is not None and found.maximum is not None
        limits = (int(found.minimum or 0), int(found.maximum or 0)) if exact else None
        columns[field["name"].lower()] = ColumnFacts(found.null_count, limits)
    return RelationFacts(file.record_count, columns)
