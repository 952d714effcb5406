"""Other writers commit while maintenance works: nothing is lost, and what can be done is done."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from floe.errors import CommitConflictError
from floe.lake.care.retention import layer_retention
from floe.lake.read import live_files, snapshots

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.lake.care.conftest import Care
    from tests.lake.conftest import Lake

RUN = "20260101T00000000{}-abcdef"


def append(lake: Lake, numbers: range, run: int = 0) -> None:
    for number in numbers:
        lake.write("silver.a", f"SELECT {number} AS id", run_id=RUN.format(run), operation="append")


def once(step: str, action: Callable[[], object]) -> Callable[[str], None]:
    """Do something the first time that a step is heard of."""
    done = []

    def hear(heard: str) -> None:
        if heard == step and not done:
            done.append(step)
            action()

    return hear


@pytest.mark.parametrize("step", ["bin-rewritten", "files-synced", "metadata-written"])
def test_rows_that_another_writer_adds_while_files_are_compacted_stay(lake: Lake, care: Care, step: str) -> None:
    append(lake, range(4))
    care.on_step = once(step, lambda: append(lake, range(4, 6), run=1))
    report = care.one("silver.a")
    assert lake.rows("silver.a") == [(number,) for number in range(6)]
    assert (report.work.files_compacted, report.work.files_written) == (4, 1)
    assert len(live_files(lake.state("silver.a"))) == 3


def test_a_bin_of_which_a_file_is_gone_is_planned_anew(lake: Lake, care: Care) -> None:
    append(lake, range(4))
    removed = live_files(lake.state("silver.a"))[0].path

    def merge() -> None:
        options = {"operation": "rewrite", "removed": [removed], "run_id": RUN.format(1)}
        lake.write("silver.a", "SELECT 100 AS id", **options)

    before = lake.rows("silver.a")
    gone = lake.duckdb_rows("silver.a")
    assert before == gone
    care.on_step = once("bin-rewritten", merge)
    report = care.one("silver.a")
    rows = [row[0] for row in lake.rows("silver.a")]
    assert len(rows) == 4
    assert 100 in rows
    assert report.work.files_compacted == 4
    assert len(live_files(lake.state("silver.a"))) == 1


def test_a_table_that_is_replaced_meanwhile_keeps_what_replaced_it(lake: Lake, care: Care) -> None:
    append(lake, range(4))
    care.on_step = once("bin-rewritten", lambda: lake.write("silver.a", "SELECT 7 AS id", run_id=RUN.format(1)))
    report = care.one("silver.a")
    assert lake.rows("silver.a") == [(7,)]
    assert report.work.files_compacted == 0


def test_a_tag_that_is_set_while_snapshots_expire_is_heeded(lake: Lake, care: Care) -> None:
    for number in range(3):
        lake.write("silver.a", f"SELECT {number} AS id", run_id=RUN.format(number))
    first = snapshots(lake.state("silver.a"))[0].snapshot_id

    def tag() -> None:
        catalog = lake.plain()
        catalog.load_table("silver.a").manage_snapshots().create_tag(first, "audited").commit()
        catalog.close()

    care.retention = layer_retention(0, 1)
    care.days_later = 1
    care.on_step = once("metadata-written", tag)
    care.one("silver.a")
    assert lake.rows("silver.a", snapshot_id=first) == [(0,)]
    assert len(snapshots(lake.state("silver.a"))) == 2


def test_who_is_slower_every_time_gives_up_and_has_changed_nothing(
    lake: Lake, care: Care, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("floe.lake.care.committing._LONGEST_PAUSE_SECONDS", 0.001)
    append(lake, range(4))
    number = iter(range(10, 1000))

    def interfere(step: str) -> None:
        if step == "metadata-written":
            at = next(number)
            append(lake, range(at, at + 1), run=1)

    care.on_step = interfere
    with pytest.raises(CommitConflictError):
        care.one("silver.a")
    rows = [row[0] for row in lake.rows("silver.a")]
    assert rows[:4] == [0, 1, 10, 11]
    assert len(rows) == 14


def test_a_writer_that_read_the_table_before_it_was_compacted_publishes_after_it(lake: Lake, care: Care) -> None:
    from dataclasses import replace

    append(lake, range(4))
    staged = replace(lake.stage("silver.a", "SELECT 9 AS id", run_id=RUN.format(2), operation="append"), blind=True)
    care.one("silver.a")
    lake.publish(staged, run_id=RUN.format(2))
    assert lake.rows("silver.a") == [(0,), (1,), (2,), (3,), (9,)]
