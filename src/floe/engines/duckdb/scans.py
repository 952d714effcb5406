"""SQL that reads Parquet files of a table: columns by field id, without the rows that other engines deleted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from floe.engines.duckdb.footers import value_by_id
from floe.engines.duckdb.sql import literal, path_list, quote
from floe.engines.duckdb.types import type_of_iceberg

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from floe.engines.duckdb.branches import Branch, Layout
    from floe.lake.base import DeleteFile

_PATH, _ROW = "floe_path", "floe_row"
_NO_PARTITION = -1


def parquet(paths: Iterable[str], *options: str) -> str:
    """The call of DuckDB's reader for these files and no others."""
    # A project inside a folder like `year=2026` must not gain a column.
    return f"read_parquet({', '.join((path_list(paths), 'hive_partitioning=false', *options))})"


def by_id(columns: Iterable[tuple[Mapping[str, Any], str]]) -> str:
    """The option that finds columns by their field ids, each under the name given with it."""
    entries = (
        f"{column['id']}: {{name: {literal(name)}, type: {literal(type_of_iceberg(column['type']))}, "
        f"default_value: {_default(column)}}}"
        for column, name in columns
    )
    return f"schema=MAP {{{', '.join(entries)}}}"


def marked_scan(
    path: str, mark: str, rows: int, columns: Sequence[Mapping[str, Any]], outputs: Sequence[str]
) -> tuple[str, dict[str, tuple[int, str]]]:
    """SQL with the columns of a table, to be planned only: one scan, in which the plan shows the column `mark`.

    Args:
        path: A file that is there.
        mark: A name that no other scan has.
        rows: Of the whole table.
        columns: Of the table.
        outputs: Expressions over their names.

    Returns:
        The SQL; and name in the scan -> field id and type, of the primitive columns.
    """
    names = {_by_id(item): (item["id"], item["type"]) for item in columns if isinstance(item["type"], str)}
    shown = ", ".join(f"{quote(_by_id(item))} AS {quote(item['name'])}" for item in columns)
    options = by_id((item, _by_id(item)) for item in columns), f"explicit_cardinality={max(rows, 1)}"
    scan = f"SELECT {shown} FROM {parquet([path], f'filename={literal(mark)}', *options)}"
    return f"SELECT {', '.join(outputs)} FROM ({scan}) AS floe_rows", names


