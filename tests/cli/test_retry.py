"""`floe retry`: what the last run did not bring to its end, and no claim of success before it has (lesson 17)."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Floe

TABLE = "{{ config(materialized='table') }} "
BROKEN = TABLE + "select 1 / 0 as id, cast('x' as integer) as wrong"
FILES = {
    "floe.yaml": 'name: t\nversion: "1.0.0"\npublish: per-asset\ntransforms: [{type: dbt, path: dbt}]\n',
    "dbt/dbt_project.yml": "name: own\nversion: '1.0'\nprofile: any\n",
    "dbt/models/good.sql": TABLE + "select {{ var('days', 1) }} as id",
    "dbt/models/bad.sql": BROKEN,
    "dbt/models/after_bad.sql": TABLE + "select * from {{ ref('bad') }}",
    "dbt/models/schema.yml": "models:\n"
    "  - {name: good, columns: [{name: id, data_tests: [not_null]}]}\n"
    "  - {name: after_bad, columns: [{name: id, data_tests: [unique]}]}\n",
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def mend(project: Path) -> None:
    (project / "dbt/models/bad.sql").write_text(TABLE + "select 2 as id")


def retried(floe: Floe) -> dict[str, Any]:
    return json.loads(floe("retry", "--json").out)


def names(document: dict[str, Any]) -> tuple[set[str], set[str]]:
    return {node["asset"] for node in document["nodes"]}, {test["name"] for test in document["tests"]}


def test_without_a_run_there_is_nothing_to_retry_and_that_is_an_error(project: Path, floe: Floe) -> None:
    assert floe("retry").filtered() == (
        "exit 2\n--- out\n--- err\n"
        "error[FLOE-0715]: nothing has run in the environment `local` yet\nhint: run `floe run`\n"
    )


def test_what_failed_and_what_was_skipped_run_again_and_the_rest_does_not(project: Path, floe: Floe) -> None:
    assert floe("run", "-q").status == 1
    mend(project)
    document = retried(floe)
    assert document["status"] == "SUCCEEDED"
    assert names(document) == ({"main.bad", "main.after_bad"}, {"unique_after_bad_id"})
    assert {table["asset"] for table in document["tables"]} == {"main.bad", "main.after_bad"}


def test_a_retry_that_fails_is_a_failure_and_can_be_retried(project: Path, floe: Floe) -> None:
    # lesson 17
    assert floe("run", "-q").status == 1
    again = floe("retry")
    assert again.status == 1
    assert "Retrying run " in again.err
    assert ", FAILED: 2 assets and 1 test\n" in again.err
    mend(project)
    assert floe("retry", "-q").status == 0
    done = floe("retry")
    assert (done.status, done.out) == (0, "")
    assert done.filtered().endswith("nothing to retry: the last run, RUN, succeeded\n")
    assert retried(floe)["status"] == "nothing-to-retry"


def test_what_was_built_but_held_back_is_built_and_tested_again(project: Path, floe: Floe) -> None:
    # lesson 17
    (project / "floe.yaml").write_text(FILES["floe.yaml"].replace("publish: per-asset\n", ""))
    assert floe("run", "-q").status == 1
    mend(project)
    document = retried(floe)
    assert names(document) == ({"main.good", "main.bad", "main.after_bad"}, {"not_null_good_id", "unique_after_bad_id"})
    assert {table["asset"] for table in document["tables"]} == {"main.good", "main.bad", "main.after_bad"}


def test_a_retry_has_the_options_and_the_selection_of_the_run(project: Path, floe: Floe) -> None:
    (project / "dbt/models/good.sql").write_text(BROKEN)
    assert floe("run", "-q", "-s", "good", "--vars", "days: 7", "--target", "nightly", "--full-refresh").status == 1
    (project / "dbt/models/good.sql").write_text(TABLE + "select {{ var('days', 1) }} as id, '{{ target.name }}' as t")
    document = retried(floe)
    assert names(document) == ({"main.good"}, {"not_null_good_id"})
    assert json.loads(floe("show", "good", "--json").out)["rows"] == [[7, "nightly"]]
    with sqlite3.connect(project / ".floe/state.db") as journal:
        plans = [json.loads(plan) for (plan,) in journal.execute("SELECT plan FROM runs ORDER BY run_id")]
    assert [(plan["full_refresh"], plan["variables"]) for plan in plans] == [(True, {"days": 7})] * 2
    journal.close()


def test_a_failed_test_of_floe_test_is_tested_again_alone(project: Path, floe: Floe) -> None:
    mend(project)
    assert floe("run", "-q").status == 0
    schema = project / "dbt/models/schema.yml"
    only_five = "{accepted_values: {arguments: {values: [5]}}}"
    schema.write_text(FILES["dbt/models/schema.yml"].replace("not_null", only_five))
    assert floe("test", "-q").status == 1
    document = retried(floe)
    assert document["status"] == "FAILED"
    assert [(test["name"], test["status"]) for test in document["tests"]] == [("accepted_values_good_id__5", "fail")]
    assert document["nodes"] == []


def test_a_killed_run_is_retried_with_all_that_it_had_not_begun(project: Path, floe: Floe) -> None:
    # lesson 17
    (project / "dbt/models/bad.sql").write_text(
        TABLE + "select count(*) as id from range(1000000) a, range(1000000) b where a.range % 7 = b.range % 5"
    )
    assert floe("compile", "-q").status == 0
    command = [sys.executable, "-m", "floe.cli", "-q", "run"]
    with subprocess.Popen(command, cwd=project, stderr=subprocess.DEVNULL) as process:
        wait_for_run(project / ".floe/state.db")
        process.send_signal(signal.SIGKILL)
    mend(project)
    document = retried(floe)
    assert document["status"] == "SUCCEEDED"
    assert names(document)[0] == {"main.good", "main.bad", "main.after_bad"}


def recorded(journal: Path) -> bool:
    connection = sqlite3.connect(journal)
    try:
        return bool(connection.execute("SELECT count(*) FROM runs").fetchone()[0])
    except sqlite3.OperationalError:  # the run is still making the table
        return False
    finally:
        connection.close()


def wait_for_run(journal: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if journal.exists() and recorded(journal):
            return
        time.sleep(0.05)
    pytest.fail("the run did not begin")


def test_where_nothing_that_failed_exists_any_more_it_does_not_say_that_all_is_well(project: Path, floe: Floe) -> None:
    # lesson 17
    assert floe("run", "-q", "-s", "bad").status == 1
    (project / "dbt/models/bad.sql").unlink()
    (project / "dbt/models/after_bad.sql").write_text("select 1 as id")
    outcome = floe("retry")
    assert outcome.status == 2
    assert "error[FLOE-0716]: nothing of the last run, " in outcome.err


def test_a_journal_of_an_older_version_is_retried_from_what_it_recorded(project: Path, floe: Floe) -> None:
    assert floe("run", "-q").status == 1
    connection = sqlite3.connect(project / ".floe/state.db")
    connection.executescript(
        """
        ALTER TABLE nodes DROP COLUMN unique_id; ALTER TABLE nodes DROP COLUMN thread;
        DROP TABLE hooks; ALTER TABLE tests DROP COLUMN thread; ALTER TABLE tests DROP COLUMN found;
        DROP TABLE catalogs; DROP TABLE maintenance; ALTER TABLE runs DROP COLUMN branch;
        ALTER TABLE runs DROP COLUMN plan; PRAGMA user_version = 1;
        """
    )
    connection.close()
    mend(project)
    assert names(retried(floe)) == ({"main.bad", "main.after_bad"}, {"unique_after_bad_id"})
