"""Deletion vectors: bitmaps in Puffin files that say which rows of a data file are deleted.

https://iceberg.apache.org/puffin-spec/#deletion-vector-v1-blob-type, decoded with the library that PyIceberg uses.
"""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

from pyroaring import BitMap64

from floe.lake.faults import unreadable

if TYPE_CHECKING:
    from floe.lake.base import DeleteFile
    from floe.lake.stores.base import FileStore

_MAGIC = bytes.fromhex("d1d33964")
_FRAME = 12
"""Bytes around the bitmap: its length, the magic number, and a checksum."""


def read_vector(store: FileStore, delete: DeleteFile) -> list[int]:
    """The positions, sorted, of a vector.

    Raises:
        LakeError: the file is missing, or does not hold a vector there.
    """
    try:
        content = store.read(delete.path)
    except FileNotFoundError as error:
        raise unreadable(delete.path, "it does not exist") from error
    blob = content[delete.offset : delete.offset + delete.length]
    try:
        return _positions(blob)
    except (ValueError, struct.error) as error:
        raise unreadable(delete.path, "it holds no deletion vector where the manifest says") from error


def _positions(blob: bytes) -> list[int]:
    length, checksum = struct.unpack(">I", blob[:4])[0], struct.unpack(">I", blob[-4:])[0]
    framed = blob[4:-4]
    if length != len(blob) - _FRAME + len(_MAGIC) or framed[:4] != _MAGIC or zlib.crc32(framed) != checksum:
        raise ValueError("not a deletion vector")
    return list(BitMap64.deserialize(framed[4:]))
