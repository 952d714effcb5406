"""What Floe publishes is read equal by PyIceberg, DuckDB's Iceberg extension and Spark; what Spark writes, by Floe."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
from services.spark import catalog_settings, open_spark

if TYPE_CHECKING:
    from collections.abc import Iterator

# PySpark leaves its sockets to the garbage collector.
pytestmark = [
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
PIPELINE = """
name: shop
version: "1.0.0"
transforms:
  - {type: dbt, path: models}
"""
MODELS = {
    "typed": """
        {{ config(materialized='table') }}
        select range::int as i, range * 10000000000 as l, range / 4.0::double as d, (range / 8)::float as f,
          range % 2 = 0 as b, 'text ' || range as s, range::decimal(12, 3) as n, date '2026-01-01' + range::int as day,
          timestamp '2026-01-01 00:00:00.123456' + to_hours(range) as moment,
          {'x': range::int, 'y': ['a', null]} as st, [range, null] as li, map {'k': range} as m,
          range::hugeint as huge, 'b'::enum('a', 'b') as e, null::int as nothing
        from range(5)
    """,
    "partitioned": """
        {{ config(materialized='incremental', unique_key='id', partition_by=['day', 'bucket(4, id)']) }}
        select range as id, date '2026-01-01' + (range % 7)::int as day, 'v' || range as v
        from range({{ '10, 30' if is_incremental() else '20' }})
    """,
    "empty": "{{ config(materialized='table') }} select 1 as id where false",
}
KEYS = {"typed": "i", "partitioned": "id", "empty": "id"}


def floe(folder: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "floe.cli", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shop")
    (folder / "floe.yaml").write_text(PIPELINE)
    for name, sql in MODELS.items():
        path = folder / "models" / "gold" / f"{name}.sql"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(sql)
    floe(folder, "run")
    floe(folder, "run")
    return folder


@pytest.fixture(scope="module")
def spark(project: Path) -> Iterator[Any]:
    session = open_spark(catalog_settings("floe", project / ".floe/catalog.db", project / ".floe/warehouse"))
    yield session
    session.stop()


def plain(value: object) -> Any:
    """A value as all engines write it: structs and maps as dictionaries, times and decimals as text."""
    if hasattr(value, "asDict"):
        value = value.asDict()
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        pairs = bool(value) and all(isinstance(item, tuple) and len(item) == 2 for item in value)
        return {key: plain(item) for key, item in value} if pairs else [plain(item) for item in value]
    return value if isinstance(value, bool | int | float | str | None) else str(value)


def as_floe(folder: Path, *arguments: str) -> list[dict[str, Any]]:
    shown = json.loads(floe(folder, "show", *arguments, "--limit", "1000", "--json"))
    names = [column["name"] if isinstance(column, dict) else column for column in shown["columns"]]
    return [dict(zip(names, row, strict=True)) for row in shown["rows"]]


def as_pyiceberg(folder: Path, table: str) -> list[dict[str, Any]]:
    from pyiceberg.catalog.sql import SqlCatalog

    catalog = SqlCatalog("floe", uri=f"sqlite:///{folder}/.floe/catalog.db", warehouse=str(folder / ".floe/warehouse"))
    rows = catalog.load_table(f"gold.{table}").scan().to_arrow().to_pylist()
    catalog.close()
    return sorted(map(plain, rows), key=lambda row: row[KEYS.get(table, "id")])


def as_duckdb(folder: Path, table: str) -> list[dict[str, Any]]:
    from pyiceberg.catalog.sql import SqlCatalog

    catalog = SqlCatalog("floe", uri=f"sqlite:///{folder}/.floe/catalog.db", warehouse=str(folder / ".floe/warehouse"))
    location = catalog.load_table(f"gold.{table}").metadata_location
    catalog.close()
    with duckdb.connect() as connection:
        for name in ("avro", "iceberg"):
            spec = importlib.util.find_spec(f"duckdb_extension_{name}")
            assert spec is not None
            (extension,) = Path(str(spec.origin)).parent.rglob("*.duckdb_extension")
            connection.execute(f"LOAD '{extension}'")
        key = KEYS.get(table, "id")
        found = connection.execute(f"SELECT * FROM iceberg_scan('{location}') ORDER BY {key}")
        names = [item[0] for item in found.description]
        return [dict(zip(names, map(plain, row), strict=True)) for row in found.fetchall()]


def as_spark(spark: Any, table: str) -> list[dict[str, Any]]:
    rows = spark.table(f"floe.gold.{table}").orderBy(KEYS.get(table, "id")).collect()
    return [plain(row) for row in rows]


@pytest.mark.parametrize("table", MODELS)
def test_what_floe_publishes_is_read_equal_everywhere(project: Path, spark: Any, table: str) -> None:
    expected = as_pyiceberg(project, table)

    assert as_duckdb(project, table) == expected
    assert as_spark(spark, table) == expected
    assert len(as_floe(project, f"gold.{table}")) == len(expected) == {"typed": 5, "partitioned": 30, "empty": 0}[table]


MERGE_ON_READ = """
    'write.delete.mode' = 'merge-on-read', 'write.update.mode' = 'merge-on-read', 'write.merge.mode' = 'merge-on-read'
"""


@pytest.mark.parametrize("version", [2, 3])
def test_what_spark_deleted_updated_renamed_and_partitioned_anew_is_read_right(
    project: Path, spark: Any, version: int
) -> None:
    name = f"floe.gold.spark{version}"
    created = f"{name} (id bigint, day string, moment timestamp_ntz, st struct<x: int, y: string>)"
    rows = "select id, concat('d', id % 3), timestamp_ntz '2026-01-01' + make_dt_interval(0, id), "
    last = "100, 'd1', timestamp_ntz '2020-01-01 00:00:00', named_struct('z', 5, 'y', 'q')"
    properties = f"{MERGE_ON_READ}, 'format-version' = '{version}'"
    for statement in (
        f"create table {created} using iceberg partitioned by (day) tblproperties ({properties})",
        f"insert into {name} {rows} named_struct('x', int(id), 'y', 'a') from range(30)",
        f"delete from {name} where id % 7 = 0",
        f"alter table {name} rename column st.x to z",
        f"alter table {name} rename column day to group",
        f"alter table {name} add partition field days(moment)",
        f"update {name} set group = 'd9' where id = 5",
        f"insert into {name} values ({last})",
        f"delete from {name} where id between 20 and 22",
    ):
        spark.sql(statement)
    expected = [[row.id, row.group, str(row.moment), row.st.z] for row in spark.table(name).orderBy("id").collect()]

    query = f'select id, "group", moment, st.z as z from gold.spark{version} order by id'
    rows = as_floe(project, "--sql", query)
    assert [[row["id"], row["group"], str(row["moment"]).replace("T", " "), row["z"]] for row in rows] == expected
    assert len(expected) == 24
