"""Table metadata files: what is written to them, and reading them.

Snapshots and their log come last, each on a line of its own. No string of JSON has a line break in it, so where such a
list begins and ends is seen without parsing it, and a publish can add to the text that it has read. Files in which they
lie otherwise, as all other writers' do, are parsed as a whole.
"""

from __future__ import annotations

import contextlib
import gzip
import re
import zlib
from typing import TYPE_CHECKING, Any

from pydantic_core import from_json, to_json

from floe.lake.faults import unreadable
from floe.lake.growing import GrowingList

if TYPE_CHECKING:
    from collections.abc import Mapping

    from floe.lake.stores.base import FileStore

_GZIP_MAGIC = b"\x1f\x8b"
_GROWING = ("snapshot-log", "snapshots")
"""Lists that grow with each publish, in the order in which files end with them."""


def encode_metadata(metadata: Mapping[str, Any]) -> bytes:
    """The bytes of a metadata file."""
    growing = {key: metadata[key] for key in _GROWING if metadata.get(key)}
    parts = [to_json({key: value for key, value in metadata.items() if key not in growing}).removesuffix(b"}")]
    for key, value in growing.items():
        items = value if isinstance(value, GrowingList) else GrowingList(added=value)
        parts += (_opening(key), *items.to_pieces(), b"\n]")
    return b"".join((*parts, b"}"))


def read_metadata(store: FileStore, location: str) -> dict[str, Any]:
    """The metadata in a file, as JSON says it.

    Raises:
        LakeError: the file is missing, cannot be read, or is not table metadata.
    """
    try:
        content = store.read(location)
    except FileNotFoundError as error:
        raise unreadable(location, "it does not exist") from error
    try:
        metadata = _parse(gzip.decompress(content) if content.startswith(_GZIP_MAGIC) else content, location)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise unreadable(location, "it is damaged") from error
    except ValueError as error:
        raise unreadable(location, "it is not JSON") from error
    if not isinstance(metadata, dict) or "location" not in metadata:
        raise unreadable(location, "it is not Iceberg table metadata")
    return metadata


def metadata_version(location: str) -> int:
    """The version in a metadata file's name, -1 when it has none."""
    match = re.match(r"v?(\d{1,9})[-.]", location.rpartition("/")[2])
    return int(match[1]) if match else -1


def _parse(content: bytes, location: str) -> Any:  # noqa: ANN401 - whatever a file holds that may be none of ours
    """What a file holds, with the lists that grow as text where it ends with them."""
    growing: dict[str, GrowingList] = {}
    end = len(content) - 1
    for key in reversed(_GROWING):
        opening = _opening(key)
        start = content.find(opening, 0, end)
        first, last = start + len(opening), end - len(b"\n]")
        if start >= 0 and _end_of_lines(content, first, end) == last:
            growing[key], end = GrowingList(content[first:last], location), start
    # A disk that lost a block gives zeros for it: text that nobody parses must not be passed on with them.
    if growing and b"\0" not in content:
        with contextlib.suppress(ValueError):
            # That what comes before the lists is one object shows that they are members of it, not of one within.
            return from_json(content[:end] + b"}", cache_strings="keys") | growing
    return from_json(content, cache_strings="keys")


def _end_of_lines(content: bytes, first: int, end: int) -> int:
    """Where the first line ends that a closing bracket follows, -1 where none does."""
    at = content.find(b"]", first, end)  # a hundred times as fast as looking for both characters
    while at >= 0 and content[at - 1 : at] != b"\n":
        at = content.find(b"]", at + 1, end)
    return at - 1 if at >= 0 else -1


def _opening(key: str) -> bytes:
    return b',"%b":[\n' % key.encode()
