"""`floe freshness` gives the statuses of `dbt source freshness`."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pytest

if TYPE_CHECKING:
    from conftest import Floe

FLOE_YAML = """
name: t
version: "1.0.0"
transforms: [{type: dbt, path: dbt}]
sources: {fresh: {files: fresh.csv}, late: {files: late.csv}, old: {files: old.csv}, empty: {files: empty.csv}}
"""
SOURCES = """
sources:
  - name: bronze
    config:
      loaded_at_field: stamp
      freshness: {warn_after: {count: 1, period: hour}, error_after: {count: 1, period: day}}
    tables:
      - name: fresh
      - name: late
      - name: old
      - {name: empty}
      - {name: filtered, identifier: fresh, config: {freshness: {filter: "id > 1"}}}
      - {name: unjudged, identifier: old, config: {freshness: null}}
      - {name: nowhere}
"""
AGES = {"fresh": timedelta(minutes=5), "late": timedelta(hours=3), "old": timedelta(days=3)}
EXPECTED = {
    "bronze.fresh": "pass",
    "bronze.late": "warn",
    "bronze.old": "error",
    "bronze.empty": "error",
    "bronze.filtered": "error",
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "dbt/models").mkdir(parents=True)
    (tmp_path / "floe.yaml").write_text(FLOE_YAML)
    (tmp_path / "dbt/dbt_project.yml").write_text("name: own\nversion: '1.0'\nprofile: any\n")
    (tmp_path / "dbt/models/sources.yml").write_text(SOURCES)
    (tmp_path / "dbt/models/a.sql").write_text("select 1 as id")
    (tmp_path / "empty.csv").write_text("id,stamp\n")
    for name, age in AGES.items():
        moment = (datetime.now(UTC) - age).replace(tzinfo=None)
        (tmp_path / f"{name}.csv").write_text(f"id,stamp\n1,{moment:%Y-%m-%d %H:%M:%S}\n")
    return tmp_path


def statuses(floe: Floe) -> dict[str, str]:
    return {item["source"]: item["status"] for item in json.loads(floe("freshness", "--json").out)["sources"]}


def of_dbt(project: Path) -> dict[str, str]:
    work = project / "work"
    work.mkdir()
    database = work / "floe.duckdb"
    with duckdb.connect(str(database)) as connection:
        connection.execute("CREATE SCHEMA bronze")
        for name in AGES:
            connection.execute(f"CREATE TABLE bronze.{name} AS FROM read_csv('{project / name}.csv')")
        connection.execute("CREATE TABLE bronze.empty AS SELECT * FROM bronze.fresh WHERE false")
    profile = {"any": {"target": "dev", "outputs": {"dev": {"type": "duckdb", "path": str(database)}}}}
    (work / "profiles.yml").write_text(json.dumps(profile))
    command = [str(Path(sys.executable).with_name("dbt")), "source", "freshness", "--project-dir", str(project / "dbt")]
    command += ["--profiles-dir", str(work), "--target-path", str(work / "target"), "--log-path", str(work)]
    subprocess.run(command, capture_output=True, check=False, timeout=120)
    results = json.loads((work / "target/sources.json").read_text())["results"]
    return {".".join(item["unique_id"].split(".")[2:]): item["status"] for item in results}


def test_statuses_are_those_of_dbt(project: Path, floe: Floe) -> None:
    assert floe("run", "-q").status == 0
    assert statuses(floe) == EXPECTED
    expected = of_dbt(project)
    expected.pop("bronze.nowhere", None)  # nothing makes it, so there is no table to judge
    assert statuses(floe) == expected


def test_an_error_is_a_failed_pipeline_and_a_warning_is_none(project: Path, floe: Floe) -> None:
    assert floe("run", "-q").status == 0
    assert floe("freshness").status == 1
    chosen = floe("freshness", "-s", "late", "--exclude", "old")
    assert chosen.status == 0
    assert chosen.out.splitlines()[2].split() == ["bronze.late", "warn", "3h", "ago"]


def test_what_is_not_published_yet_cannot_be_judged(project: Path, floe: Floe) -> None:
    outcome = floe("freshness", "--json", "-s", "late")
    assert outcome.status == 1
    (source,) = json.loads(outcome.out)["sources"]
    assert source["status"] == "runtime error"


def test_a_field_that_is_no_timestamp_is_said_to_be_none(project: Path, floe: Floe) -> None:
    assert floe("run", "-q").status == 0
    (project / "dbt/models/sources.yml").write_text(SOURCES.replace("loaded_at_field: stamp", "loaded_at_field: id"))
    (source,) = json.loads(floe("freshness", "--json", "-s", "late").out)["sources"]
    assert (source["status"], source["why"]) == ("runtime error", "`id` is no timestamp, but 1")


def test_where_no_source_has_a_limit_it_says_so(project: Path, floe: Floe) -> None:
    (project / "dbt/models/sources.yml").unlink()
    outcome = floe("freshness")
    assert outcome.status == 2
    assert "error[FLOE-0718]: no selected source says how fresh it must be" in outcome.err
