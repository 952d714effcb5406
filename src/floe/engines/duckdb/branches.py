"""Which files of a table are read together, so that DuckDB leaves out those that a query does not need.

A view does not see the conditions of the queries that read it, but DuckDB moves them into each part of a UNION ALL. A
part in which a column is a constant, or limited to a range, is dropped when a condition contradicts that, and none of
its files is opened. So the files of each partition are a part, up to a number of parts that planning does not feel.

DuckDB sees such a contradiction with a range for comparisons, not for IN, and with a bucket not at all. Queries that
are planned before they are executed do not depend on it: see `pruned.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from floe.engines.duckdb.sql import quote
from floe.engines.duckdb.values import value_literal
from floe.lake.base import StoredFile
from floe.lake.pruning import clustered_column, has_ordered_ranges, identity_values, sources_of, values_between

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from floe.engines.duckdb.footers import Shape
    from floe.lake.pruning import Values

_MOST_BRANCHES = 128
"""Parts of a table: planning takes 0.2 ms for each."""
_FEWEST_REMOTE_FILES = 8
"""Files of an unpartitioned table whose footers are worth a request each."""


@dataclass(frozen=True)
class Layout:
    """How the files of a published table are to be read, where that takes more than their names."""

    files: Mapping[str, StoredFile]
    """By path."""
    specs: Mapping[int, Sequence[Mapping[str, Any]]]
    """Partition spec id -> fields."""
    shapes: Mapping[str, Shape] = field(default_factory=dict)
    """Path -> columns, for tables whose files must be asked for them."""
    vectors: Mapping[str, Sequence[int]] = field(default_factory=dict)
    """Path -> rows that a deletion vector takes out."""
    older_columns: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    """Field id -> column that the schema has no more, or field of a struct: equality deletes may name these, too."""
    is_remote: bool = False


@dataclass(frozen=True)
class Branch:
    """Files that are read together."""

    files: tuple[StoredFile, ...]
    constants: Mapping[int, str] = field(default_factory=dict)
    """Field id -> SQL of the value that all rows have."""
    guards: tuple[str, ...] = ()
    """Conditions that all rows meet."""
    shape: Shape | None = None
    """The columns of these files; None where they are found by the table's field ids."""

    @property
    def has_deletes(self) -> bool:
        """Whether rows of these files are deleted."""
        return any(item.deletes for item in self.files)


