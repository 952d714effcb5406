"""`floe docs` writes dbt's files where dbt's tools look for them, and serves the site."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest
from pyiceberg.catalog.sql import SqlCatalog

from floe.cli.main import main

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Floe

FLOE_YAML = """
name: t
version: "1.0.0"
owner: data@example.com
transforms: [{type: dbt, path: dbt}]
sources: {raw: {files: raw.csv}}
"""
SCHEMA = """
sources: [{name: bronze, tables: [{name: raw, columns: [{name: id, data_tests: [not_null]}]}]}]
models:
  - name: a
    description: "{{ doc('about_a') }}"
    config: {persist_docs: {relation: true, columns: true}}
    columns: [{name: ID, description: Its number., data_tests: [{unique: {config: {severity: warn}}}]}]
  - {name: late, description: When it began., config: {persist_docs: {relation: true}}}
  - name: b
    description: Not kept.
    config: {persist_docs: {columns: true}}
    columns: [{name: id, description: "{{ var('said', 'The first text.') }}"}]
"""
DOCS = "{% docs about_a %}\nRows of *raw*.\n{% enddocs %}\n"
MODELS = {
    "a": "{{ config(materialized='table') }} select id from {{ source('bronze', 'raw') }}",
    "b": "{{ config(materialized='incremental') }} select id from {{ ref('a') }} {% if is_incremental() %}"
    "where id > 5{% endif %}",
    "late": "select '{{ run_started_at }}' as began",
}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project after two runs; in the second a test warned."""
    folder = tmp_path_factory.mktemp("documented")
    (folder / "dbt/models").mkdir(parents=True)
    (folder / "floe.yaml").write_text(FLOE_YAML)
    (folder / "dbt/dbt_project.yml").write_text("name: own\nversion: '1.0'\nprofile: any\n")
    (folder / "dbt/models/schema.yml").write_text(SCHEMA)
    (folder / "dbt/models/docs.md").write_text(DOCS)
    for name, sql in MODELS.items():
        (folder / f"dbt/models/{name}.sql").write_text(sql)
    (folder / "raw.csv").write_text("id\n1\n")
    assert main(["-q", "-C", str(folder), "run"]) == 0
    (folder / "raw.csv").write_text("id\n1\n1\n")
    assert main(["-q", "-C", str(folder), "run"]) == 0
    return folder


@pytest.fixture
def project(built: Path, tmp_path: Path) -> Path:
    shutil.copytree(built, tmp_path, symlinks=True, dirs_exist_ok=True)
    return tmp_path


def read(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text("utf-8")))


def results(path: Path) -> dict[str, dict[str, Any]]:
    return {result["unique_id"]: result for result in read(path)["results"]}


def test_files_go_to_dbts_target_folder(built: Path, floe: Floe) -> None:
    outcome = floe("-C", str(built), "docs", "--json")
    assert outcome.status == 0, outcome.err
    target = built / "dbt/target"
    names = {path.name for path in target.iterdir()}
    assert {"manifest.json", "catalog.json", "run_results.json", "semantic_manifest.json", "index.html"} <= names
    document = json.loads(outcome.out)
    assert document["run_id"] == read(target / "run_results.json")["metadata"]["invocation_id"]
    assert document["projects"][0]["results"] == 5
    assert (target / "compiled/own/models/a.sql").read_text() == 'select id from "floe"."bronze"."raw"'
    table = read(target / "catalog.json")["nodes"]["model.own.a"]
    assert (table["metadata"]["owner"], table["stats"]["row_count"]["value"]) == ("data@example.com", 2)


def test_descriptions_that_are_persisted_are_in_the_tables_and_the_catalog(built: Path, floe: Floe) -> None:
    assert floe("-C", str(built), "docs", "--target-path", str(built / "out")).status == 0
    nodes = read(built / "out/catalog.json")["nodes"]
    assert nodes["model.own.a"]["metadata"]["comment"] == "Rows of *raw*."
    assert nodes["model.own.a"]["columns"]["id"]["comment"] == "Its number."
    assert nodes["model.own.b"]["metadata"]["comment"] is None
    assert nodes["model.own.late"]["metadata"]["comment"] == "When it began."
    assert nodes["model.own.b"]["columns"]["id"]["comment"] == "The first text."
    catalog = SqlCatalog("floe", uri=f"sqlite:///{built / '.floe/catalog.db'}", warehouse=str(built / ".floe"))
    table = catalog.load_table("main.a")
    assert (table.properties["comment"], table.schema().find_field("id").doc) == ("Rows of *raw*.", "Its number.")
    assert len(table.metadata.schemas) == 1  # the second run has found it described as it is


