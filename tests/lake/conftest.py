"""A real lake for the tests: DuckDB writes the files, Floe publishes them, plain PyIceberg reads them back."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from floe.lake.base import ColumnStatistics, StagedFile, StagedTable, TableName
from floe.lake.catalogs.sql.sqlite import SqliteCatalog
from floe.lake.publish import publish
from floe.lake.read import live_files
from floe.lake.schema import assign_schema

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from duckdb.sqltypes import DuckDBPyType
    from pyiceberg.catalog import Catalog as PyIcebergCatalog
    from pyiceberg.table import Table

    from floe.lake.base import PublishedTable, TableState
    from floe.lake.schema import Type

_ICEBERG = {
    "BOOLEAN": "boolean",
    "INTEGER": "int",
    "BIGINT": "long",
    "FLOAT": "float",
    "DOUBLE": "double",
    "DATE": "date",
    "TIME": "time",
    "TIMESTAMP": "timestamp",
    "TIMESTAMP WITH TIME ZONE": "timestamptz",
    "VARCHAR": "string",
    "UUID": "uuid",
    "BLOB": "binary",
}


def iceberg_type(type_: DuckDBPyType) -> Type:
    """The Iceberg JSON type of a DuckDB type object."""
    children = dict(type_.children) if type_.id in {"struct", "list", "map", "decimal"} else {}
    if type_.id == "decimal":
        return f"decimal({children['precision']},{children['scale']})"
    if type_.id == "struct":
        fields = [{"name": name, "required": False, "type": iceberg_type(child)} for name, child in children.items()]
        return {"type": "struct", "fields": fields}
    if type_.id == "list":
        return {"type": "list", "element": iceberg_type(children["child"]), "element-required": False}
    if type_.id == "map":
        key, value = iceberg_type(children["key"]), iceberg_type(children["value"])
        return {"type": "map", "key": key, "value": value, "value-required": False}
    return _ICEBERG[str(type_)]


def field_ids(column: dict[str, Any]) -> str:
    """DuckDB's FIELD_IDS entry of an Iceberg field."""
    return f"{_quoted(column['name'])}: {_nested_ids(column['id'], column['type'])}"


def _nested_ids(field_id: int, type_: Type) -> str:
    if isinstance(type_, str):
        return str(field_id)
    if type_["type"] == "struct":
        children = ", ".join(field_ids(child) for child in type_["fields"])
    elif type_["type"] == "list":
        children = f"element: {_nested_ids(type_['element-id'], type_['element'])}"
    else:
        key = _nested_ids(type_["key-id"], type_["key"])
        children = f"key: {key}, value: {_nested_ids(type_['value-id'], type_['value'])}"
    return f"{{__duckdb_field_id: {field_id}, {children}}}"


def leaves(column: dict[str, Any]) -> dict[str, int]:
    """DuckDB's statistics key -> field id, for the leaves of a column."""
    return dict(_leaves(_quoted(column["name"]), column["id"], column["type"]))


def _leaves(path: str, field_id: int, type_: Type) -> list[tuple[str, int]]:
    if isinstance(type_, str):
        return [(path, field_id)]
    if type_["type"] == "struct":
        nested = [_leaves(f"{path}.{_quoted(item['name'])}", item["id"], item["type"]) for item in type_["fields"]]
        return [leaf for group in nested for leaf in group]
    if type_["type"] == "list":
        return _leaves(f'{path}."element"', type_["element-id"], type_["element"])
    keys = _leaves(f'{path}."key"', type_["key-id"], type_["key"])
    return keys + _leaves(f'{path}."value"', type_["value-id"], type_["value"])


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


