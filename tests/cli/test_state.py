"""`state:` and `result:`: selections that compare with an earlier artifact and with the last run."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Floe

TABLE = "{{ config(materialized='table') }} "
FILES = {
    "floe.yaml": 'name: t\nversion: "1.0.0"\ntransforms: [{type: dbt, path: dbt}]\n',
    "dbt/dbt_project.yml": "name: own\nversion: '1.0'\nprofile: any\n",
    "dbt/seeds/codes.csv": "id\n1\n",
    "dbt/macros/one.sql": "{% macro one() %}1{% endmacro %}",
    "dbt/models/a.sql": TABLE + "select * from {{ ref('codes') }}",
    "dbt/models/b.sql": TABLE + "select {{ one() }} as id from {{ ref('a') }}",
    "dbt/models/c.sql": TABLE + "select * from {{ ref('b') }}",
    "dbt/models/schema.yml": "models: [{name: a, columns: [{name: id, data_tests: [not_null]}]}]\n",
}


@pytest.fixture
def project(tmp_path: Path, floe: Floe) -> Path:
    """A project, and its artifact in `before/`."""
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert floe("compile", "-q").status == 0
    (tmp_path / "before").mkdir()
    shutil.copy(tmp_path / ".floe/artifacts.json", tmp_path / "before")
    return tmp_path


def listed(floe: Floe, selector: str, state: str = "before") -> list[str]:
    outcome = floe("ls", "--json", "-s", selector, "--state", state)
    assert outcome.status == 0, outcome.err
    return [asset["asset"].removeprefix("main.") for asset in json.loads(outcome.out)["assets"]]


def edit(project: Path, name: str, text: str) -> None:
    (project / name).write_text(text)


def test_modified_is_what_differs_and_what_is_new(project: Path, floe: Floe) -> None:
    edit(project, "dbt/models/a.sql", TABLE + "select id + 1 as id from {{ ref('codes') }}")
    edit(project, "dbt/models/d.sql", "select 1 as id")
    assert listed(floe, "state:modified") == ["a", "d"]
    assert listed(floe, "state:modified+") == ["a", "b", "c", "d"]
    assert listed(floe, "state:new") == ["d"]
    assert listed(floe, "state:old") == ["a", "b", "c", "codes"]
    assert listed(floe, "state:unmodified") == ["b", "c", "codes"]
    assert listed(floe, "state:modified", "before/artifacts.json") == ["a", "d"]


def test_a_changed_macro_or_seed_modifies_what_is_made_of_it(project: Path, floe: Floe) -> None:
    edit(project, "dbt/macros/one.sql", "{% macro one() %}2{% endmacro %}")
    assert listed(floe, "state:modified") == ["b"]
    edit(project, "dbt/seeds/codes.csv", "id\n2\n")
    assert listed(floe, "state:modified.body") == ["b", "codes"]


def test_parts_of_a_change_are_told_apart(project: Path, floe: Floe) -> None:
    edit(project, "dbt/models/a.sql", "{{ config(materialized='view') }} select * from {{ ref('codes') }}")
    edit(project, "dbt/models/c.sql", "{{ config(materialized='table', alias='see') }} select * from {{ ref('b') }}")
    assert listed(floe, "state:modified.configs,a") == ["a"]
    assert listed(floe, "state:modified.relation") == ["see"]


def test_a_comment_on_the_model_or_its_description_modifies_nothing(project: Path, floe: Floe) -> None:
    edit(project, "dbt/models/b.sql", "{# why #}" + FILES["dbt/models/b.sql"])
    edit(
        project,
        "dbt/models/schema.yml",
        FILES["dbt/models/schema.yml"].replace("{name: a,", "{name: a, description: A,"),
    )
    outcome = floe("ls", "-s", "state:modified", "--state", "before")
    assert outcome.status == 1
    assert outcome.err == (
        "error[FLOE-0601]: the selection `state:modified` matches nothing\nhint: nothing is to be done\n"
    )


def test_a_changed_test_is_selected_alone(project: Path, floe: Floe) -> None:
    edit(project, "dbt/models/schema.yml", FILES["dbt/models/schema.yml"].replace("not_null", "unique"))
    assert floe("run", "-q").status == 0
    document = json.loads(floe("test", "--json", "-s", "state:modified", "--state", "before").out)
    assert [test["name"] for test in document["tests"]] == ["unique_a_id"]


def test_what_is_not_selected_is_read_from_what_is_published(project: Path, floe: Floe) -> None:
    assert floe("run", "-q").status == 0
    edit(project, "dbt/models/c.sql", TABLE + "select id * 10 as id from {{ ref('b') }}")
    document = json.loads(floe("build", "--json", "-s", "state:modified", "--state", "before").out)
    assert [node["asset"] for node in document["nodes"]] == ["main.c"]
    assert json.loads(floe("show", "c", "--json").out)["rows"] == [[10]]


def test_without_an_artifact_to_compare_with_it_says_so(project: Path, floe: Floe) -> None:
    outcome = floe("run", "-s", "state:modified")
    assert outcome.status == 1
    assert "error[FLOE-0606]: `state:modified` has no earlier artifact to compare with" in outcome.err
    outcome = floe("run", "-s", "state:modified", "--state", "bfore")
    assert outcome.status == 2
    assert "error[FLOE-0717]: there is no artifact at `bfore`" in outcome.err
    outcome = floe("run", "-s", "state:modifeid", "--state", "before")
    assert outcome.status == 1
    assert "`state:modifeid` is not a state" in outcome.err


def test_result_selects_by_what_became_of_it_in_the_last_run(project: Path, floe: Floe) -> None:
    assert "FLOE-0606" in floe("ls", "-s", "result:error").err
    edit(project, "dbt/models/b.sql", TABLE + "select cast('x' as integer) as id from {{ ref('a') }}")
    assert floe("run", "-q").status == 1
    assert listed(floe, "result:error") == ["b"]
    assert listed(floe, "result:error+") == ["b", "c"]
    assert listed(floe, "result:skipped") == ["c"]
    assert listed(floe, "1+result:pass") == ["a"]


def test_each_part_of_modified_tells_its_own_changes(tmp_path: Path, floe: Floe) -> None:
    late = TABLE + "{% set x = run_query('select 1') %} select {{ one() }} as id"
    contracted = TABLE + "select 1 as id"
    schema = """
