"""The history of a table stays text from one publish to the next, and is the same as if it had been parsed."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from floe.errors import LakeError
from floe.lake.growing import GrowingList
from floe.lake.metadata import snapshot_of
from floe.lake.metadata_files import encode_metadata, read_metadata
from floe.lake.read import snapshots
from floe.lake.stores.local import LOCAL

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.lake.conftest import Lake

SNAPSHOTS = [
    {"snapshot-id": 17, "summary": {"operation": "append", "floe.run-id": "a", "text": 'a "quoted": [\n1,\n2\n]}'}},
    {"snapshot-id": 171, "parent-snapshot-id": 17, "summary": {"operation": "append", "said": '"floe.run-id":"b"'}},
    {"snapshot-id": 1, "parent-snapshot-id": 171, "summary": {"floe.run-id": "c", "id": '{"snapshot-id":171}'}},
]
METADATA = {
    "format-version": 2,
    "location": "/lake/t",
    "properties": {'odd,"snapshots":[\n': ',"snapshot-log":[\n{}\n],"snapshots":[\n{}\n]}'},
    "refs": {"main": {"type": "branch", "snapshot-id": 1}},
    "snapshots": SNAPSHOTS,
    "snapshot-log": [{"snapshot-id": item["snapshot-id"], "timestamp-ms": 5} for item in SNAPSHOTS],
}


def written(folder: Path, content: bytes) -> str:
    path = folder / "00001-x.metadata.json"
    path.write_bytes(content)
    return str(path)


def stored(items: list[dict[str, Any]]) -> GrowingList:
    return GrowingList(b"".join(GrowingList(added=items).to_pieces()), "/lake/t/metadata/1.metadata.json")


def test_what_is_written_is_read_again_with_the_history_as_text(tmp_path: Path) -> None:
    content = encode_metadata(METADATA)
    found = read_metadata(LOCAL, written(tmp_path, content))

    assert json.loads(content) == METADATA
    assert found == METADATA
    assert isinstance(found["snapshots"], GrowingList)
    assert isinstance(found["snapshot-log"], GrowingList)
    assert json.loads(encode_metadata(found)) == METADATA


@pytest.mark.parametrize(
    "encode",
    [
        lambda metadata: json.dumps(metadata).encode(),
        lambda metadata: json.dumps(metadata, indent=2).encode(),
        lambda metadata: json.dumps(metadata, indent=0, separators=(",", ":")).encode(),
        lambda metadata: gzip.compress(encode_metadata(metadata)),
        lambda metadata: encode_metadata(metadata) + b"\n",
        lambda metadata: encode_metadata(metadata)[:-1] + b',"later":[\n1\n]}',
        lambda metadata: b'{"within":' + encode_metadata(metadata) + b',"location":"/lake/t"}',
    ],
    ids=["compact", "indented", "lines", "compressed", "line break", "member after", "object within"],
)
def test_metadata_is_read_however_another_writer_laid_it_out(
    tmp_path: Path, encode: Callable[[dict[str, Any]], bytes]
) -> None:
    content = encode(METADATA)
    plain = json.loads(gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content)

    assert read_metadata(LOCAL, written(tmp_path, content)) == plain


def test_a_table_without_snapshots_is_read_and_written(tmp_path: Path) -> None:
    empty = {"location": "/lake/t", "snapshots": [], "snapshot-log": []}

    assert read_metadata(LOCAL, written(tmp_path, encode_metadata(empty))) == empty


def test_the_history_of_a_table_is_the_text_that_the_last_publish_left(lake: Lake) -> None:
    for run in range(4):
        lake.write("silver.a", f"SELECT {run} AS id", run_id=f"run-{run}")
    before = Path(lake.state("silver.a").metadata_location).read_text().splitlines()
    lake.write("silver.a", "SELECT 4 AS id", run_id="run-4")
    after = Path(lake.state("silver.a").metadata_location).read_text().splitlines()

    kept = {line.removesuffix(",") for line in before if '"summary"' in line}
    now = [line.removesuffix(",") for line in after if '"summary"' in line]
    assert len(now) == 5
    assert kept == set(now[:4])
    assert [entry.run_id for entry in snapshots(lake.state("silver.a"))] == [f"run-{run}" for run in range(5)]
    assert len(lake.table("silver.a").history()) == 5


@pytest.mark.parametrize("damage", [b"", b"{", b'{"snapshot-id":'], ids=["missing", "cut", "half"])
def test_a_damaged_snapshot_is_told_when_it_is_asked_for(tmp_path: Path, damage: bytes) -> None:
    path = written(tmp_path, encode_metadata(METADATA).replace(b'{"snapshot-id":17,"summary"', damage))
    metadata = read_metadata(LOCAL, path)

    assert snapshot_of(metadata, 1) == SNAPSHOTS[-1]
    with pytest.raises(LakeError, match=r"cannot read the table file `.*`: it is not JSON"):
        list(metadata["snapshots"])


def test_a_block_that_the_disk_lost_is_noticed_at_once(tmp_path: Path) -> None:
    content = encode_metadata(METADATA)
    place = content.index(b"parent-snapshot-id")

    with pytest.raises(LakeError, match="it is not JSON"):
        read_metadata(LOCAL, written(tmp_path, content[:place] + bytes(8) + content[place + 8 :]))


@pytest.mark.parametrize("items", [stored(SNAPSHOTS), GrowingList(added=SNAPSHOTS)], ids=["text", "added"])
def test_a_growing_list_is_a_list(items: GrowingList) -> None:
    assert items == SNAPSHOTS
    assert items != SNAPSHOTS[:2]
    assert len(items) == 3
    assert list(reversed(items)) == SNAPSHOTS[::-1]
    assert [items[place] for place in (0, 1, 2, -1, -2)] == [SNAPSHOTS[place] for place in (0, 1, 2, -1, -2)]
    assert items[1:] == SNAPSHOTS[1:]
    with pytest.raises(IndexError):
        items[3]


def test_copies_grow_apart() -> None:
    first = stored(SNAPSHOTS[:2])
    second = first.copy()
    second.append(SNAPSHOTS[2])

    assert first == SNAPSHOTS[:2]
    assert second == SNAPSHOTS
    assert second[2] == second[-1] == SNAPSHOTS[2]
    assert stored(list(second)) == SNAPSHOTS
    assert not GrowingList()
    assert list(GrowingList()) == list(reversed(GrowingList())) == []


def test_an_object_is_found_by_its_number_and_not_by_where_else_that_is_mentioned() -> None:
    grown = stored(SNAPSHOTS[:2])
    grown.append(SNAPSHOTS[2])

    for items in (stored(SNAPSHOTS), grown):
        assert [items.find("snapshot-id", number) for number in (17, 171, 1)] == SNAPSHOTS
        assert items.find("snapshot-id", 7) is None
        assert items.find("timestamp-ms", 17) is None
        assert list(items.without("floe.run-id")) == [SNAPSHOTS[1]]
