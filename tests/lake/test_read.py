"""History, snapshots by id or time, and files that are not what they should be."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from floe.errors import LakeError
from floe.lake.base import TableState
from floe.lake.history.points import snapshot_at
from floe.lake.read import live_files, schema, snapshots

if TYPE_CHECKING:
    from tests.lake.conftest import Lake


def test_history_tells_what_each_run_did(lake: Lake) -> None:
    lake.write("silver.orders", "SELECT range AS id FROM range(3)", run_id="run-1")
    lake.write("silver.orders", "SELECT 9::BIGINT AS id", run_id="run-2", operation="append")
    lake.write("silver.orders", "SELECT 1::BIGINT AS id", run_id="run-3")
    history = snapshots(lake.state("silver.orders"))

    counted = [(item.operation, item.rows_added, item.rows_removed, item.rows_total) for item in history]
    assert counted == [("append", 3, 0, 3), ("append", 1, 0, 4), ("overwrite", 1, 4, 1)]
    assert [item.run_id for item in history] == ["run-1", "run-2", "run-3"]
    assert {item.digest for item in history} == {"digest-1"}
    assert [item.parent_id for item in history] == [None, history[0].snapshot_id, history[1].snapshot_id]
    assert all(abs(item.committed_at - datetime.now(UTC)) < timedelta(minutes=5) for item in history)
    assert [item.files_total for item in history] == [1, 2, 1]


def test_a_table_that_does_not_exist_has_no_files_no_history_and_no_schema(lake: Lake) -> None:
    state = lake.state("silver.orders")

    assert live_files(state) == ()
    assert snapshots(state) == ()
    with pytest.raises(LakeError, match="does not exist") as caught:
        schema(state)
    assert caught.value.code == "FLOE-0510"
    with pytest.raises(LakeError, match="has no snapshots yet"):
        snapshot_at(state, "2026-01-31")


def test_each_snapshot_has_its_schema(lake: Lake) -> None:
    first = lake.write("silver.orders", "SELECT 1 AS id")
    lake.write("silver.orders", "SELECT 1 AS id, 'x' AS code", run_id="run-2")
    state = lake.state("silver.orders")

    assert [column["name"] for column in schema(state)["fields"]] == ["id", "code"]
    assert [column["name"] for column in schema(state, first.snapshot_id)["fields"]] == ["id"]


def test_a_snapshot_is_found_by_id_and_by_time(lake: Lake) -> None:
    first = lake.write("silver.orders", "SELECT 1 AS id")
    second = lake.write("silver.orders", "SELECT 2 AS id", run_id="run-2")
    state = lake.state("silver.orders")
    for entry, moment in zip(state.metadata["snapshot-log"], (1_700_000_000_000, 1_700_000_060_000), strict=True):
        entry["timestamp-ms"] = moment

    assert snapshot_at(state, str(first.snapshot_id)) == first.snapshot_id
    assert snapshot_at(state, "2023-11-14T22:13:20+00:00") == first.snapshot_id
    assert snapshot_at(state, "2023-11-14T23:14:19+01:00") == first.snapshot_id
    assert snapshot_at(state, "2023-11-14T22:14:20Z") == second.snapshot_id
    assert snapshot_at(state, "2026-01-31") == second.snapshot_id
    local = datetime.fromtimestamp(1_700_000_030).isoformat()  # noqa: DTZ006 - local time is the point
    assert snapshot_at(state, local) == first.snapshot_id


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("99", "`silver.orders` has no snapshot 99"),
        ("yesterday", "`yesterday` is no snapshot, branch, tag, run or time of `silver.orders`"),
        ("1999-01-01", r"`silver.orders` did not exist at 1999-01-01T00:00:00.*: its history begins at 20"),
    ],
)
def test_a_reference_to_nothing_is_explained(lake: Lake, reference: str, message: str) -> None:
    lake.write("silver.orders", "SELECT 1 AS id")
    with pytest.raises(LakeError, match=message) as caught:
        snapshot_at(lake.state("silver.orders"), reference)
    assert caught.value.code == "FLOE-0510"


def test_an_unknown_snapshot_has_no_files(lake: Lake) -> None:
    lake.write("silver.orders", "SELECT 1 AS id")
    with pytest.raises(LakeError, match="has no snapshot 5"):
        live_files(lake.state("silver.orders"), 5)


@pytest.mark.parametrize("damage", [b"", b"not avro at all", None, "cut"])
@pytest.mark.parametrize("kind", ["snap-*.avro", "*-m0.avro"])
def test_missing_and_damaged_manifests_are_named(lake: Lake, kind: str, damage: bytes | str | None) -> None:
    lake.write("silver.orders", "SELECT range AS id FROM range(3)")
    state = lake.state("silver.orders")
    (file,) = (Path(state.location) / "metadata").glob(kind)
    if damage is None:
        file.unlink()
    else:
        file.write_bytes(file.read_bytes()[:-40] if isinstance(damage, str) else damage)

    with pytest.raises(LakeError, match="cannot read the table file") as caught:
        live_files(state)
    assert caught.value.code == "FLOE-0506"
    assert str(file) in caught.value.reason


def test_a_manifest_that_ends_after_a_whole_block_is_not_taken_for_a_whole_one(lake: Lake) -> None:
    one, two = lake.stage("silver.a", "SELECT 1 AS id"), lake.stage("silver.a", "SELECT 2 AS id")
    lake.publish(replace(one, files=one.files + two.files))
    state = lake.state("silver.a")
    (manifest,) = (Path(state.location) / "metadata").glob("*-m0.avro")
    content = manifest.read_bytes()
    sync = content[-16:]
    manifest.write_bytes(content[: content.rindex(sync, 0, -16) + 16])

    with pytest.raises(LakeError, match="is not a manifest"):
        live_files(state)


def test_locations_may_be_file_addresses(lake: Lake) -> None:
    state = lake.state("silver.orders")
    address = TableState(state.name, f"file://{state.location}")
    path = Path(state.location) / "data" / "x.parquet"
    path.parent.mkdir(parents=True)
    staged = lake.stage("silver.orders", "SELECT 1 AS id")
    lake.publish(replace(staged, base=address))

    assert lake.rows("silver.orders") == [(1,)]
    assert lake.state("silver.orders").location.startswith("file:///")
    removed = [item.path for item in live_files(lake.state("silver.orders"))]
    assert removed == [staged.files[0].path]
    (again,) = lake.publish(
        replace(staged, base=lake.state("silver.orders"), operation="rewrite", removed_paths=tuple(removed), files=())
    )
    assert again.rows_total == 0