models:
  - {name: late, config: {meta: {owner: ada}}}
  - name: contracted
    description: First.
    config: {contract: {enforced: true}, persist_docs: {relation: true}}
    columns: [{name: id, data_type: integer}]
unit_tests:
  - name: one_row
    model: contracted
    given: []
    expect: {rows: [{id: 1}]}
"""
    files = {**FILES, "dbt/models/late.sql": late, "dbt/models/contracted.sql": contracted}
    for name, text in {**files, "dbt/models/schema.yml": schema}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert floe("compile", "-q").status == 0
    shutil.copytree(tmp_path / ".floe", tmp_path / "before", ignore=shutil.ignore_patterns("dbt", "cache"))
    edit(tmp_path, "dbt/macros/one.sql", "{% macro one() %}1{# still #}{% endmacro %}")
    assert listed(floe, "state:modified") == ["late"]
    assert listed(floe, "state:modified.macros") == ["b", "late"]
    changed = schema.replace("owner: ada", "owner: bob").replace("First.", "Second.")
    edit(tmp_path, "dbt/models/schema.yml", changed.replace("data_type: integer", "data_type: bigint"))
    assert listed(floe, "state:modified.configs") == ["late"]
    assert listed(floe, "state:modified.persisted_descriptions") == ["contracted"]
    assert listed(floe, "state:modified.contract") == ["contracted"]
    edit(tmp_path, "dbt/models/schema.yml", changed.replace("rows: [{id: 1}]", "rows: [{id: 2}]"))
    modified = floe("ls", "--json", "-s", "state:modified,test_type:unit", "--state", "before")
    assert [test["name"] for test in json.loads(modified.out)["tests"]] == ["one_row"]
    shown = floe("ls", "--resource-type", "unit_test")
    assert "one_row" in shown.out
    assert floe("ls", "--resource-type", "unittest").status == 2
    assert floe("ls", "--exclude-resource-type", "model,seed", "unit_test").status == 1


SOURCES = """
version: 2
sources:
  - name: bronze
    config: {loaded_at_field: at_time, freshness: {error_after: {count: 1, period: day}}}
    tables: [{name: events}, {name: visits}]
"""


def test_fresher_sources_are_those_with_newer_rows_than_at_the_earlier_judgement(project: Path, floe: Floe) -> None:
    edit(project, "floe.yaml", FILES["floe.yaml"] + "sources: {events: {files: e.csv}, visits: {files: v.csv}}\n")
    edit(project, "dbt/models/sources.yml", SOURCES)
    edit(project, "dbt/models/read.sql", TABLE + "select * from {{ source('bronze', 'events') }}")
    for name in ("e", "v"):
        edit(project, f"{name}.csv", "at_time\n2026-01-01 00:00:00\n")
    never = floe("ls", "-s", "source_status:fresher", "--state", "before")
    assert (never.status, "run `floe freshness` first" in never.err) == (1, True)
    assert floe("run", "-q").status == 0
    floe("freshness", "-q")
    missing = floe("ls", "-s", "source_status:fresher", "--state", "before")
    assert "there is no `sources.json` at `before`" in missing.err
    (project / "yesterday").mkdir()
    shutil.copy(project / "dbt/target/sources.json", project / "yesterday")
    edit(project, "e.csv", "at_time\n2026-01-02 00:00:00\n")
    assert floe("run", "-q").status == 0
    floe("freshness", "-q")
    assert listed(floe, "source_status:fresher+", "yesterday") == ["bronze.events", "read"]
    assert "FLOE-0603" in floe("ls", "-s", "source_status:older", "--state", "yesterday").err
    (project / "yesterday/sources.json").write_text("[]")
    assert "FLOE-0738" in floe("ls", "-s", "source_status:fresher", "--state", "yesterday").err
    assert "FLOE-0606" in floe("ls", "-s", "source_status:fresher").err
