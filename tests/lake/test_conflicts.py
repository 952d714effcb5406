"""A table moves on while a run works: what was staged follows where that is right, and is refused where it is not."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from floe.errors import CommitConflictError
from floe.lake.publish import Listener, publish
from floe.lake.read import live_files, snapshots

if TYPE_CHECKING:
    from tests.lake.conftest import Lake

    from floe.lake.base import StagedTable, TableState


def ids(lake: Lake, table: str = "gold.a") -> list[int]:
    return sorted(row[0] for row in lake.duckdb_rows(table))


def set_property(lake: Lake, table: str, key: str, value: str) -> None:
    catalog = lake.plain()
    with catalog.load_table(table).transaction() as transaction:
        transaction.set_properties({key: value})
    catalog.close()


def append(lake: Lake, query: str, **options: object) -> StagedTable:
    return lake.stage("gold.a", query, operation="append", run_id="run-2", blind=True, **options)


def refused(lake: Lake, *staged: StagedTable) -> CommitConflictError:
    """The conflict in which publishing ends; no table of the run has changed."""
    before = {str(name): lake.state(str(name)).metadata_location for name in lake.catalog.tables()}
    with pytest.raises(CommitConflictError) as caught:
        lake.publish(*staged, run_id="run-2")
    assert {str(name): lake.state(str(name)).metadata_location for name in lake.catalog.tables()} == before
    assert caught.value.code == "FLOE-0504"
    return caught.value


# What follows the other writer


def test_rows_that_are_only_added_follow_the_other_writer(lake: Lake) -> None:
    lake.write("gold.a", "SELECT 1 AS id")
    staged = append(lake, "SELECT 2 AS id")
    theirs = lake.write("gold.a", "SELECT 7 AS id", run_id="run-3", operation="append")
    said: list[str] = []

    (published,) = publish([(lake.catalog, staged)], "run-2", "digest", Listener(lake.steps.append, notice=said.append))

    assert ids(lake) == [1, 2, 7]
    assert published.rows_total == 3
    assert snapshots(lake.state("gold.a"))[-1].parent_id == theirs.snapshot_id
    assert lake.steps[-4:] == ["metadata-written", "replayed", "metadata-written", "committed"]
    assert said == [
        f"`gold.a` was changed by run `run-3` (snapshot {theirs.snapshot_id}) meanwhile; what this run adds follows it"
    ]


def test_a_replay_leaves_no_file_behind_that_nobody_needs(lake: Lake) -> None:
    lake.write("gold.a", "SELECT 1 AS id")
    staged = append(lake, "SELECT 2 AS id")
    lake.write("gold.a", "SELECT 7 AS id", run_id="run-3", operation="append")
    lake.publish(staged, run_id="run-2")

    names = [path.name for path in (lake.folder / "warehouse").rglob("*run-2*")]
    assert len(names) == 4, names


def test_every_table_of_the_run_follows_in_one_commit(lake: Lake) -> None:
    lake.publish(*(lake.stage(name, "SELECT 1 AS id") for name in ("gold.a", "gold.b", "gold.c")))
    ours = [
        append(lake, "SELECT 2 AS id"),
        lake.stage("gold.b", "SELECT 2 AS id", run_id="run-2"),
        lake.stage("gold.new", "SELECT 2 AS id", run_id="run-2"),
    ]
    lake.write("gold.a", "SELECT 7 AS id", run_id="run-3", operation="append")
    lake.publish(*ours, run_id="run-2")

    assert [ids(lake, name) for name in ("gold.a", "gold.b", "gold.c", "gold.new")] == [[1, 2, 7], [2], [1], [2]]


@pytest.mark.parametrize(("operation", "expected"), [("replace", [2]), ("append", [1, 2, 7])])
def test_a_change_follows_where_others_only_regrouped_the_same_rows(
    lake: Lake, operation: str, expected: list[int]
) -> None:
    lake.write("gold.a", "SELECT 1 AS id")
    lake.write("gold.a", "SELECT 7 AS id", run_id="run-1b", operation="append")
    staged = lake.stage("gold.a", "SELECT 2 AS id", operation=operation, run_id="run-2")
    files = tuple(file.path for file in live_files(lake.state("gold.a")))
    regrouped = lake.stage("gold.a", "SELECT unnest([1, 7]) AS id", operation="compact", run_id="run-3")
    lake.publish(replace(regrouped, removed_paths=files), run_id="run-3")
    assert snapshots(lake.state("gold.a"))[-1].operation == "replace"
    lake.publish(staged, run_id="run-2")

    assert ids(lake) == expected


@pytest.mark.parametrize("operation", ["replace", "append", "rewrite"])
def test_any_change_follows_where_only_a_property_was_set(lake: Lake, operation: str) -> None:
    lake.write("gold.a", "SELECT 1 AS id")
    removed = [item.path for item in live_files(lake.state("gold.a"))] if operation == "rewrite" else []
    staged = lake.stage("gold.a", "SELECT 2 AS id", run_id="run-2", operation=operation, removed=removed)
    set_property(lake, "gold.a", "owner", "somebody")
    lake.publish(staged, run_id="run-2")

    assert ids(lake) == ([1, 2] if operation == "append" else [2])
    assert lake.table("gold.a").properties["owner"] == "somebody"


def test_added_rows_follow_a_table_that_got_a_column_and_wider_ones(lake: Lake) -> None:
    lake.write("gold.a", "SELECT 1::INTEGER AS id")
    staged = append(lake, "SELECT 2::INTEGER AS id")
    lake.write("gold.a", "SELECT 7::BIGINT AS id, 'x' AS note", run_id="run-3", operation="append")
    lake.publish(staged, run_id="run-2")

    assert lake.rows("gold.a") == [(1, None), (2, None), (7, "x")]


def test_a_change_that_can_be_worked_out_again_is(lake: Lake) -> None:
    lake.write("gold.a", "SELECT 1 AS id")
    removed = [item.path for item in live_files(lake.state("gold.a"))]

    def again(current: TableState) -> StagedTable:
        return lake.stage("gold.a", "SELECT 3 AS id", run_id="run-2", operation="append", base=current)

    staged = lake.stage("gold.a", "SELECT 2 AS id", run_id="run-2", operation="rewrite", removed=removed)
    lake.write("gold.a", "SELECT 7 AS id", run_id="run-3", operation="append")
    lake.publish(replace(staged, replay=again), run_id="run-2")

    assert ids(lake) == [1, 3, 7]


# What is refused


@pytest.mark.parametrize("operation", ["replace", "rewrite", "append"])
def test_a_change_that_was_computed_from_the_old_rows_is_refused(lake: Lake, operation: str) -> None:
    # A table is never replaced by a publish computed from a snapshot that is no longer its parent.
    lake.publish(lake.stage("gold.a", "SELECT 1 AS id"), lake.stage("gold.b", "SELECT 1 AS id"))
    removed = [item.path for item in live_files(lake.state("gold.a"))] if operation == "rewrite" else []
    staged = lake.stage("gold.a", "SELECT 2 AS id", run_id="run-2", operation=operation, removed=removed)
    other = lake.stage("gold.b", "SELECT 2 AS id", run_id="run-2")
    theirs = lake.write("gold.a", "SELECT 7 AS id", run_id="run-3", operation="append")

    error = refused(lake, staged, other)
    assert error.reason == (
        f"`gold.a` was changed by run `run-3` (snapshot {theirs.snapshot_id}) after this run had read it; "
        "nothing was published"
    )
    assert ids(lake) == [1, 7]


def test_what_cannot_be_worked_out_again_is_refused(lake: Lake) -> None:
    lake.write("gold.a", "SELECT 1 AS id")
    staged = replace(lake.stage("gold.a", "SELECT 2 AS id", operation="append"), replay=lambda _current: None)
    lake.write("gold.a", "SELECT 7 AS id", run_id="run-3", operation="append")

    refused(lake, staged)


def test_added_rows_do_not_follow_where_a_column_is_gone_or_another(lake: Lake) -> None:
    for query in ("SELECT 'x' AS note", "SELECT 'text' AS id, 'x' AS note"):
        lake.write("gold.a", "SELECT 1 AS id, 'y' AS note")
        staged = append(lake, "SELECT 2 AS id, 'z' AS note")
        lake.write("gold.a", query, run_id="run-3")

        assert "and its columns are others now" in refused(lake, staged).reason


def test_two_runs_that_both_change_the_columns_conflict(lake: Lake) -> None:
    lake.write("gold.a", "SELECT 1 AS id")
    staged = append(lake, "SELECT 2 AS id, 'x' AS ours")
    lake.write("gold.a", "SELECT 7 AS id, 'y' AS theirs", run_id="run-3", operation="append")

    assert "and its columns are others now" in refused(lake, staged).reason


def test_two_runs_that_both_set_a_property_conflict(lake: Lake) -> None:
    # Two landings of the same file each remember it in a property: the second must not land it again.
    lake.write("gold.a", "SELECT 1 AS id")
    staged = append(lake, "SELECT 2 AS id", properties={"floe.landed-files": "mine"})
    theirs = {"operation": "append", "properties": {"floe.landed-files": "theirs"}}
    lake.write("gold.a", "SELECT 2 AS id", run_id="run-3", **theirs)

    assert "so was its property `floe.landed-files`" in refused(lake, staged).reason


def test_added_rows_do_not_follow_where_the_table_is_partitioned_anew(lake: Lake) -> None:
    lake.write("gold.a", "SELECT 1 AS id")
    staged = append(lake, "SELECT 2 AS id")
    catalog = lake.plain()
    with catalog.load_table("gold.a").update_spec() as update:
        update.add_identity("id")
    catalog.close()

    assert "partitioned in another way" in refused(lake, staged).reason


def test_a_table_that_was_dropped_and_made_anew_is_another_one(lake: Lake) -> None:
    lake.write("gold.a", "SELECT 1 AS id")
    staged = append(lake, "SELECT 2 AS id")
    lake.catalog.drop([staged.base.name])
    lake.write("gold.a", "SELECT 1 AS id", run_id="run-3")

    assert "run `run-3`" in refused(lake, staged).reason


def test_a_publish_gives_up_when_others_are_always_faster(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("floe.lake.contention.PATIENCE_SECONDS", 0.0)
    lake.write("gold.a", "SELECT 1 AS id")
    staged = append(lake, "SELECT 2 AS id")
    lake.write("gold.a", "SELECT 7 AS id", run_id="run-3", operation="append")

    with pytest.raises(CommitConflictError, match="other writers were faster") as caught:
        lake.publish(staged, run_id="run-2")
    assert caught.value.code == "FLOE-0568"
    assert ids(lake) == [1, 7]
