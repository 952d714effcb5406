"""`floe maintain`: what it says, what it writes down, and that a dry run writes nothing."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Floe

MODEL = """{{ config(materialized='incremental', incremental_strategy='append') }}
select range as id from range(100)
"""
PLATFORM = """version: "1.0.0"
storage: {default: {type: local, path: .floe/warehouse}}
catalogs: {default: {type: sql, uri: "sqlite:///.floe/catalog.db"}}
compute: {default: {type: duckdb}}
layers: {gold: {namespace: gold, retention_days: 0, keep_snapshots: 1}}
"""


@pytest.fixture
def grown(floe: Floe, tmp_path: Path) -> Path:
    """A project with a table of three appends and one that is replaced each time."""
    (tmp_path / "floe.yaml").write_text('name: cared\nversion: "1.0.0"\ntransforms: [{type: dbt, path: models}]\n')
    (tmp_path / "models/gold").mkdir(parents=True)
    (tmp_path / "models/gold/events.sql").write_text(MODEL)
    (tmp_path / "models/gold/once.sql").write_text("{{ config(materialized='table') }} select 1 as id")
    for _ in range(3):
        assert floe("run", "-q").status == 0
    return tmp_path


def everything(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Every file with content and time of its last change, but for the lock that compiling takes."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != "compile.lock")
    return {str(path): (path.read_bytes(), path.stat().st_mtime_ns) for path in files}


def test_a_dry_run_says_what_would_be_done_and_writes_nothing(floe: Floe, grown: Path) -> None:
    floe("runs")  # so that reading the journal has made the files beside it
    before = everything(grown)
    outcome = floe("maintain", "--dry-run")
    assert everything(grown) == before
    assert outcome.status == 0
    assert outcome.out.splitlines()[0].split("  ")[0] == "table"
    assert "gold.events  3 -> 4     3 -> 1" in outcome.out
    assert "gold.once" not in outcome.out
    assert "would be" in outcome.err
    assert len(json.loads(floe("runs", "--json").out)["runs"]) == 3


def test_it_compacts_and_is_in_the_journal_and_in_the_history(floe: Floe, grown: Path) -> None:
    outcome = floe("maintain")
    assert outcome.status == 0
    assert "3 files into 1" in outcome.err
    assert "SUCCEEDED" in outcome.err
    run = json.loads(floe("runs", "--limit", "1", "--json").out)["runs"][0]
    assert (run["command"], run["status"]) == ("maintain", "SUCCEEDED")
    told = json.loads(floe("runs", run["run_id"], "--json").out)["run"]["maintenance"]
    assert [(row["table_name"], row["files_compacted"]) for row in told] == [("gold.events", 3), ("gold.once", 0)]
    assert "3 into 1" in floe("runs", run["run_id"]).out
    latest = json.loads(floe("history", "gold.events", "--json").out)["snapshots"][0]
    assert (latest["run_id"], latest["operation"], latest["rows_total"]) == (run["run_id"], "replace", 300)
    assert json.loads(floe("show", "--sql", "select count(*) as n from gold.events", "--json").out)["rows"] == [[300]]


def test_the_layer_says_what_is_kept_and_the_document_has_every_number(floe: Floe, grown: Path) -> None:
    (grown / "platform.yaml").write_text(PLATFORM)
    outcome = floe("maintain", "--json")
    document = json.loads(outcome.out)
    assert (document["status"], document["dry_run"], document["failures"]) == ("SUCCEEDED", False, [])
    events, once = document["tables"]
    assert (events["snapshots_expired"], events["after"]["snapshots"]) == (3, 1)
    assert (events["files_compacted"], events["files_written"]) == (3, 1)
    assert once["snapshots_expired"] == 2
    assert document["after"]["stored_files"] < document["before"]["stored_files"]
    assert document["after"]["stored_bytes"] == events["after"]["stored_bytes"] + once["after"]["stored_bytes"]
    parquet = [path for path in grown.rglob("*.parquet") if "gold" in path.parts]
    assert len(parquet) == 2


def test_a_second_time_there_is_nothing_to_do(floe: Floe, grown: Path) -> None:
    floe("maintain")
    outcome = floe("maintain")
    assert outcome.out == ""
    assert "nothing to do in 2 tables" in outcome.err


def test_only_selected_tables_are_cared_for(floe: Floe, grown: Path) -> None:
    tables = json.loads(floe("maintain", "-s", "once", "--json").out)["tables"]
    assert [table["table"] for table in tables] == ["gold.once"]
    assert floe("maintain", "-s", "nothing").status == 1


def test_tables_without_an_asset_are_cared_for_too(floe: Floe, grown: Path) -> None:
    (grown / "models/gold/events.sql").unlink()
    tables = json.loads(floe("maintain", "--json").out)["tables"]
    assert [(table["table"], table["asset"]) for table in tables] == [("gold.once", "gold.once"), ("gold.events", None)]


def test_what_retry_does_is_not_changed_by_maintenance(floe: Floe, grown: Path) -> None:
    floe("maintain")
    assert "succeeded" in floe("retry").err.lower()


@pytest.mark.parametrize("age", ["10m", "0d", "soon", "-1d", ""])
def test_an_age_that_is_none_or_too_young_is_refused(floe: Floe, grown: Path, age: str) -> None:
    outcome = floe("maintain", "--older-than", age)
    assert outcome.status == 2
    assert "FLOE-0592" in outcome.err


def test_a_table_that_cannot_be_read_does_not_keep_the_others_from_care(floe: Floe, grown: Path) -> None:
    metadata = max((grown / ".floe/warehouse/gold/once/metadata").glob("*.metadata.json"))
    lists = [path for path in metadata.parent.glob("snap-*.avro") if path.stem.split("-")[1] in metadata.read_text()]
    for path in lists:
        path.unlink()
    outcome = floe("maintain", "--json")
    document = json.loads(outcome.out)
    assert outcome.status == 2
    assert document["status"] == "FAILED"
    assert [table["table"] for table in document["tables"]] == ["gold.events"]
    assert [failure["table"] for failure in document["failures"]] == ["gold.once"]
    plain = floe("maintain")
    assert "error[FLOE-0506]: `gold.once`: " in plain.err


def test_the_table_is_right_at_80_columns(floe: Floe, grown: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    outcome = floe("maintain", "--dry-run", "-v")
    assert all(len(line) <= 80 for line in outcome.out.splitlines())
    assert outcome.out.splitlines()[0].startswith("table        snapshots  data files  stored files")
    monkeypatch.setenv("COLUMNS", "120")
    wide = floe("maintain", "--dry-run", "-v")
    assert "orphans" in wide.out.splitlines()[0]
    assert all(len(line) <= 120 for line in wide.out.splitlines())


def test_leftovers_and_unknown_tables_are_named(floe: Floe, grown: Path) -> None:
    import shutil

    gold = grown / ".floe/warehouse/gold"
    shutil.copytree(gold / "once", gold / "dropped")
    (gold / "never/data").mkdir(parents=True)
    (gold / "never/data/x.parquet").write_bytes(b"1")
    for path in (gold / "never").rglob("*"):
        os.utime(path, (0, 0))
    outcome = floe("maintain")
    assert "1 file (1 B) of tables that never came to be" in outcome.err
    assert "gold/dropped` holds a table that no catalog knows; it is left alone" in outcome.err
    assert not (gold / "never/data/x.parquet").exists()
