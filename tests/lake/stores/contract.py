"""What every storage does, as tests: a store is any that has a fixture `place` with `store` and `folder`."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from floe.errors import LakeError

if TYPE_CHECKING:
    from .conftest import Place

NAMES = ("a.parquet", "gold/größe/data/run-1.avro", "gold/a b,c+d=3D/x@y.json", "deep/er/and/deep/er/file")


def test_what_was_written_is_read_whatever_its_name(place: Place) -> None:
    for name in NAMES:
        place.store.write_new(f"{place.folder}/{name}", name.encode())
    assert [place.store.read(f"{place.folder}/{name}") for name in NAMES] == [name.encode() for name in NAMES]


def test_files_may_be_empty_or_large(place: Place) -> None:
    large = bytes(range(256)) * 60_000
    for name, content in (("empty", b""), ("large", large)):
        place.store.write_new(f"{place.folder}/{name}", content)
        assert place.store.size(f"{place.folder}/{name}") == len(content)
        assert place.store.read(f"{place.folder}/{name}") == content


def test_no_file_is_ever_written_twice(place: Place) -> None:
    location = f"{place.folder}/metadata/00001.json"
    place.store.write_new(location, b"first")
    with pytest.raises(LakeError) as caught:
        place.store.write_new(location, b"second")
    assert caught.value.code == "FLOE-0501"
    assert place.store.read(location) == b"first"


def test_a_file_that_is_missing_is_told_from_one_that_cannot_be_read(place: Place) -> None:
    place.store.write_new(f"{place.folder}/there", b"x")
    for missing in (f"{place.folder}/here", f"{place.folder}/there/below", f"{place.folder}/no/such/folder/file"):
        with pytest.raises((FileNotFoundError, LakeError)):
            place.store.read(missing)
    with pytest.raises(FileNotFoundError):
        place.store.size(f"{place.folder}/here")


def test_a_listing_finds_every_file_below_a_folder_with_size_and_time(place: Place) -> None:
    before = datetime.now(UTC) - timedelta(seconds=2)
    for name in NAMES:
        place.store.write_new(f"{place.folder}/table/{name}", name.encode())
    place.store.write_new(f"{place.folder}/table2/other", b"")

    found = {file.location: file for file in place.store.list_files(f"{place.folder}/table")}
    assert set(found) == {f"{place.folder}/table/{name}" for name in NAMES}
    for name in NAMES:
        file = found[f"{place.folder}/table/{name}"]
        assert file.size_bytes == len(name.encode())
        assert before <= file.modified_at <= datetime.now(UTC) + timedelta(seconds=2)
        assert place.store.read(file.location) == name.encode()


def test_a_folder_that_is_missing_holds_no_files(place: Place) -> None:
    assert list(place.store.list_files(f"{place.folder}/nothing/here")) == []


def test_deleting_takes_many_files_and_minds_none_that_is_gone(place: Place) -> None:
    locations = [f"{place.folder}/data/{number:04d}" for number in range(60)]
    with ThreadPoolExecutor(8) as executor:
        list(executor.map(lambda location: place.store.write_new(location, b"x"), locations))
    place.store.delete([*locations[1:], f"{place.folder}/data/never-was"])
    assert [file.location for file in place.store.list_files(place.folder)] == locations[:1]
    place.store.delete([])


def test_making_folders_and_syncing_are_allowed_for_whatever_was_written(place: Place) -> None:
    place.store.make_folder(f"{place.folder}/data")
    place.store.write_new(f"{place.folder}/data/file", b"x")
    place.store.sync([f"{place.folder}/data/file", f"{place.folder}/data"])
    assert place.store.read(f"{place.folder}/data/file") == b"x"


def test_many_threads_share_a_store(place: Place) -> None:
    locations = [f"{place.folder}/shared/{number}" for number in range(32)]

    def write_and_read(location: str) -> bytes:
        place.store.write_new(location, location.encode())
        return place.store.read(location)

    with ThreadPoolExecutor(8) as executor:
        assert list(executor.map(write_and_read, locations)) == [location.encode() for location in locations]
