"""`floe freshness` gives the statuses of `dbt source freshness`."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
from dbt.artifacts.schemas.freshness import FreshnessExecutionResultArtifact

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
  - name: files
    config:
      meta: {external_location: "read_csv('FOLDER/{name}.csv')"}
      loaded_at_field: stamp
      freshness: {warn_after: {count: 90, period: minute}, filter: "{{ var('kept', 'id = 1') }}"}
    tables: [{name: late}]
  - name: queried
    schema: bronze
    tables:
      - name: old
        config:
          loaded_at_query: "select max(stamp) from {{ this }} where id = {{ env_var('WANTED', '1') }}"
          freshness: {warn_after: {count: 2, period: day}}
"""
AGES = {"fresh": timedelta(minutes=5), "late": timedelta(hours=3), "old": timedelta(days=3)}
EXPECTED = {
    "bronze.fresh": "pass",
    "bronze.late": "warn",
    "bronze.old": "error",
    "bronze.empty": "error",
    "bronze.filtered": "error",
    "files.late": "warn",
    "queried.old": "warn",
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "dbt/models").mkdir(parents=True)
    (tmp_path / "floe.yaml").write_text(FLOE_YAML)
    (tmp_path / "dbt/dbt_project.yml").write_text("name: own\nversion: '1.0'\nprofile: any\n")
    (tmp_path / "dbt/models/sources.yml").write_text(SOURCES.replace("FOLDER", str(tmp_path)))
    (tmp_path / "dbt/models/a.sql").write_text("select 1 as id")
    (tmp_path / "empty.csv").write_text("id,stamp\n")
    for name, age in AGES.items():
        moment = (datetime.now(UTC) - age).replace(tzinfo=None)
        (tmp_path / f"{name}.csv").write_text(f"id,stamp\n1,{moment:%Y-%m-%d %H:%M:%S}\n")
    return tmp_path


def statuses(floe: Floe) -> dict[str, str]:
    return {item["source"]: item["status"] for item in json.loads(floe("freshness", "--json").out)["sources"]}


def of_dbt(project: Path) -> dict[str, Any]:
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
    return read(work / "target/sources.json")


def read(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text("utf-8")))


def by_source(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {".".join(item["unique_id"].split(".")[2:]): item for item in document["results"]}


def test_statuses_and_sources_json_are_those_of_dbt(project: Path, floe: Floe) -> None:
    assert floe("run", "-q").status == 0
    assert statuses(floe) == EXPECTED
    theirs = of_dbt(project)
    expected = by_source(theirs)
    expected.pop("bronze.nowhere", None)  # nothing makes it, so there is no table to judge
    assert {name: item["status"] for name, item in expected.items()} == EXPECTED
    ours = read(project / "dbt/target/sources.json")
    assert set(ours) == set(theirs)
    assert set(ours["metadata"]) == set(theirs["metadata"])
    for name, item in by_source(ours).items():
        assert set(item) == set(expected[name])
        assert item["max_loaded_at"] == expected[name]["max_loaded_at"], name
        assert item["criteria"] == expected[name]["criteria"]
    FreshnessExecutionResultArtifact.read_and_check_versions(str(project / "dbt/target/sources.json"))


def test_sources_that_read_files_themselves_are_selected_by_name(project: Path, floe: Floe) -> None:
    assert floe("run", "-q").status == 0
    outcome = floe("freshness", "--json", "-s", "source:files", "-o", "out/judged.json")
    assert outcome.status == 0, outcome.err
    assert [item["source"] for item in json.loads(outcome.out)["sources"]] == ["files.late"]
    assert set(by_source(read(project / "out/judged.json"))) == {"files.late"}
    assert not (project / "dbt/target/sources.json").exists()
    assert "files.late" not in floe("freshness", "--exclude", "source:files").out
    assert floe("freshness", "-s", "source:nothing").status == 1


def test_a_query_that_only_a_run_could_render_is_refused(project: Path, floe: Floe) -> None:
    text = (project / "dbt/models/sources.yml").read_text()
    for jinja, why in (
        ("{{ run_started_at }}", "uses `run_started_at`"),
        ("{% do run_query('select 1') %}", "queries"),
    ):
        (project / "dbt/models/sources.yml").write_text(text.replace("{{ env_var('WANTED', '1') }}", jinja))
        outcome = floe("freshness")
        assert outcome.status == 1
        assert "FLOE-0240" in outcome.err
        assert why in outcome.err


def test_a_macro_of_the_project_that_judges_sources_is_said_not_to_be_used(project: Path, floe: Floe) -> None:
    (project / "dbt/macros").mkdir()
    (project / "dbt/macros/own.sql").write_text("{% macro duckdb__collect_freshness(a, b, c) %}{% endmacro %}")
    assert "does not use the macro `duckdb__collect_freshness`" in floe("compile").err


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
