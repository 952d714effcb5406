"""The one place where failures of SQLite, the file system and Iceberg files become errors that users can act on."""

from __future__ import annotations

import errno
import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING

from floe.errors import LakeError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_FULL_DISK = frozenset({errno.ENOSPC, errno.EDQUOT})
_PRIMARY_CODE = 0xFF
"""SQLite's extended result codes carry the primary code in their lowest byte."""
_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_CORRUPT = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


@contextmanager
def storage_faults(action: str, path: Path | str) -> Iterator[None]:
    """Translate what the file system and SQLite raise while doing `action` (e.g. `write`) to `path`.

    Raises:
        LakeError: in place of any OSError or sqlite3.Error.
    """
    try:
        yield
    except OSError as error:
        raise _of_file_system(error, action, path) from error
    except sqlite3.Error as error:
        raise _of_sqlite(error, action, path) from error


def unreadable(path: str, why: str) -> LakeError:
    """A file that belongs to a table is missing or damaged."""
    instruction = "restore the warehouse folder; if it was moved or deleted on purpose, remove the catalog file too"
    return LakeError("FLOE-0506", f"cannot read the table file `{path}`: {why}", instruction)


def _of_file_system(error: OSError, action: str, path: Path | str) -> LakeError:
    where = error.filename if isinstance(error.filename, str) else str(path)
    if error.errno in _FULL_DISK:
        return _disk_full(action, where)
    return _no_access(action, where, (error.strerror or str(error)).lower())


def _of_sqlite(error: sqlite3.Error, action: str, path: Path | str) -> LakeError:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & _PRIMARY_CODE
    if code == sqlite3.SQLITE_FULL:
        return _disk_full(action, str(path))
    if code in _BUSY:
        reason = f"cannot {action} the catalog `{path}`: another process has held it locked for too long"
        return LakeError("FLOE-0505", reason, "end the process that holds it, then run again")
    if code in _CORRUPT:
        reason = f"`{path}` is not a readable SQLite catalog: {error}"
        return LakeError("FLOE-0503", reason, "restore the file from a backup, or move it away and run again")
    return _no_access(action, str(path), str(error))


def _disk_full(action: str, where: str) -> LakeError:
    return LakeError("FLOE-0502", f"cannot {action} `{where}`: the disk is full", "free some space, then run again")


def _no_access(action: str, where: str, why: str) -> LakeError:
    instruction = "check that the folder exists and that you may read and write it"
    return LakeError("FLOE-0501", f"cannot {action} `{where}`: {why}", instruction)