@dataclass
class Lake:
    """A project folder with a catalog and a warehouse, as a run would use it."""

    folder: Path
    catalog: SqliteCatalog
    files_written: int = 0
    steps: list[str] = field(default_factory=list)

    def state(self, table: str) -> TableState:
        namespace, _, name = table.rpartition(".")
        return self.catalog.load(TableName(namespace, name), str(self.folder / "warehouse" / namespace / name))

    def stage(
        self,
        table: str,
        query: str,
        *,
        run_id: str = "run-1",
        operation: str = "replace",
        base: TableState | None = None,
        removed: Sequence[str] = (),
        properties: dict[str, str] | None = None,
        columns_of: str | None = None,
        blind: bool = False,
    ) -> StagedTable:
        """Write the query's rows as an engine would, for a later publish."""
        base = base or self.state(table)
        with duckdb.connect() as connection:
            described = connection.sql(columns_of or query)
            columns = [
                (name, iceberg_type(type_)) for name, type_ in zip(described.columns, described.types, strict=True)
            ]
            schema = assign_schema(columns, base, operation)
            staged = self._write(connection, query, schema, base, run_id)
        return StagedTable(
            asset=table,
            base=base,
            schema=schema,
            operation=operation,
            files=staged,
            removed_paths=tuple(removed),
            properties=properties or {},
            blind=blind,
        )

    def _write(
        self, connection: duckdb.DuckDBPyConnection, query: str, schema: dict[str, Any], base: TableState, run_id: str
    ) -> tuple[StagedFile, ...]:
        self.files_written += 1
        path = Path(base.location) / "data" / f"{run_id}-{self.files_written}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        ids = ", ".join(field_ids(column) for column in schema["fields"])
        copied = connection.execute(
            f"COPY ({query}) TO '{path}' (FORMAT parquet, COMPRESSION zstd, FIELD_IDS {{{ids}}}, RETURN_STATS)"
        ).fetchone()
        keys = {key: field_id for column in schema["fields"] for key, field_id in leaves(column).items()}
        statistics = tuple(
            ColumnStatistics(
                field_id=keys[key],
                value_count=int(values["num_values"]),
                null_count=int(values["null_count"]),
                size_bytes=int(values["column_size_bytes"]),
                minimum=values.get("min"),
                maximum=values.get("max"),
                has_nan=values.get("has_nan") == "true",
            )
            for key, values in copied[4].items()
        )
        return (StagedFile(str(path), copied[1], copied[2], statistics),)

    def publish(
        self, *staged: StagedTable, run_id: str = "run-1", on_step: Callable[[str], None] | None = None
    ) -> tuple[PublishedTable, ...]:
        tables = [(self.catalog, item) for item in staged]
        return publish(tables, run_id, "digest-1", on_step or self.steps.append)

    def write(self, table: str, query: str, **options: object) -> PublishedTable:
        """Stage and publish in one go."""
        staged = self.stage(table, query, **options)
        return self.publish(staged, run_id=options.get("run_id", "run-1"))[0]

    def plain(self) -> PyIcebergCatalog:
        """The same catalog through PyIceberg alone."""
        from pyiceberg.catalog.sql import SqlCatalog as PlainCatalog

        return PlainCatalog("floe", uri=f"sqlite:///{self.catalog.database}", warehouse=str(self.folder / "warehouse"))

    def rows(self, table: str, **scan: object) -> list[tuple[Any, ...]]:
        """All rows of a table as plain PyIceberg reads them, sorted."""
        return rows_of(self.table(table), **scan)

    def table(self, table: str) -> Table:
        catalog = self.plain()
        try:
            return catalog.load_table(table)
        finally:
            catalog.close()

    def duckdb_rows(self, table: str) -> list[tuple[Any, ...]]:
        """All rows of a table as plain DuckDB reads its live files, sorted."""
        paths = [item.path for item in live_files(self.state(table))]
        with duckdb.connect() as connection:
            rows = connection.execute("SELECT * FROM read_parquet(?, union_by_name = true)", [paths]).fetchall()
        return sorted(rows, key=repr)

    def rows_as_floe(self, table: str) -> list[tuple[Any, ...]]:
        """All rows of a table as a run would read them, sorted."""
        from floe.engines.duckdb.table_files import published_files

        with duckdb.connect() as connection:
            select = published_files(self.state(table), connection.execute).select()
            return sorted(connection.execute(select).fetchall(), key=repr)


def rows_of(table: Table, **scan: object) -> list[tuple[Any, ...]]:
    return sorted((tuple(row.values()) for row in table.scan(**scan).to_arrow().to_pylist()), key=repr)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path, SqliteCatalog(tmp_path / "catalog.db"))
