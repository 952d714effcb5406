"""Whole runs on every catalog and storage: what is published, run again, held back, interrupted."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest
from conformance.catalogs.writing import state

if TYPE_CHECKING:
    from conformance.catalogs.places import Place

MODELS = {
    "models/silver/orders.sql": (
        "{{ config(materialized='table') }} select range as id, range % 3 as kind from range(9)"
    ),
    "models/silver/growing.sql": (
        "{{ config(materialized='incremental', unique_key='id') }} select id, kind from {{ ref('orders') }}"
    ),
    "models/gold/kinds.sql": (
        "{{ config(materialized='table') }} select kind, count(*) as orders from {{ ref('orders') }} group by all"
    ),
    "models/schema.yml": ("models: [{name: kinds, columns: [{name: kind, data_tests: [unique, not_null]}]}]\n"),
}
SLOW = """
import time
from pathlib import Path

import pyarrow as pa

import floe


@floe.asset(layer="gold")
def slow(orders):
    Path("begun").touch()
    time.sleep(120)
    return pa.table({"id": [1]})
"""


@pytest.fixture
def shop(place: Place) -> Place:
    for name, text in MODELS.items():
        file = place.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    (place.folder / "models/one.sql").unlink()
    return place


def ran(place: Place, *arguments: str) -> tuple[int, dict[str, Any]]:
    result = place.floe("run", "--json", *arguments)
    assert result.stdout, result.stderr
    return result.returncode, json.loads(result.stdout)


def shown(place: Place, sql: str) -> list[list[Any]]:
    result = place.floe("show", "--json", "--sql", sql)
    assert result.returncode == 0, result.stderr
    return list(json.loads(result.stdout)["rows"])


def snapshots(place: Place) -> dict[str, int]:
    """Snapshots of each table of the catalog."""
    catalog = place.catalog()
    return {str(name): len(state(place, catalog, str(name)).metadata["snapshots"]) for name in catalog.tables()}


def test_a_run_publishes_and_running_again_gives_the_same(shop: Place) -> None:
    # reliability (d), T7 small
    for times in (1, 2):
        status, report = ran(shop)
        assert status == 0, report
        assert {table["asset"]: table["rows_total"] for table in report["tables"]} == {
            "silver.orders": 9,
            "silver.growing": 9,
            "gold.kinds": 3,
        }
        assert shown(shop, "select kind, orders from gold.kinds order by kind") == [[0, 3], [1, 3], [2, 3]]
        assert snapshots(shop)["gold.kinds"] == times
    with shop.plain() as plain:
        assert plain.load_table("silver.growing").scan().count() == 9
    history = shop.floe("history", "gold.kinds", "--json")
    assert history.returncode == 0, history.stderr


def test_a_failing_test_publishes_nothing(shop: Place) -> None:
    # promise (f) of docs/reliability.md
    assert ran(shop)[0] == 0
    before = snapshots(shop)
    (shop.folder / "models/gold/kinds.sql").write_text(
        "{{ config(materialized='table') }} select 1 as kind, 1 as orders from {{ ref('orders') }}"
    )
    status, report = ran(shop)

    assert (status, report["tables"]) == (1, [])
    assert snapshots(shop) == before
    assert shown(shop, "select count(*) from gold.kinds") == [[3]]


def test_a_killed_run_published_nothing_and_the_next_one_cleans_up(shop: Place) -> None:
    # reliability T1, small
    (shop.folder / "floe.yaml").write_text(
        'name: shop\nversion: "1.0.0"\ntransforms: [{type: dbt, path: models}, {type: python, path: assets}]\n'
    )
    (shop.folder / "assets").mkdir()
    (shop.folder / "assets/slow.py").write_text(SLOW)
    process = subprocess.Popen(
        [sys.executable, "-m", "floe.cli", "run"],
        cwd=shop.folder,
        env={**os.environ, **shop.environment, "NO_COLOR": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while not (shop.folder / "begun").exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, "nothing was staged"
        time.sleep(0.2)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert list(shop.catalog().tables()) == []
    (shop.folder / "assets/slow.py").write_text(SLOW.replace("120", "0"))
    result = shop.floe("run")

    assert result.returncode == 0, result.stderr
    assert "was interrupted" in result.stderr
    assert "nothing of it was published" in result.stderr
    assert shown(shop, "select count(*) from silver.orders") == [[9]]
