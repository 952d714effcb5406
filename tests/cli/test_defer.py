"""`--defer --state PROJECT` reads what a run does not build, and has not published, from another project's tables."""

from __future__ import annotations

import json
import shutil
import sqlite3
from typing import TYPE_CHECKING

import pytest

from floe.cli.main import main

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Floe

FLOE_YAML = """
name: t
version: "1.0.0"
transforms: [{type: dbt, path: models}]
sources: {raw: {files: raw.csv}}
"""
SCHEMA = """
sources: [{name: bronze, tables: [{name: raw}]}]
models: [{name: base, columns: [{name: id, data_tests: [not_null]}]}]
"""
MODELS = {
    "base": "{{ config(materialized='table') }} select id from {{ source('bronze', 'raw') }}",
    "between": "select id + 10 as id from {{ ref('base') }}",
    "last": "{{ config(materialized='table') }} select id from {{ ref('between') }}",
}


@pytest.fixture(scope="module")
def production(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("production")
    (folder / "models").mkdir()
    (folder / "floe.yaml").write_text(FLOE_YAML)
    (folder / "models/schema.yml").write_text(SCHEMA)
    for name, sql in MODELS.items():
        (folder / f"models/{name}.sql").write_text(sql)
    (folder / "raw.csv").write_text("id\n1\n")
    assert main(["-q", "-C", str(folder), "run"]) == 0
    return folder


@pytest.fixture
def development(production: Path, tmp_path: Path) -> Path:
    """The same project, with other data and nothing published."""
    shutil.copytree(production, tmp_path, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".floe"))
    (tmp_path / "raw.csv").write_text("id\n2\n")
    return tmp_path


def ids(floe: Floe, table: str) -> list[int]:
    return [row[0] for row in json.loads(floe("show", table, "--json").out)["rows"]]


def test_what_is_not_here_is_read_there(production: Path, development: Path, floe: Floe) -> None:
    (development / "models/last.sql").write_text(MODELS["last"].replace("select id", "select 100 + id as id"))
    refused = floe("run", "-q", "-s", "last")
    assert refused.status == 1
    assert "FLOE-0414" in refused.err
    done = floe("run", "-q", "-m", "state:modified", "--defer", "--state", str(production))
    assert done.status == 0, done.err
    assert ids(floe, "last") == [111]
    assert floe("show", "base").status == 2
    assert floe("test", "-q", "-x", "--threads", "1", "--defer", "--state", str(production / ".floe")).status == 0


def test_what_is_here_is_read_here_unless_the_state_is_favored(production: Path, development: Path, floe: Floe) -> None:
    assert floe("run", "-q", "-s", "+base").status == 0
    state = ("--state", str(production / ".floe/artifacts.json"))
    assert floe("run", "-q", "-s", "last", "--defer", *state).status == 0
    assert ids(floe, "last") == [12]
    assert floe("run", "-q", "-s", "last", "--defer", "--favor-state", *state).status == 0
    assert ids(floe, "last") == [11]


def test_what_is_nowhere_is_said_to_be_missing(production: Path, development: Path, floe: Floe) -> None:
    (development / "models/fresh.sql").write_text("{{ config(materialized='table') }} select 1 as id")
    (development / "models/last.sql").write_text("{{ config(materialized='table') }} select id from {{ ref('fresh') }}")
    outcome = floe("run", "-q", "-s", "last", "--defer", "--state", str(production))
    assert outcome.status == 1
    assert "FLOE-0414" in outcome.err


def test_options_that_cannot_work_are_refused(production: Path, development: Path, floe: Floe) -> None:
    copied = development / "copied"
    copied.mkdir()
    shutil.copy(production / ".floe/artifacts.json", copied)
    for words, code in (
        (("--defer",), "FLOE-0745"),
        (("--favor-state",), "FLOE-0745"),
        (("--defer", "--state", "copied"), "FLOE-0746"),
        (("--defer", "--state", "nowhere"), "FLOE-0717"),
    ):
        outcome = floe("run", "-q", "-s", "last", *words)
        assert outcome.status == 2
        assert code in outcome.err


def test_a_retry_reads_where_the_run_did(production: Path, development: Path, floe: Floe) -> None:
    model = development / "models/last.sql"
    model.write_text(MODELS["last"].replace("select id", "select 1 / 0 as wrong, cast('x' as integer) as id"))
    given = ("--defer", "--favor-state", "--state", str(production), "--no-fused-tests")
    assert floe("run", "-q", "-s", "last", *given).status == 1
    model.write_text(MODELS["last"])
    assert floe("retry", "-q").status == 0
    assert ids(floe, "last") == [11]
    with sqlite3.connect(development / ".floe/state.db") as journal:
        plans = [json.loads(plan) for (plan,) in journal.execute("SELECT plan FROM runs ORDER BY run_id")]
    journal.close()
    assert plans[0] == plans[1]
    assert not plans[1]["fused_tests"]
