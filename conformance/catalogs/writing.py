"""Writes tables as an engine would, through nothing but the seams of the lake."""

from __future__ import annotations

import io
from itertools import count
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from floe.lake.base import StagedFile, StagedTable, TableName, TableState
from floe.lake.publish import publish
from floe.lake.read import live_files
from floe.lake.schema import assign_schema

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from conformance.catalogs.places import Place

    from floe.lake.base import Catalog, PublishedTable

_FILES = count()
_TYPES = {"long": pa.int64(), "int": pa.int32(), "string": pa.string(), "double": pa.float64()}


def state(place: Place, catalog: Catalog, table: str) -> TableState:
    """A table as the catalog has it now."""
    namespace, _, name = table.rpartition(".")
    wanted = TableName(namespace, name)
    return catalog.load(wanted, place.location(wanted))


def staged(
    place: Place,
    catalog: Catalog,
    table: str,
    values: Sequence[int],
    *,
    columns: Mapping[str, str] | None = None,
    operation: Any = "replace",
    run_id: str = "run-1",
) -> StagedTable:
    """A table with `values` in its first column, for a later publish."""
    base = state(place, catalog, table)
    types = dict(columns or {"id": "long"})
    schema = assign_schema(list(types.items()), base, operation)
    fields = [
        pa.field(item["name"], _TYPES[item["type"]], metadata={"PARQUET:field_id": str(item["id"])})
        for item in schema["fields"]
    ]
    rows = pa.table(
        [pa.array([_value(value, field.type) for value in values], field.type) for field in fields], pa.schema(fields)
    )
    content = io.BytesIO()
    pq.write_table(rows, content)
    path = f"{base.location}/data/{run_id}-{next(_FILES)}.parquet"
    base.store.make_folder(f"{base.location}/data")
    base.store.write_new(path, content.getvalue())
    files = (StagedFile(path, len(values), len(content.getvalue())),)
    return StagedTable(asset=table, base=base, schema=schema, operation=operation, files=files)


def write(place: Place, catalog: Catalog, table: str, values: Sequence[int], **options: Any) -> PublishedTable:
    """Stage and publish in one go."""
    (published,) = published_together(catalog, staged(place, catalog, table, values, **options), **_run(options))
    return published


def published_together(
    catalog: Catalog, *tables: StagedTable, run_id: str = "run-1", on_step: Callable[[str], None] = lambda _: None
) -> tuple[PublishedTable, ...]:
    """Publish in one go: one commit, where the catalog has one for several tables."""
    return publish([(catalog, table) for table in tables], run_id, "digest", on_step)


def rows(place: Place, catalog: Catalog, table: str) -> list[int]:
    """The first column of every live file, sorted, read by field id alone."""
    current = state(place, catalog, table)
    found: list[int] = []
    for file in live_files(current):
        content = pq.read_table(io.BytesIO(current.store.read(file.path)))
        found += content.column(0).to_pylist()
    return sorted(found)


def _run(options: Mapping[str, Any]) -> dict[str, str]:
    return {"run_id": options["run_id"]} if "run_id" in options else {}


def _value(value: int, type_: pa.DataType) -> Any:
    return str(value) if type_ == pa.string() else value
