"""A project whose tables are in AWS Glue and S3: published one after the other, and said so."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Floe
    from tests.services.moto import Moto

FILES = {
    "floe.yaml": 'name: shop\nversion: "1.0.0"\ntransforms: [{type: dbt, path: ./models}]\n',
    "models/silver/orders.sql": "{{ config(materialized='table') }} select 1 as id, 2 as amount",
    "models/gold/totals.sql": (
        "{{ config(materialized='incremental', incremental_strategy='append') }} select id from {{ ref('orders') }}"
    ),
}


def platform(moto: Moto, bucket: str) -> str:
    keys = {name: {"secret_ref": "aws", "key": name} for name in ("access_key_id", "secret_access_key")}
    credentials = {"mode": "static", **keys}
    settings = {
        "version": "1.0.0",
        "storage": {"default": {"type": "s3", "bucket": bucket, "endpoint": moto.endpoint, "credentials": credentials}},
        "catalogs": {"default": {"type": "glue", "endpoint": moto.endpoint, "credentials": credentials}},
        "compute": {"default": {"type": "duckdb"}},
        "layers": {name: {"namespace": f"cli_{name}"} for name in ("silver", "gold")},
    }
    return json.dumps(settings)  # JSON is YAML, too


@pytest.fixture
def shop(tmp_path: Path, moto: Moto, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in {**FILES, "platform/platform.yaml": platform(moto, moto.bucket())}.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for variable, value in moto.administrator.environment("aws").items():
        monkeypatch.setenv(variable, value)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_run_says_that_it_was_not_atomic_and_glue_has_the_tables(shop: Path, floe: Floe, moto: Moto) -> None:
    first = floe("run")
    assert first.status == 0, first.err
    assert "Published 2 tables one after the other: not in one commit" in first.err
    second = json.loads(floe("run", "--json").out)
    assert second["publishing"] == "table-by-table"
    assert second["catalogs"] == [
        {
            "catalog": "default",
            "status": "published",
            "atomic": False,
            "tables": ["cli_silver.orders", "cli_gold.totals"],
        }
    ]
    shown = floe("runs", second["run_id"])
    assert "one table after the other" in shown.out
    assert json.loads(floe("show", "gold.totals", "--json").out)["rows"] == [[1], [1]]
    table = moto.client("glue").get_table(DatabaseName="cli_gold", Name="totals")["Table"]
    assert table["Parameters"]["metadata_location"].startswith("s3://lake-")