def test_descriptions_follow_the_project_and_stay_with_the_columns(project: Path, floe: Floe) -> None:
    shutil.rmtree(project / ".floe")

    def described() -> list[tuple[str, str | None]]:
        catalog = SqlCatalog("floe", uri=f"sqlite:///{project / '.floe/catalog.db'}", warehouse=str(project / ".floe"))
        return [(field.name, field.doc) for field in catalog.load_table("main.b").schema().fields]

    assert floe("run", "-q").status == 0
    assert described() == [("id", "The first text.")]
    (project / "raw.csv").write_text("id\n7\n")
    assert floe("run", "-q", "--vars", "{said: The second.}").status == 0
    assert described() == [("id", "The second.")]
    text = (project / "dbt/models/schema.yml").read_text()
    (project / "dbt/models/schema.yml").write_text(text.replace("config: {persist_docs: {columns: true}}", ""))
    (project / "raw.csv").write_text("id\n8\n")
    assert floe("run", "-q").status == 0
    assert described() == [("id", "The second.")]
    shown = floe("show", "--json", "--sql", "select id from main.b order by id")
    assert json.loads(shown.out)["rows"] == [[1], [1], [7], [8]]


def test_results_of_the_last_run_have_its_verdicts_and_its_sql(built: Path, floe: Floe, tmp_path: Path) -> None:
    assert floe("-C", str(built), "docs", "--target-path", "out").status == 0
    found = results(tmp_path / "out/run_results.json")
    (warned,) = [result for name, result in found.items() if name.startswith("test.own.unique")]
    assert (warned["status"], warned["failures"]) == ("warn", 1)
    assert warned["message"] == "Got 1 result, configured to warn if != 0"
    assert "where id > 5" in found["model.own.b"]["compiled_code"]
    assert "as began" in found["model.own.late"]["compiled_code"]
    manifest = read(tmp_path / "out/manifest.json")
    assert manifest["nodes"]["model.own.late"]["compiled_code"] == found["model.own.late"]["compiled_code"]


def test_results_of_an_earlier_run_have_the_sql_of_that_run_only(built: Path, floe: Floe, tmp_path: Path) -> None:
    first = json.loads(floe("-C", str(built), "runs", "--json").out)["runs"][-1]["run_id"]
    assert floe("-C", str(built), "docs", "--target-path", "out", "--run", first).status == 0
    found = results(tmp_path / "out/run_results.json")
    assert "where" not in found["model.own.b"]["compiled_code"]
    assert found["model.own.late"]["compiled_code"] is None  # the later run has rendered it anew
    outcome = floe("-C", str(built), "docs", "--run", "1999")
    assert outcome.status == 2
    assert "FLOE-0710" in outcome.err


def test_results_of_a_project_that_has_changed_hold_no_sql(project: Path, floe: Floe) -> None:
    (project / "dbt/models/a.sql").unlink()
    (project / "dbt/models/b.sql").write_text("select 1 as id")
    (project / "dbt/models/schema.yml").write_text(SCHEMA.partition("models:")[0])
    outcome = floe("docs")
    assert outcome.status == 0, outcome.err
    assert "run_results.json holds no SQL" in outcome.err
    found = results(project / "dbt/target/run_results.json")
    assert (found["model.own.a"]["status"], found["model.own.a"]["relation_name"]) == ("success", None)
    assert {result["compiled_code"] for result in found.values()} == {None}


def test_a_failed_run_tells_why_and_what_was_skipped(project: Path, floe: Floe) -> None:
    shutil.rmtree(project / ".floe")  # a copy of a project does not continue the tables of the other
    (project / "dbt/models/a.sql").write_text(MODELS["a"].replace("select id", "select id, 1 / nothing as x"))
    assert floe("run", "-q").status == 1
    assert floe("docs").status == 0
    found = results(project / "dbt/target/run_results.json")
    assert found["model.own.a"]["status"] == "error"
    assert "nothing" in found["model.own.a"]["message"]
    assert (found["model.own.b"]["status"], found["model.own.b"]["timing"]) == ("skipped", [])


def test_before_the_first_run_there_are_no_results_and_no_tables(project: Path, floe: Floe) -> None:
    shutil.rmtree(project / ".floe")
    outcome = floe("docs", "--target-path", "fresh")
    assert outcome.status == 0, outcome.err
    assert "nothing has run yet" in outcome.err
    assert not (project / "fresh/run_results.json").exists()
    assert read(project / "fresh/catalog.json")["nodes"] == {}
    assert read(project / "fresh/manifest.json")["nodes"]["model.own.late"].get("compiled_code") is None


def test_bare_folders_and_several_transforms_do_not_share_a_folder(project: Path, floe: Floe) -> None:
    for folder in ("more", "bare"):
        (project / folder).mkdir()
        (project / folder / f"from_{folder}.sql").write_text("select 1 as id")
    transforms = "transforms: [{type: dbt, path: dbt}, {type: dbt, path: more}, {type: dbt, path: bare}]"
    (project / "floe.yaml").write_text(FLOE_YAML.replace("transforms: [{type: dbt, path: dbt}]", transforms))
    assert floe("docs").status == 0
    assert "model.own.a" in read(project / "dbt/target/manifest.json")["nodes"]
    nodes = [set(read(project / "target" / name / "manifest.json")["nodes"]) for name in ("more", "bare")]
    assert nodes == [{"model.t.from_more"}, {"model.t_bare.from_bare"}]


