"""Our JSON metadata against PyIceberg's own parser and its own way of applying the same updates."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pydantic import TypeAdapter
from pyiceberg.table.metadata import TableMetadataUtil, TableMetadataV2
from pyiceberg.table.update import TableUpdate, update_table_metadata

from floe.lake.base import TableName, TableState
from floe.lake.metadata import apply_updates, highest_field_id
from floe.lake.metadata_files import encode_metadata
from floe.lake.read import live_files

if TYPE_CHECKING:
    from tests.lake.conftest import Lake


def every_metadata_file(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.metadata.json"))


def test_every_metadata_file_is_valid_for_pyiceberg(lake: Lake) -> None:
    lake.write("silver.a", "SELECT 1 AS id, {'x': 1} AS st, [1] AS li, MAP {'k': 1.5::DECIMAL(9,2)} AS m")
    lake.write("silver.a", "SELECT 1::BIGINT AS id, 'new' AS extra", run_id="run-2", properties={"p": "1"})
    lake.write("silver.a", "SELECT 2::BIGINT AS id, 'more' AS extra", run_id="run-3", operation="append")
    removed = [live_files(lake.state("silver.a"))[0].path]
    lake.write("silver.a", "SELECT 3 AS id, NULL AS extra", run_id="run-4", operation="replace")
    lake.write("silver.a", "SELECT 4 AS id", run_id="run-5")
    assert removed

    files = every_metadata_file(lake.folder)
    assert len(files) == 5
    for number, file in enumerate(files):
        metadata = TableMetadataUtil.parse_raw(file.read_text())
        assert isinstance(metadata, TableMetadataV2)
        assert metadata.last_sequence_number == number + 1
        assert metadata.current_snapshot_id == metadata.refs["main"].snapshot_id
        assert [item.sequence_number for item in metadata.snapshots] == list(range(1, number + 2))
        assert [item.snapshot_id for item in metadata.snapshot_log] == [item.snapshot_id for item in metadata.snapshots]
        assert len(metadata.metadata_log) == number
        assert metadata.last_column_id >= metadata.schema().highest_field_id
        assert metadata.last_updated_ms >= metadata.snapshots[-1].timestamp_ms
        assert metadata.snapshots[-1].schema_id == metadata.current_schema_id
        parents = [item.parent_snapshot_id for item in metadata.snapshots]
        assert parents == [None, *(item.snapshot_id for item in metadata.snapshots[:-1])]


def test_updates_have_the_result_that_pyiceberg_gives_them(lake: Lake) -> None:
    from floe.lake.snapshots import Origin, prepare

    lake.write("silver.a", "SELECT 1 AS id, 'x' AS code")
    plain = TableMetadataUtil.parse_raw(encode_metadata(lake.state("silver.a").metadata).decode())
    for run, query in enumerate(("SELECT 2::BIGINT AS id, 'y' AS code", "SELECT 2.5 AS price", "SELECT 1 AS id")):
        staged = lake.stage("silver.a", query, run_id=f"run-{run}", properties={"note": str(run)})
        commit = prepare(staged, Origin(f"run-{run}", "digest")).commit
        updates = TypeAdapter(tuple[TableUpdate, ...]).validate_python(commit.updates)
        plain = update_table_metadata(plain, updates)
        lake.publish(staged, run_id=f"run-{run}")
        ours = apply_updates(commit.base.metadata, commit.updates, 0)

        theirs = json.loads(plain.model_dump_json())
        parsed = json.loads(TableMetadataUtil.parse_raw(encode_metadata(ours).decode()).model_dump_json())
        for volatile in ("last-updated-ms", "metadata-log", "snapshots", "snapshot-log", "refs", "current-snapshot-id"):
            theirs.pop(volatile)
            parsed.pop(volatile)
        theirs["last-sequence-number"] = parsed["last-sequence-number"]
        assert parsed == theirs


def test_applying_updates_does_not_change_the_base(lake: Lake) -> None:
    from floe.lake.snapshots import Origin, prepare

    lake.write("silver.a", "SELECT 1 AS id")
    state = lake.state("silver.a")
    before = encode_metadata(state.metadata)
    staged = lake.stage("silver.a", "SELECT 'x' AS other", base=state, properties={"p": "1"})
    apply_updates(state.metadata, prepare(staged, Origin("r", "d")).commit.updates, 0)

    assert encode_metadata(state.metadata) == before


def test_an_equal_schema_is_used_again(lake: Lake) -> None:
    for run, query in enumerate(("SELECT 1 AS id", "SELECT 1 AS id, 2 AS more", "SELECT 1 AS id")):
        lake.write("silver.a", query, run_id=f"run-{run}")
    metadata = lake.state("silver.a").metadata

    assert [schema["schema-id"] for schema in metadata["schemas"]] == [0, 1]
    assert metadata["current-schema-id"] == 0
    assert metadata["last-column-id"] == 2


def test_time_never_runs_backwards_in_the_history(lake: Lake) -> None:
    lake.write("silver.a", "SELECT 1 AS id")
    state = lake.state("silver.a")
    ahead = {**state.metadata, "last-updated-ms": state.metadata["last-updated-ms"] + 3_600_000}
    Path(state.metadata_location).write_bytes(encode_metadata(ahead))
    lake.write("silver.a", "SELECT 2 AS id", run_id="run-2")
    metadata = lake.state("silver.a").metadata

    assert metadata["snapshots"][-1]["timestamp-ms"] >= ahead["last-updated-ms"]
    assert metadata["last-updated-ms"] >= ahead["last-updated-ms"]


@pytest.mark.parametrize(
    "update",
    [
        {"action": "juggle"},
        {"action": "assign-uuid", "uuid": "another"},
        {"action": "upgrade-format-version", "format-version": 3},
        {"action": "set-current-schema", "schema-id": 99},
        {"action": "set-snapshot-ref", "ref-name": "main", "type": "branch", "snapshot-id": 5},
        {"action": "add-snapshot", "snapshot": {"snapshot-id": 5, "sequence-number": 1, "timestamp-ms": 0}},
    ],
)
def test_updates_that_contradict_the_table_are_refused(lake: Lake, update: dict) -> None:
    lake.write("silver.a", "SELECT 1 AS id")

    with pytest.raises(ValueError, match=r"unknown|cannot change|not supported|no schema-id|no snapshot|not new"):
        apply_updates(lake.state("silver.a").metadata, [update], 0)


def test_properties_can_be_removed_and_tags_set(lake: Lake) -> None:
    published = lake.write("silver.a", "SELECT 1 AS id", properties={"p": "1"})
    updates = [
        {"action": "remove-properties", "removals": ["p", "absent"]},
        {"action": "set-snapshot-ref", "ref-name": "v1", "type": "tag", "snapshot-id": published.snapshot_id},
    ]
    metadata = apply_updates(lake.state("silver.a").metadata, updates, 0)

    assert "p" not in metadata["properties"]
    assert metadata["refs"]["v1"] == {"type": "tag", "snapshot-id": published.snapshot_id}
    assert len(metadata["snapshot-log"]) == 1


def test_the_highest_field_id_is_found_inside_nested_types() -> None:
    element = {"type": "struct", "fields": [{"id": 9, "name": "a", "type": "int"}]}
    listed = {"type": "list", "element-id": 3, "element": element}
    assert highest_field_id({"type": "struct", "fields": [{"id": 1, "name": "l", "type": listed}]}) == 9
    assert highest_field_id({"type": "map", "key-id": 4, "key": "int", "value-id": 5, "value": "int"}) == 5


def test_a_state_without_a_table_does_not_exist() -> None:
    assert not TableState(TableName("a", "b"), "/x").exists
