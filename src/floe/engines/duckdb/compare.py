"""Compares two snapshots of a table in DuckDB. Files that both have are not read: their rows cancel out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from floe.engines.duckdb.sql import quote
from floe.engines.duckdb.table_files import TableFiles, published_files
from floe.engines.duckdb.types import type_of_iceberg
from floe.lake.history.branches import at_snapshot
from floe.lake.read import live_files

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import duckdb

    from floe.lake.base import TableState

    Execute = Callable[[str], duckdb.DuckDBPyConnection]

_TABLE = "floe_difference"
_DIGITS = 38
_TIMES = "floe_times"
"""How often a row is only in the later snapshot; negative: only in the earlier one."""


@dataclass(frozen=True)
class Pair:
    """A column that both snapshots have, maybe under other names or of other types."""

    before: str
    after: str
    type_before: str
    type_after: str
    is_same_field: bool
    """Whether it is one column for Iceberg; else a new one of the same name."""


@dataclass(frozen=True)
class ColumnChanges:
    """How the columns of two snapshots differ; types are DuckDB's."""

    added: tuple[tuple[str, str], ...] = ()
    removed: tuple[tuple[str, str], ...] = ()
    retyped: tuple[tuple[str, str, str], ...] = ()
    """Name, type before, type after."""
    renamed: tuple[tuple[str, str], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.retyped or self.renamed)


@dataclass(frozen=True)
class Sample:
    """Some rows: values in the order of `columns`."""

    columns: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...] = ()


@dataclass(frozen=True)
class Difference:
    """How two snapshots of a table differ. Rows are compared by the columns that both have."""

    columns: ColumnChanges
    key: tuple[str, ...]
    """The columns that tell which rows are the same one; none: rows are only added and removed."""
    rows_added: int
    rows_removed: int
    rows_changed: int
    added: Sample
    removed: Sample
    changed_before: Sample
    changed_after: Sample
    """The changed rows in the same order as `changed_before`."""

    @property
    def is_empty(self) -> bool:
        """Whether the snapshots have the same columns and rows."""
        return not (self.columns or self.rows_added or self.rows_removed or self.rows_changed)


def compare(
    execute: Execute, table: TableState, ends: tuple[int | None, int | None], key: Sequence[str], limit: int
) -> Difference:
    """Compare two snapshots (one may be None: no rows) of a table, with at most `limit` rows of each kind as a sample.

    A key of which one of the snapshots lacks a column is left aside; columns are found in any case.

    Raises:
        LakeError: a snapshot cannot be read.
        duckdb.Error: a file cannot be read.
    """
    states = [None if end is None else at_snapshot(table, end) for end in ends]
    before, after = _files(execute, states)
    pairs, columns = _columns(before, after)
    if all(pair.is_same_field for pair in pairs):  # else one file has other values in both snapshots
        shared = _shared(states)
        before, after = _without(before, shared), _without(after, shared)
    names = [pair.after for pair in pairs]
    known = {name.casefold(): name for name in names}
    used = tuple(known.get(name.casefold(), "") for name in key)
    used = used if all(used) else ()
    _materialize(execute, before, after, pairs)
    try:
        counted = _count_by_key(execute, used) if used else _count(execute)
        return Difference(columns, used, *counted, *_samples(execute, names, used, limit))
    finally:
        execute(f"DROP TABLE {_TABLE}")


def _files(execute: Execute, states: Sequence[TableState | None]) -> tuple[TableFiles, TableFiles]:
    """The files of both snapshots; for one that is missing, none, with the columns of the other."""
    found = [None if state is None else published_files(state, execute) for state in states]
    template = found[1] or found[0]
    if template is None:
        raise ValueError("at least one snapshot is needed")
    return found[0] or template.only(()), found[1] or template.only(())


def _shared(states: Sequence[TableState | None]) -> set[str]:
    """Paths of the files that both snapshots have, with the same deleted rows."""
    before, after = ({} if item is None else {f.path: f.deletes for f in live_files(item)} for item in states)
    return {path for path, deletes in before.items() if path in after and after[path] == deletes}


def _without(files: TableFiles, paths: set[str]) -> TableFiles:
    return files.only([path for path in files.paths if path not in paths])


def _columns(before: TableFiles, after: TableFiles) -> tuple[list[Pair], ColumnChanges]:
    earlier = {field["id"]: field for field in before.schema["fields"]}
    by_name = {field["name"].casefold(): field for field in before.schema["fields"]}
    pairs, added = [], []
    matched: set[int] = set()
    for field in after.schema["fields"]:
        old = earlier.get(field["id"]) or by_name.get(field["name"].casefold())
        if old is None or old["id"] in matched:
            added.append((field["name"], _type(after, field)))
            continue
        matched.add(old["id"])
        same = old["id"] == field["id"]
        pairs.append(Pair(old["name"], field["name"], _type(before, old), _type(after, field), same))
    removed = [(f["name"], _type(before, f)) for f in before.schema["fields"] if f["id"] not in matched]
    changes = ColumnChanges(
        added=tuple(added),
        removed=tuple(removed),
        retyped=tuple((p.after, p.type_before, p.type_after) for p in pairs if p.type_before != p.type_after),
        renamed=tuple((p.before, p.after) for p in pairs if p.before != p.after),
    )
    return pairs, changes