@dataclass(frozen=True)
class Scan:
    """Reads the files of one branch."""

    branch: Branch
    columns: Sequence[Mapping[str, Any]]
    layout: Layout

    def select(self, outputs: Sequence[str], file_column: str | None) -> str:
        """SQL of the rows; `outputs` are expressions over the columns' own names."""
        shown = (*outputs, *([f"{quote(_PATH)} AS {quote(file_column)}"] if file_column else ()))
        where = f" WHERE {' AND '.join(self.branch.guards)}" if self.branch.guards else ""
        rows = f"({self._rows()}) AS floe_rows"
        if self.branch.has_deletes:
            rows = f"(SELECT floe_rows.* FROM {rows}{''.join(self._without_deleted())}) AS floe_left"
        return f"SELECT {', '.join(shown)} FROM {rows}{where}"

    def _rows(self) -> str:
        """The files' rows: the table's columns, those that equality deletes compare, the path and the row's number."""
        wanted = [*self.columns, *self._hidden()]
        expressions = [f"{self._expression(column)} AS {self._name(column)}" for column in wanted]
        places = [f"{quote(_PATH)}", *([f"file_row_number AS {quote(_ROW)}"] if self.branch.has_deletes else ())]
        return f"SELECT {', '.join((*expressions, *places))} FROM {self._source(wanted)}"

    def _source(self, wanted: Sequence[Mapping[str, Any]]) -> str:
        named = f"filename={literal(_PATH)}"
        paths = [item.path for item in self.branch.files]
        if self.branch.shape is not None:
            return parquet(paths, named)
        rows = sum(item.record_count for item in self.branch.files)
        # A schema keeps DuckDB from opening files while it plans, so it must be told how many rows there are.
        return parquet(
            paths, named, by_id((item, _by_id(item)) for item in wanted), f"explicit_cardinality={max(rows, 1)}"
        )

    def _expression(self, column: Mapping[str, Any]) -> str:
        constant = self.branch.constants.get(column["id"])
        if constant is not None:
            return constant
        if self.branch.shape is None:
            return quote(_by_id(column))
        found = value_by_id(self.branch.shape, column["id"], column["type"])
        return found or f"CAST({_default(column)} AS {type_of_iceberg(column['type'])})"

    def _name(self, column: Mapping[str, Any]) -> str:
        known = {item["id"]: item["name"] for item in self.columns}
        return quote(known.get(column["id"], f"floe_key_{column['id']}"))

    def _hidden(self) -> list[Mapping[str, Any]]:
        """Columns that the table has no more, but equality deletes compare."""
        known = {item["id"] for item in self.columns}
        compared = {key for item in self.branch.files for delete in item.deletes for key in delete.equality_ids}
        return [self.layout.older_columns[key] for key in sorted(compared - known)]

    def _without_deleted(self) -> Iterator[str]:
        deletes = list(dict.fromkeys(delete for item in self.branch.files for delete in item.deletes))
        placed = list(self._deleted_places([item for item in deletes if item.kind != "equality"]))
        if placed:
            yield (
                f" ANTI JOIN ({' UNION ALL '.join(placed)}) AS floe_places "
                f"ON floe_rows.{_PATH} = floe_places.path AND floe_rows.{_ROW} = floe_places.pos"
            )
        equality = [item for item in deletes if item.kind == "equality"]
        if equality:
            yield (
                f" JOIN ({_table(self._ages(), ('path', 'sequence', 'part'))}) AS floe_data "
                f"ON floe_rows.{_PATH} = floe_data.path"
            )
        groups = dict.fromkeys((item.equality_ids, item.partition is None) for item in equality)
        for number, (ids, everywhere) in enumerate(groups):
            mine = [item for item in equality if (item.equality_ids, item.partition is None) == (ids, everywhere)]
            yield self._anti_join(f"floe_deleted_{number}", mine, ids, everywhere=everywhere)

    def _deleted_places(self, deletes: Sequence[DeleteFile]) -> Iterator[str]:
        """SQL of the paths and row numbers that are deleted."""
        files = [item for item in deletes if item.kind == "positions"]
        if files:
            # Old places of a file that was taken out and added again do not count.
            applies = [
                (item.location, item.path, delete.path)
                for item in self.branch.files
                for delete in item.deletes
                if delete.kind == "positions"
            ]
            positions = parquet([item.path for item in files], "filename=true")
            yield (
                f"SELECT floe_data.path, pos FROM {positions} AS floe_positions "
                f"JOIN ({_table(applies, ('location', 'path', 'delete_path'))}) AS floe_data "
                "ON floe_positions.file_path = floe_data.location AND floe_positions.filename = floe_data.delete_path"
            )
        for item in self.branch.files:
            if item.path in self.layout.vectors:
                numbers = ", ".join(map(str, self.layout.vectors[item.path]))
                yield f"SELECT {literal(item.path)} AS path, unnest([{numbers}]::BIGINT[]) AS pos"

    def _ages(self) -> list[tuple[str, int, int]]:
        parts = self._parts()
        return [(item.path, item.sequence_number, parts[item.spec_id, *item.partition]) for item in self.branch.files]

    def _parts(self) -> dict[tuple[object, ...], int]:
        """A number for each partition."""
        known: dict[tuple[object, ...], int] = {}
        for item in self.branch.files:
            known.setdefault((item.spec_id, *item.partition), len(known))
        return known

    def _anti_join(self, name: str, deletes: Sequence[DeleteFile], ids: Sequence[int], *, everywhere: bool) -> str:
        columns = [self._column(key) for key in ids]
        parts = self._parts()
        ages = [
            (item.path, item.sequence_number, _NO_PARTITION if item.partition is None else parts[item.partition])
            for item in deletes
        ]
        keys = ", ".join(quote(_by_id(column)) for column in columns)
        rows = (
            f"SELECT {keys}, sequence, part FROM ({self._deleted_values(deletes, columns)}) AS floe_values "
            f"JOIN ({_table(ages, ('path', 'sequence', 'part'))}) AS floe_ages ON floe_values.filename = floe_ages.path"
        )
        equal = [
            f"floe_rows.{self._name(column)} IS NOT DISTINCT FROM {name}.{quote(_by_id(column))}" for column in columns
        ]
        scope = [] if everywhere else [f"floe_data.part = {name}.part"]
        conditions = " AND ".join((*equal, *scope, f"floe_data.sequence < {name}.sequence"))
        return f" ANTI JOIN ({rows}) AS {name} ON {conditions}"

    def _deleted_values(self, deletes: Sequence[DeleteFile], columns: Sequence[Mapping[str, Any]]) -> str:
        """SQL of the values in equality delete files, each with the file that it is in."""
        shapes = self.layout.shapes
        plain = [item.path for item in deletes if item.path not in shapes]
        parts = []
        if plain:
            parts.append(f"SELECT * FROM {parquet(plain, 'filename=true', by_id((c, _by_id(c)) for c in columns))}")
        for item in deletes:
            if item.path in shapes:
                # Fields of structs are found by DuckDB under their names only.
                values = [
                    f"{value_by_id(shapes[item.path], column['id'], column['type'])} AS {quote(_by_id(column))}"
                    for column in columns
                ]
                parts.append(f"SELECT {', '.join(values)}, filename FROM {parquet([item.path], 'filename=true')}")
        return " UNION ALL BY NAME ".join(parts)

    def _column(self, field_id: int) -> Mapping[str, Any]:
        found = next((item for item in self.columns if item["id"] == field_id), None)
        return found or self.layout.older_columns[field_id]


def _by_id(column: Mapping[str, Any]) -> str:
    """A name that no column of a table is likely to have, and no virtual one of DuckDB's reader."""
    return f"floe_{column['id']}"


def _default(column: Mapping[str, Any]) -> str:
    """What a file without the column means."""
    value = column.get("initial-default")
    if value is None or not isinstance(column["type"], str):
        return "NULL::VARCHAR"
    if column["type"] == "binary" or column["type"].startswith("fixed"):
        return literal("".join(rf"\x{value[at : at + 2]}" for at in range(0, len(value), 2)))
    return literal(str(value).lower() if isinstance(value, bool) else str(value))


def _table(rows: Sequence[tuple[str | int, ...]], names: Sequence[str]) -> str:
    values = ", ".join(f"({', '.join(literal(value) for value in row)})" for row in rows)
    return f"SELECT * FROM (VALUES {values}) AS floe_known({', '.join(names)})"