@dataclass(frozen=True)
class _Divider:
    """Divides the files of one table."""

    layout: Layout
    columns: Mapping[int, Mapping[str, Any]]
    guarded: Sequence[int]
    """Ids of the columns by whose ranges parts are told apart."""

    def identity(self, file: StoredFile) -> dict[int, object]:
        return identity_values(file, self.layout.specs.get(file.spec_id, ()))

    def ranges(self, files: Iterable[StoredFile]) -> Iterator[tuple[int, Values | None]]:
        """The range of each guarded column in all of the files."""
        files = list(files)
        for field_id in self.guarded:
            known = [values_between(item, self.columns[field_id]) for item in files]
            certain = [item for item in known if item is not None]
            complete = len(certain) == len(known) and bool(certain)
            yield field_id, (min(certain)[0], max(high for _, high in certain)) if complete else None

    def parts(self, files: Sequence[StoredFile]) -> Iterator[Sequence[StoredFile]]:
        """Files that have one value in each partition column, or few values next to each other."""
        if not self.guarded and not any(self.layout.specs.get(item.spec_id) for item in files):
            yield files
            return
        together: dict[tuple[object, ...], list[StoredFile]] = {}
        for item in files:
            key: tuple[object, ...] = (item.spec_id, *item.partition) if item.partition else (item.path,)
            together.setdefault(key, []).append(item)
        ordered = sorted(together.values(), key=self._order)
        size = -(-len(ordered) // _MOST_BRANCHES)
        for start in range(0, len(ordered), size):
            yield [item for group in ordered[start : start + size] for item in group]

    def _order(self, files: Sequence[StoredFile]) -> tuple[tuple[bool, Any], ...]:
        known = tuple((found is not None, found[0] if found else 0) for _, found in self.ranges(files))
        named = tuple((True, repr(value)) for value in self.identity(files[0]).values())
        return (*known, *named)

    def constants(self, files: Sequence[StoredFile]) -> dict[int, str]:
        first = self.identity(files[0])
        same = {key: value for key, value in first.items() if key in self.columns}
        for item in files[1:]:
            other = self.identity(item)
            same = {key: value for key, value in same.items() if key in other and other[key] == value}
        literals = {key: value_literal(self.columns[key]["type"], value) for key, value in same.items()}
        return {key: text for key, text in literals.items() if text is not None}

    def branch(self, files: Sequence[StoredFile], shape: Shape | None) -> Branch:
        constants = self.constants(files)
        guards = {field_id: self._between(field_id, found) for field_id, found in self.ranges(files) if found}
        guards |= {field_id: self._among(field_id, files) for field_id in self.identity(files[0])}
        kept = tuple(text for field_id, text in guards.items() if text and field_id not in constants)
        return Branch(tuple(files), constants, kept, shape)

    def _among(self, field_id: int, files: Sequence[StoredFile]) -> str:
        """The condition that a partition column has one of the files' values; empty where they are not known."""
        if field_id not in self.columns or any(field_id not in self.identity(item) for item in files):
            return ""
        column = self.columns[field_id]
        values = list(dict.fromkeys(self.identity(item)[field_id] for item in files))
        literals = [value_literal(column["type"], value) for value in values if value is not None]
        known = [text for text in literals if text is not None]
        if not known or len(known) < len(literals):
            return ""
        name = quote(column["name"])
        return f"({name} IN ({', '.join(known)}){f' OR {name} IS NULL' if None in values else ''})"

    def _between(self, field_id: int, found: Values) -> str:
        column = self.columns[field_id]
        low, high = (value_literal(column["type"], value) for value in found)
        if low is None or high is None:
            return ""
        # Bounds are in the order of bytes, whatever collation the session has.
        order = " COLLATE C" if column["type"] == "string" else ""
        return f"{quote(column['name'])}{order} BETWEEN {low} AND {high}"


def branches(
    layout: Layout, paths: Sequence[str], columns: Sequence[Mapping[str, Any]], converted: Iterable[str]
) -> list[Branch]:
    """The parts in which the files at `paths` are read; `converted` are columns that the view casts."""
    files = [layout.files.get(path) or StoredFile(path, 0, 0) for path in paths]
    by_id = {column["id"]: column for column in columns}
    divider = _Divider(layout, by_id, _guarded(layout, files, columns, set(converted)))
    groups: dict[tuple[Shape | None, bool], list[StoredFile]] = {}
    for item in files:
        groups.setdefault((layout.shapes.get(item.path), bool(item.deletes)), []).append(item)
    found = [divider.branch(part, shape) for (shape, _), group in groups.items() for part in divider.parts(group)]
    return found if len(found) > 1 else [Branch(item.files, item.constants, (), item.shape) for item in found]


def _guarded(
    layout: Layout, files: Sequence[StoredFile], columns: Sequence[Mapping[str, Any]], converted: set[str]
) -> list[int]:
    usable = [item for item in columns if has_ordered_ranges(item["type"]) and item["name"] not in converted]
    ids = {item["id"] for item in usable}
    used = [layout.specs.get(spec_id, ()) for spec_id in sorted({item.spec_id for item in files})]
    sources = [field_id for spec in used for field_id in sources_of(spec)]
    if sources:
        return [field_id for field_id in dict.fromkeys(sources) if field_id in ids]
    if not layout.is_remote or len(files) < _FEWEST_REMOTE_FILES:
        return []
    clustered = clustered_column(files, usable)
    return [] if clustered is None else [clustered]
