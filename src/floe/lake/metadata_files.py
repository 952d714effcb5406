"""Reading table metadata files."""

from __future__ import annotations

import gzip
import re
import zlib
from typing import TYPE_CHECKING, Any

from floe.lake.faults import unreadable

if TYPE_CHECKING:
    from floe.lake.stores.base import FileStore

_GZIP_MAGIC = b"\x1f\x8b"


def read_metadata(store: FileStore, location: str) -> dict[str, Any]:
    """The metadata in a file, as JSON says it.

    Raises:
        LakeError: the file is missing, cannot be read, or is not table metadata.
    """
    try:
        content = store.read(location)
    except FileNotFoundError as error:
        raise unreadable(location, "it does not exist") from error
    from pydantic_core import from_json  # a third faster than json.loads on a history of a thousand snapshots

    try:
        metadata = from_json(
            gzip.decompress(content) if content.startswith(_GZIP_MAGIC) else content, cache_strings="keys"
        )
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