def test_the_target_path_and_the_pictures_of_the_dbt_project_are_heeded(project: Path, floe: Floe) -> None:
    (project / "dbt/dbt_project.yml").write_text(
        "name: own\nversion: '1.0'\nprofile: any\ntarget-path: built/docs\nasset-paths: [pictures, nowhere]\n"
    )
    (project / "dbt/pictures").mkdir()
    (project / "dbt/pictures/a.svg").write_text("<svg/>")
    for _ in range(2):
        assert floe("docs").status == 0
    assert (project / "dbt/built/docs/manifest.json").is_file()
    assert (project / "dbt/built/docs/pictures/a.svg").is_file()


def test_the_site_is_served_until_it_is_interrupted(project: Path, floe: Floe) -> None:
    assert floe("docs").status == 0
    command = [sys.executable, "-m", "floe.cli", "docs", "serve", "--port", "0", "--no-browser"]
    process = subprocess.Popen(command, cwd=project, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        address = process.stderr.readline().split(" at ")[1].split(";")[0]
        deadline = time.monotonic() + 10
        with urllib.request.urlopen(f"{address}/manifest.json", timeout=deadline - time.monotonic()) as response:
            assert "model.own.a" in json.load(response)["nodes"]
    finally:
        process.send_signal(2)
        process.communicate(timeout=10)
    assert process.returncode == 130


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("docs", "--port", "8001"), "FLOE-0740"),
        (("docs", "serve", "--static"), "FLOE-0740"),
        (("docs", "serve", "--target-path", "nowhere"), "FLOE-0742"),
    ],
)
def test_options_that_have_no_effect_are_refused(project: Path, floe: Floe, words: tuple[str, ...], code: str) -> None:
    outcome = floe(*words)
    assert outcome.status == 2
    assert code in outcome.err


def test_a_port_that_is_taken_and_a_project_without_dbt_are_said(project: Path, floe: Floe) -> None:
    (project / "dbt/target").mkdir(exist_ok=True)
    (project / "dbt/target/index.html").write_text("")
    outcome = floe("docs", "serve", "--host", "256.0.0.1", "--no-browser")
    assert outcome.status == 2
    assert "FLOE-0743" in outcome.err
    (project / "floe.yaml").write_text(FLOE_YAML.replace("transforms: [{type: dbt, path: dbt}]", ""))
    assert "FLOE-0741" in floe("docs").err
    assert "FLOE-0741" in floe("show", "--inline", "select 1").err


def test_what_is_selected_is_listed_as_dbt_lists_it(project: Path, floe: Floe) -> None:

    def lines(output: str, *selection: str) -> list[str]:
        done = floe("ls", "--output", output, *selection)
        assert done.status == 0, done.err
        return done.out.splitlines()

    command = [sys.executable, "-m", "dbt.cli.main", "-q", "ls", "--project-dir", "dbt", "--profiles-dir", "."]
    (project / "profiles.yml").write_text("any: {outputs: {default: {type: duckdb, path: floe.duckdb}}}\n")
    for output in ("name", "selector"):
        done = subprocess.run([*command, "--output", output], cwd=project, capture_output=True, text=True, check=True)
        tests = ("unique_", "not_null_")  # Floe selects a test by its name alone
        theirs = {line.rpartition(".")[2] if any(t in line for t in tests) else line for line in done.stdout.split()}
        assert set(lines(output)) == theirs
    assert lines("path", "-s", "a", "--resource-type", "model") == ["dbt/models/a.sql"]
    (node,) = (json.loads(line) for line in lines("json", "-s", "b"))
    assert (node["unique_id"], node["depends_on"]["nodes"]) == ("model.own.b", ["model.own.a"])
    assert node["config"]["materialized"] == "incremental"
    assert "FLOE-0747" in floe("ls", "--output", "name", "--json").err


def test_typed_sql_is_rendered_with_the_project(built: Path, floe: Floe) -> None:
    here = ("-C", str(built))
    shown = floe(
        "show", *here, "--json", "--inline", "select count(*) from {{ ref('a') }} where id = {{ var('n', 1) }}"
    )
    assert json.loads(shown.out)["rows"] == [[2]]
    rendered = floe("compile", *here, "--vars", "{n: 3}", "--inline", "select {{ var('n') }} from {{ ref('a') }}")
    assert rendered.out == 'select 3 from "floe"."main"."a"\n'
    assert "FLOE-0748" in floe("compile", *here, "--inline", "select {{ run_query('select 1') }}").err
    assert "FLOE-0201" in floe("compile", *here, "--inline", "select * from {{ ref('nothing') }}").err
    assert "FLOE-0749" in floe("show", *here, "a", "--vars", "{n: 3}").err
    assert "FLOE-0711" in floe("show", *here, "--sql", "select 1", "--inline", "select 1").err
