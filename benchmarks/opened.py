"""Which files of a folder are opened while something runs, as Linux tells it (inotify): nothing has to be guessed."""

from __future__ import annotations

import ctypes
import os
import struct
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_OPENED = 0x20
_OVERFLOWN = 0x4000
_HEADER = struct.Struct("iIII")
_MANY_BYTES = 2**24


@contextmanager
def opened_files(folder: Path) -> Iterator[set[str]]:
    """Names of the files in `folder` that any process opens within the block; filled at its end.

    Raises:
        OSError: Linux cannot watch the folder, or could not keep up.
    """
    library = ctypes.CDLL(None, use_errno=True)
    watch = _checked(library.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))
    names: set[str] = set()
    try:
        _checked(library.inotify_add_watch(watch, os.fsencode(folder), ctypes.c_uint32(_OPENED)))
        yield names
        names |= set(_names(watch))
    finally:
        os.close(watch)


def _names(watch: int) -> Iterator[str]:
    while True:
        try:
            events = os.read(watch, _MANY_BYTES)
        except BlockingIOError:
            return
        place = 0
        while place < len(events):
            _, mask, _, length = _HEADER.unpack_from(events, place)
            if mask & _OVERFLOWN:
                raise OSError("more files were opened than Linux could tell")
            place += _HEADER.size + length
            name = os.fsdecode(events[place - length : place].rstrip(b"\0"))
            if name:
                yield name


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
