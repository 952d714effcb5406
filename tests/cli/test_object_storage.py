"""A project whose tables lie in a bucket: the same promises as on a disk."""

from __future__ import annotations

import json
import sys
import textwrap
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Floe
    from tests.services.moto import Keys, Moto

FILES = {
    "floe.yaml": """
        name: shop
        version: "1.0.0"
        transforms: [{type: dbt, path: ./models}]
        sources: {orders: {files: "orders.csv", layer: bronze}}
        """,
    "models/sources.yml": """
        sources: [{name: bronze, tables: [{name: orders}]}]
        """,
    "models/silver/paid.sql": "select id, amount from {{ source('bronze', 'orders') }} where amount > 0",
    "models/silver/merged.sql": """
        {{ config(materialized='incremental', incremental_strategy='merge', unique_key='id') }}
        select id, amount from {{ source('bronze', 'orders') }}
        """,
    "models/gold/totals.sql": """
        {{ config(materialized='table') }}
        select count(*) as orders, sum(amount)::bigint as total from {{ ref('paid') }}
        """,
    "models/gold/nothing.sql": "{{ config(materialized='table') }} select 1 as id where false",
    "models/gold/schema.yml": """
        models:
          - name: totals
            columns: [{name: total, data_tests: [not_null, unique]}]
        """,
    "orders.csv": "id,amount\n1,10\n2,20\n",
}


def platform(moto: Moto, bucket: str, **changes: object) -> str:
    secret = {name: {"secret_ref": "s3", "key": name} for name in ("access_key_id", "secret_access_key")}
    storage = {
        "type": "s3",
        "bucket": bucket,
        "prefix": "lake/prod",
        "endpoint": moto.endpoint,
        "credentials": {"mode": "static", **secret},
        **changes,
    }
    return f"""
        version: "1.0.0"
        storage: {{default: {json.dumps(storage)}}}
        catalogs: {{default: {{type: sql, uri: "sqlite:///.floe/catalog.db"}}}}
        compute: {{default: {{type: duckdb}}}}
        layers: {{bronze: {{namespace: bronze}}, silver: {{namespace: silver}}, gold: {{namespace: gold}}}}
        """


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip("\n"))


@pytest.fixture(params=["extension", "arrow"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """How DuckDB reaches the bucket; without the extension's wheel it is through Arrow."""
    if request.param == "arrow":
        monkeypatch.setitem(sys.modules, "duckdb_extension_httpfs", None)
    return str(request.param)


@pytest.fixture
def bucket(moto: Moto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A bucket, and a project in the folder of the test whose tables are to lie in it."""
    name = moto.bucket()
    write(tmp_path, {**FILES, "platform.yaml": platform(moto, name)})
    use(moto.user(), monkeypatch)
    return name


def use(keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable, value in keys.environment().items():
        monkeypatch.setenv(variable, value)


def rows(floe: Floe, table: str) -> list[list[object]]:
    shown = floe("show", table, "--json")
    assert shown.status == 0, shown.err
    return json.loads(shown.out)["rows"]


def test_a_project_runs_again_and_again_in_a_bucket(
    way: str, bucket: str, moto: Moto, floe: Floe, tmp_path: Path
) -> None:
    first = floe("run")
    assert first.status == 0, first.err
    assert rows(floe, "gold.totals") == [[2, 30]]
    assert rows(floe, "gold.nothing") == []
    assert not (tmp_path / ".floe" / "warehouse").exists()
    assert all(key.startswith("lake/prod/") for key in moto.keys_of(bucket))

    write(tmp_path, {"orders.csv": "id,amount\n2,25\n3,30\n"})
    assert floe("run").status == 0
    assert rows(floe, "gold.totals") == [[2, 55]]
    assert sorted(rows(floe, "silver.merged")) == [[1, 10], [2, 25], [3, 30]]
    assert floe("history", "silver.merged").status == 0


def test_a_failed_run_leaves_nothing_in_the_bucket(
    way: str, bucket: str, moto: Moto, floe: Floe, tmp_path: Path
) -> None:
    assert floe("run").status == 0
    before = moto.keys_of(bucket)
    write(tmp_path, {"orders.csv": "id,amount\n1,\n"})
    failed = floe("run")
    assert failed.status == 1
    assert moto.keys_of(bucket) == before
    assert rows(floe, "gold.totals") == [[2, 30]]
