"""`floe compile`, `floe run`, `floe test`: what a user reads, on which stream, with which exit status."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Floe


def blocks(text: str) -> list[str]:
    """Paragraphs of a text, with runs of blanks made one."""
    return [re.sub(" +", " ", block).strip("\n") for block in text.split("\n\n")]


def test_compile_says_what_was_written(shop: Path, floe: Floe) -> None:
    assert floe("compile").filtered() == (
        "exit 0\n--- out\n--- err\nok: nothing has changed, `.floe/artifacts.json`, digest DIGEST\n"
    )
    (shop / "models/another.sql").write_text("select 1 as id")
    assert floe("compile").filtered() == (
        "exit 0\n--- out\n--- err\nok: wrote 3 assets and 6 tests, `.floe/artifacts.json`, digest DIGEST\n"
    )
    told = floe("compile", "-v").err
    assert "0 rendered, 8 reused" in told
    assert "  reused    main.another\n  reused    main.example\n  reused    test " in told
    (shop / "models/another.sql").write_text("select 2 as id")
    assert "  rendered  main.another\n  reused    main.example\n" in floe("compile", "-v").err
    document = json.loads(floe("compile", "--json", "-v").out)
    assert (document["status"], document["assets"], document["tests"]) == ("unchanged", 3, 6)
    assert document["digest"] == json.loads((shop / ".floe/artifacts.json").read_text())["digest"]


def test_a_run_says_what_it_built_tested_and_published(shop: Path, floe: Floe) -> None:
    outcome = floe("run", "--threads", "1")
    assert (outcome.status, outcome.out) == (0, "")
    assert blocks(outcome.filtered().partition("--- err\n")[2]) == [
        (
            " Running 2 assets and 6 tests of shop in local, up to 1 at a time\n"
            " Loaded TIME main.sample seed 10 rows 2 tests passed\n"
            " Passed TIME test test_example\n"
            " Built TIME main.example table 5 rows 3 tests passed"
        ),
        (
            " Published 2 tables in one commit, TIME\n"
            " main.example +5 5 rows snapshot SNAPSHOT\n"
            " main.sample +10 10 rows snapshot SNAPSHOT\n"
            " Tested 6 passed\n"
            " Succeeded in TIME run RUN"
        ),
    ]


def test_a_run_compiles_first_where_something_changed_and_says_so(shop: Path, floe: Floe) -> None:
    (shop / "models/another.sql").write_text("select 1 as id")
    first = floe("run").err.splitlines()[0]
    assert re.fullmatch(r"  Compiled  *\S+  1 dbt node rendered, 7 reused", first)
    assert "Compiled" not in floe("run").err


def test_quiet_says_nothing_of_a_run_that_succeeds(shop: Path, floe: Floe) -> None:
    assert floe("run", "-q").filtered() == "exit 0\n--- out\n--- err\n"


def test_a_run_as_json_is_one_document_with_progress_on_standard_error(shop: Path, floe: Floe) -> None:
    """lesson 10"""
    outcome = floe("run", "--json", "-v")
    document = json.loads(outcome.out)
    assert (outcome.status, document["schema_version"], document["status"]) == (0, 1, "SUCCEEDED")
    assert {node["asset"]: node["status"] for node in document["nodes"]} == {
        "main.example": "success",
        "main.sample": "success",
    }
    assert len(document["tests"]) == 6
    assert [(table["table"], table["rows_total"]) for table in document["tables"]] == [
        ("main.example", 5),
        ("main.sample", 10),
    ]
    assert all(part["seconds"] > 0 for part in (document, *document["nodes"]))
    assert all(test["seconds"] > 0 or test["shared_scan"] for test in document["tests"])
    assert "Published" in outcome.err


def test_tests_share_scans_unless_that_is_switched_off(shop: Path, floe: Floe) -> None:
    shared = {test["name"]: test["shared_scan"] for test in json.loads(floe("run", "--json").out)["tests"]}
    alone = {
        test["name"]: test["shared_scan"] for test in json.loads(floe("run", "--json", "--no-fused-tests").out)["tests"]
    }
    assert any(shared.values())
    assert not any(alone.values())
    assert list(shared) == list(shared | alone)


def test_a_run_of_an_unchanged_project_loads_no_dbt_and_no_data_frames(shop: Path, floe: Floe) -> None:
    assert floe("compile").status == 0
    script = (
        "import sys; from floe.cli.main import main; status = main(['run'])\n"
        "print(status, sorted({'dbt', 'pyarrow', 'pandas', 'polars', 'sqlalchemy', 'rich'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, cwd=shop, capture_output=True, text=True, check=True)
    assert done.stdout == "0 []\n"


def test_what_a_python_asset_prints_is_no_part_of_the_document(tmp_path: Path, floe: Floe) -> None:
    """lesson 10"""
    (tmp_path / "assets").mkdir()
    (tmp_path / "floe.yaml").write_text('name: shop\nversion: "1.0.0"\ntransforms: [{type: python, path: assets}]\n')
    (tmp_path / "assets/a.py").write_text(
        "import duckdb, floe\n\n\n@floe.asset(layer='gold')\ndef made():\n"
        "    print('hello')\n    return duckdb.sql('select 1 as id')\n"
    )
    outcome = floe("run", "--json")
    assert json.loads(outcome.out)["status"] == "SUCCEEDED"
    assert "hello" in outcome.err


def test_test_reads_what_is_published_and_publishes_nothing(shop: Path, floe: Floe) -> None:
    floe("run", "-q")
    outcome = floe("test", "-s", "example")
    assert (outcome.status, outcome.out) == (0, "")
    assert "Published" not in outcome.err
    assert "    Tested 4 passed\n" in outcome.err
    document = json.loads(floe("test", "--json", "-q").out)
    assert (document["nodes"], len(document["tests"]), document["tables"]) == ([], 6, [])


def test_a_failed_test_shows_the_values_what_was_expected_and_what_was_not_done(shop: Path, floe: Floe) -> None:
    with (shop / "seeds/sample.csv").open("a") as seed:
        seed.write("10,2026-01-09,Ada,1.00\n")
    outcome = floe("run")
    assert (outcome.status, outcome.out) == (1, "")
    said = blocks(outcome.filtered())
    assert any(
        block.startswith(
            "error: test `unique_sample_order_id` on `main.sample` failed: 1 row\n"
            " unique_field n_records\n"
            " ------------ ---------\n"
            " 10 2\n"
            " expected: each value of `order_id` once\n"
        )
        for block in said
    )
    assert "nothing was published" in outcome.err or "none was changed" in outcome.err
    assert floe("show", "sample").status == 2
    assert json.loads(floe("run", "--json", "-q").out)["status"] == "FAILED"


def test_a_failed_model_names_the_rendered_file_and_line_and_what_was_skipped(shop: Path, floe: Floe) -> None:
    model = shop / "models/example.sql"
    model.write_text(model.read_text().replace("sum(amount)", "sum(amout)"))
    outcome = floe("run")
    assert outcome.status == 1
    assert 'error[FLOE-0401]: `main.example` failed: Binder Error: Referenced column "amout" not found' in outcome.err
    assert "  --> .floe/rendered/main/example.sql:8\n" in outcome.err
    assert "sum(amout) as revenue" in outcome.err
    assert re.search(r"Skipped +test test_example because main.example failed", outcome.err)
    assert "Traceback" not in outcome.err
    assert "Traceback" in floe("-vv", "run").err


def test_fail_fast_full_refresh_and_threads_reach_the_run(shop: Path, floe: Floe) -> None:
    assert "up to 1 at a time" in floe("run", "--threads", "1", "--full-refresh", "-x").err
    refused = floe("run", "--threads", "0")
    assert refused.status == 2
    assert refused.err.startswith("error[FLOE-0701]: invalid value for `--threads`: 0 is not in the range x>=1")


def test_a_selection_runs_only_what_it_names(shop: Path, floe: Floe) -> None:
    floe("run", "-q")  # a test that is selected with `sample` reads `example`, too
    document = json.loads(floe("run", "--json", "-q", "--select", "sample").out)
    assert [node["asset"] for node in document["nodes"]] == ["main.sample"]
    document = json.loads(floe("run", "--json", "-q", "--exclude", "sample").out)
    assert [node["asset"] for node in document["nodes"]] == ["main.example"]


def test_a_selection_that_names_nothing_starts_nothing(shop: Path, floe: Floe) -> None:
    """lesson 13"""
    outcome = floe("run", "-s", "exampel", "--json")
    assert (outcome.status, json.loads(outcome.out)["error"]["code"]) == (1, "FLOE-0601")
    assert outcome.err == "error[FLOE-0601]: the selection `exampel` matches nothing\nhint: did you mean `example`?\n"
    assert json.loads(floe("runs", "--json").out)["runs"] == []


def test_a_second_run_names_who_holds_the_environment(shop: Path, floe: Floe) -> None:
    from floe.runtime.lease import acquire, lease_path

    with acquire(lease_path(shop, "local"), "20260131T120000000-abcdef"):
        outcome = floe("run")
        waited = floe("run", "--wait", "0.5")
    assert outcome.status == 2
    assert re.fullmatch(
        r"error\[FLOE-0610\]: environment `local` is held by run `RUN` on host `\S+`, pid \d+, started MOMENT\n"
        r"hint: wait until it ends, or let this command wait with `--wait SECONDS`\n",
        outcome.filtered().partition("--- err\n")[2],
    )
    assert "note: waiting for run `20260131T120000000-abcdef`" in waited.err
    assert floe("run", "-q").status == 0


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [("sum(amount)", "sum(amount) * 2", "FLOE-0304"), ('"format_version": 1', '"format_version": 0', "FLOE-0303")],
)
def test_a_tampered_or_older_artifact_is_never_run(shop: Path, floe: Floe, old: str, new: str, code: str) -> None:
    """lesson 6"""
    artifact = shop / ".floe/artifacts.json"
    original = artifact.read_text()
    artifact.write_text(original.replace(old, new))
    refused = floe("run")
    assert (refused.status, refused.out) == (2, "")
    assert refused.err.startswith(f"error[{code}]")
    assert "hint: run `floe compile` to write it anew" in refused.err
    assert floe("compile").status == 0
    assert artifact.read_text() == original
    assert floe("run", "-q").status == 0


@pytest.mark.parametrize("command", ["run", "compile", "ls", "show"])
def test_a_folder_that_cannot_be_written_is_one_clear_error(shop: Path, floe: Floe, command: str) -> None:
    import shutil

    shutil.rmtree(shop / ".floe")
    (shop / ".floe").write_text("a file where the folder has to be")
    outcome = floe(command, *(["example"] if command == "show" else []))
    assert (outcome.status, outcome.out) == (2, "")
    assert re.fullmatch(r"error\[FLOE-\d{4}\]: .*cannot write `\.floe.*\n(  .*\n)*hint: .*\n", outcome.err)