def _type(files: TableFiles, field: Mapping[str, Any]) -> str:
    return files.engine_types.get(field["name"]) or type_of_iceberg(field["type"])


def _materialize(execute: Execute, before: TableFiles, after: TableFiles, pairs: Sequence[Pair]) -> None:
    """A table of the rows that are not equally often in both snapshots, with `_TIMES`."""
    new = [f"{_comparable(pair, pair.after)} AS {quote(pair.after)}" for pair in pairs]
    old = [f"{_comparable(pair, pair.before)} AS {quote(pair.after)}" for pair in pairs]
    both = (
        f"SELECT {', '.join([*new, f'1 AS {_TIMES}'])} FROM ({after.select()})"
        f" UNION ALL SELECT {', '.join([*old, f'-1 AS {_TIMES}'])} FROM ({before.select()})"
    )
    names = [quote(pair.after) for pair in pairs]
    grouped = f" GROUP BY {', '.join(names)}" if names else ""
    columns = ", ".join([*names, f"sum({_TIMES})::BIGINT AS {_TIMES}"])
    execute(f"CREATE TEMP TABLE {_TABLE} AS SELECT {columns} FROM ({both}){grouped} HAVING sum({_TIMES}) <> 0")


def _comparable(pair: Pair, name: str) -> str:
    """The column as it is where values of both types can be compared with nothing lost, else as text."""
    if pair.type_before == pair.type_after or (_kind(pair.type_before) == _kind(pair.type_after) and _fit(pair)):
        return quote(name)
    return f"CAST({quote(name)} AS VARCHAR)"


def _kind(type_: str) -> str:
    """Types of one kind are cast to each other by DuckDB itself; any other type is a kind of its own."""
    if type_.endswith(("INT", "INTEGER")) or type_.startswith("DECIMAL") or type_ in ("FLOAT", "DOUBLE"):
        return "number"
    return "moment" if type_ == "DATE" or type_.startswith("TIMESTAMP") else type_


def _fit(pair: Pair) -> bool:
    """Whether there is a decimal for both types, where both are."""
    sizes = [type_[8:-1].split(",") for type_ in (pair.type_before, pair.type_after) if type_.startswith("DECIMAL")]
    if len(sizes) < 2:
        return True
    scales = [int(scale) for _, scale in sizes]
    return max(int(width) - int(scale) for width, scale in sizes) + max(scales) <= _DIGITS


def _count(execute: Execute) -> tuple[int, int, int]:
    added, removed = _one(
        execute(
            f"SELECT coalesce(sum({_TIMES}) FILTER ({_TIMES} > 0), 0),"
            f" coalesce(-sum({_TIMES}) FILTER ({_TIMES} < 0), 0) FROM {_TABLE}"
        )
    )
    return added, removed, 0


def _count_by_key(execute: Execute, key: Sequence[str]) -> tuple[int, int, int]:
    """Of the rows of one key, those that are in both snapshots as other rows have changed."""
    names = ", ".join(quote(name) for name in key)
    per_key = (
        f"SELECT coalesce(sum({_TIMES}) FILTER ({_TIMES} > 0), 0) AS gained,"
        f" coalesce(-sum({_TIMES}) FILTER ({_TIMES} < 0), 0) AS lost FROM {_TABLE} GROUP BY {names}"
    )
    added, removed, changed = _one(
        execute(
            "SELECT coalesce(sum(gained - least(gained, lost)), 0), coalesce(sum(lost - least(gained, lost)), 0),"
            f" coalesce(sum(least(gained, lost)), 0) FROM ({per_key})"
        )
    )
    return added, removed, changed


def _one(result: duckdb.DuckDBPyConnection) -> tuple[int, ...]:
    row = result.fetchone() or ()
    return tuple(int(value) for value in row)


def _samples(
    execute: Execute, names: Sequence[str], key: Sequence[str], limit: int
) -> tuple[Sample, Sample, Sample, Sample]:
    columns = tuple(names)
    if not names or limit == 0:
        return Sample(columns), Sample(columns), Sample(columns), Sample(columns)
    listed = ", ".join(quote(name) for name in names)
    order = ", ".join(quote(name) for name in key) if key else "ALL"

    def rows(condition: str, *, once: bool = False) -> Sample:
        distinct = f"DISTINCT ON ({order}) " if once else ""
        query = f"SELECT {distinct}{listed} FROM {_TABLE} AS d WHERE {condition} ORDER BY {order} LIMIT {limit}"
        return Sample(columns, tuple(execute(query).fetchall()))

    gained, lost = f"{_TIMES} > 0", f"{_TIMES} < 0"
    if not key:
        return rows(gained), rows(lost), Sample(columns), Sample(columns)
    same = " AND ".join(f"o.{quote(name)} IS NOT DISTINCT FROM d.{quote(name)}" for name in key)
    partner = f"EXISTS (SELECT 1 FROM {_TABLE} AS o WHERE {same} AND o.{_TIMES} "
    return (
        rows(f"{gained} AND NOT {partner}< 0)"),
        rows(f"{lost} AND NOT {partner}> 0)"),
        rows(f"{lost} AND {partner}> 0)", once=True),
        rows(f"{gained} AND {partner}< 0)", once=True),
    )
