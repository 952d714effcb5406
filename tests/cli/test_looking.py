"""`floe ls`, `floe history`, `floe runs`: what is there, and what happened."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Floe


@pytest.fixture
def ran(shop: Path, floe: Floe) -> Path:
    """A project in which `floe run` succeeded."""
    assert floe("run", "-q").status == 0
    return shop


def test_ls_before_any_run_lists_the_assets(shop: Path, floe: Floe) -> None:
    assert floe("ls").filtered() == (
        "exit 0\n--- out\n"
        "asset         layer  materialized  status  last run\n"
        "------------  -----  ------------  ------  --------\n"
        "main.example  main   table                 never\n"
        "main.sample   main   seed                  never\n"
        "--- err\n"
    )


def test_ls_after_a_run_says_how_it_ended(ran: Path, floe: Floe) -> None:
    listed = floe("ls", "-s", "example")
    assert listed.out.splitlines()[2].split()[:4] == ["main.example", "main", "table", "success"]
    (asset,) = json.loads(floe("ls", "-s", "example", "--json", "-v").out)["assets"]
    assert (asset["asset"], asset["layer"], asset["materialization"]) == ("main.example", "main", "table")
    assert (asset["last"]["status"], asset["last"]["run_status"]) == ("success", "SUCCEEDED")


def test_ls_of_a_selection_that_names_nothing_is_an_error(shop: Path, floe: Floe) -> None:
    outcome = floe("ls", "--select", "exampel")
    assert outcome.filtered() == (
        "exit 1\n--- out\n--- err\n"
        "error[FLOE-0601]: the selection `exampel` matches nothing\n"
        "hint: did you mean `example`?\n"
    )


def test_several_words_may_follow_select(shop: Path, floe: Floe) -> None:
    keys = [asset["asset"] for asset in json.loads(floe("ls", "-s", "example", "sample", "--json").out)["assets"]]
    assert keys == ["main.example", "main.sample"]
    rest = json.loads(floe("ls", "--exclude", "example", "nothing_else", "--json").out)
    assert rest["error"]["code"] == "FLOE-0601"


def test_history_lists_the_snapshots_with_their_runs(ran: Path, floe: Floe) -> None:
    floe("run", "-q")
    outcome = floe("history", "example")
    assert (outcome.status, outcome.err) == (0, "")
    assert [line.split() for line in outcome.filtered().splitlines()[2:6]] == [
        ["snapshot", "committed", "added", "removed", "total", "run", "refs", "operation", "files"],
        [*["-" * 19] * 2, "-" * 5, "-" * 7, "-" * 5, "-" * 18, "-" * 4, "-" * 9, "-" * 5],
        ["SNAPSHOT", "MOMENT", "5", "5", "5", "RUN", "main", "overwrite", "+1", "-1"],
        ["SNAPSHOT", "MOMENT", "5", "0", "5", "RUN", "append", "+1", "-0"],
    ]
    document = json.loads(floe("history", "main.example", "--limit", "1", "--json").out)
    assert document["table"] == "main.example"
    (latest,) = document["snapshots"]
    assert (latest["rows_added"], latest["rows_removed"], latest["rows_total"]) == (5, 5, 5)
    assert latest["operation"] == "overwrite"
    assert "1 of 2 snapshots" in floe("history", "example", "--limit", "1").err


def test_ids_are_never_cut_in_80_columns(ran: Path, floe: Floe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    document = json.loads(floe("history", "example", "--json").out)
    lines = floe("history", "example").out.splitlines()
    assert str(document["snapshots"][0]["snapshot_id"]) in lines[2]
    assert document["snapshots"][0]["run_id"].startswith(lines[2].split()[-1])
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("exmple", "error[FLOE-0706]: there is no table `exmple`\nhint: did you mean `example`?\n"),
        ("zzz", "error[FLOE-0706]: there is no table `zzz`\nhint: `floe ls` lists the assets\n"),
        (
            "main.example",
            "error[FLOE-0708]: `main.example` was not published yet\nhint: run `floe run -s main.example`\n",
        ),
    ],
)
def test_history_of_what_has_none_says_what_to_do(shop: Path, floe: Floe, name: str, expected: str) -> None:
    outcome = floe("history", name)
    assert (outcome.status, outcome.out, outcome.err) == (2, "", expected)


def test_history_of_a_view_says_that_it_has_none(shop: Path, floe: Floe) -> None:
    (shop / "models/glance.sql").write_text("select 1 as id")
    floe("compile")
    assert floe("history", "glance").err.startswith("error[FLOE-0707]: `main.glance` is a view model")


def test_a_name_that_two_assets_have_is_answered_with_their_keys(shop: Path, floe: Floe) -> None:
    (shop / "data").mkdir()
    (shop / "data/example.csv").write_text("id\n1\n")
    with (shop / "floe.yaml").open("a") as configuration:
        configuration.write("\nsources: {example: {files: data/example.csv, layer: bronze}}\n")
    assert floe("compile", "-q").status == 0
    assert floe("history", "example").filtered() == (
        "exit 2\n--- out\n--- err\n"
        "error[FLOE-0706]: several assets are named `example`\n"
        "hint: name one of them: `bronze.example`, `main.example`\n"
    )


def test_failing_rows_that_a_test_keeps_can_be_looked_at(shop: Path, floe: Floe) -> None:
    test = shop / "tests/test_example.sql"
    test.write_text("{{ config(store_failures=true) }} select 1 as why from {{ ref('example') }}")
    assert floe("run", "-q").status == 1
    history = json.loads(floe("history", "main_dbt_test__audit.test_example", "--json").out)
    assert [snapshot["rows_total"] for snapshot in history["snapshots"]] == [5]
    assert floe("show", "main_dbt_test__audit.test_example", "--limit", "1").out == "why\n---\n  1\n"


def test_runs_before_any_run_says_so(shop: Path, floe: Floe) -> None:
    assert floe("runs").filtered() == "exit 0\n--- out\n--- err\nnothing has run in this project yet\n"
    assert json.loads(floe("runs", "--json").out)["runs"] == []


def test_runs_lists_the_latest_first(ran: Path, floe: Floe) -> None:
    floe("test", "-q")
    listed = [line.split() for line in floe("runs").out.splitlines()[2:]]
    assert [line[4:] for line in listed] == [
        ["test", "SUCCEEDED", "0", "6", "0"],
        ["run", "SUCCEEDED", "2", "6", "2"],
    ]
    documents = json.loads(floe("runs", "--json").out)["runs"]
    assert [run["nodes"] for run in documents] == [{}, {"success": 2}]


def test_one_run_shows_nodes_tests_and_tables(ran: Path, floe: Floe) -> None:
    (run,) = json.loads(floe("runs", "--json").out)["runs"]
    shown = floe("runs", run["run_id"][:15])
    assert shown.out.splitlines()[:2] == [f"run       {run['run_id']}", "status    SUCCEEDED"]
    assert "asset         kind   status   time" in shown.out
    assert "unique_sample_order_id" in shown.out
    assert "main.sample   append        10" in shown.out
    document = json.loads(floe("runs", run["run_id"], "--json").out)["run"]
    assert (len(document["nodes"]), len(document["tests"]), len(document["publishes"])) == (2, 6, 2)


def test_a_run_that_does_not_exist_is_an_error(ran: Path, floe: Floe) -> None:
    assert floe("runs", "1999").filtered() == (
        "exit 2\n--- out\n--- err\nerror[FLOE-0710]: there is no run `1999`\nhint: `floe runs` lists the latest\n"
    )


@pytest.mark.parametrize("words", [("ls",), ("history", "example"), ("runs",), ("compile",)])
def test_the_next_command_reports_a_run_that_was_killed(shop: Path, floe: Floe, words: tuple[str, ...]) -> None:
    """lesson 17"""
    assert floe("run", "-q").status == 0
    slow = "select count(*) as n from range(300000) a, range(100000) b where (a.range + b.range) % 7 > 3"
    (shop / "models/slow.sql").write_text("{{ config(materialized='table') }}\n" + slow)
    command = [sys.executable, "-m", "floe.cli", "run"]
    with subprocess.Popen(command, cwd=shop, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        _wait_for_a_running_run(shop)
        process.send_signal(signal.SIGKILL)
    outcome = floe(*words)
    assert outcome.status == 0
    assert "warning: run `" in outcome.err
    assert "was interrupted" in outcome.err
    assert json.loads(floe("runs", "--json").out)["runs"][0]["status"] == "INTERRUPTED"
    assert "interrupted" not in floe(*words).err


def _wait_for_a_running_run(shop: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with closing(sqlite3.connect(shop / ".floe/state.db")) as connection:
            if connection.execute("select count(*) from runs where status = 'RUNNING'").fetchone()[0]:
                return
        time.sleep(0.05)
    pytest.fail("the run did not begin")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("sum(amount)", "sum(amount) * 2", "error[FLOE-0304]: `artifacts.json` does not match its digest"),
        ('"format_version": 1', '"format_version": 0', "error[FLOE-0303]: `artifacts.json` has format version 0"),
        ("{", "", "error[FLOE-0302]: `artifacts.json` is not a compiled artifact"),
    ],
)
def test_a_tampered_or_older_artifact_is_refused_with_the_way_out(
    ran: Path, floe: Floe, old: str, new: str, expected: str
) -> None:
    """lesson 6"""
    artifact = ran / ".floe/artifacts.json"
    original = artifact.read_text()
    artifact.write_text(original.replace(old, new, 1))
    outcome = floe("history", "example")
    assert (outcome.status, outcome.out) == (2, "")
    assert outcome.err.startswith(expected)
    assert outcome.err.endswith("hint: run `floe compile` to write it anew\n")
    assert floe("runs").status == 0
    assert floe("compile").status == 0
    assert artifact.read_text() == original
