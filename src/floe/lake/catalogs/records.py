"""What a publish of several tables is going to change, written down beside the tables before the first change.

A record that is there belongs to a publish that has not come to its end. Writing it is the decision to publish: whoever
finds it makes the changes that are missing. A marker beside it says that the publish is being taken back instead.
"""

from __future__ import annotations

import json
import os
import socket
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from floe.lake.base import TableName

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from floe.lake.stores.base import FileStore

_SUFFIX, _MARKER = ".publish.json", ".taken-back"
_OTHERS_SECONDS = 1200.0
"""How old the record of a process of another machine must be to be taken for that of a dead one.

More than a publish takes and the clocks of two machines can differ: stores refuse requests that are 15 minutes off.
"""
_OWN: set[str] = set()
"""Locations of the records that this process has written and not closed."""


@dataclass(frozen=True)
class Change:
    """What happens to one table: its pointer changes from one metadata file to another, or it gets a commit."""

    namespace: str
    table: str
    source: str | None
    """None for a table that the publish creates."""
    target: str
    """Empty where the catalog writes the metadata file itself."""
    commit: Mapping[str, Any] | None = None
    """For catalogs that are sent commits: how the change is made, and how it is taken back."""

    @property
    def name(self) -> TableName:
        """The table."""
        return TableName(self.namespace, self.table)


@dataclass(frozen=True)
class Record:
    """The changes of one publish, and who makes them."""

    location: str
    run_id: str
    host: str
    pid: int
    written_at: float
    """Seconds since the epoch."""
    changes: tuple[Change, ...]

    @property
    def is_abandoned(self) -> bool:
        """Whether the process that wrote it is gone, as far as this machine can tell."""
        if self.host != socket.gethostname():
            return time.time() - self.written_at > _OTHERS_SECONDS
        if self.pid == os.getpid():
            # A container that is started again has the name and the process id of the one before.
            return self.location not in _OWN
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        except PermissionError:
            return False
        return False


class Records:
    """The records of one catalog, in a folder of the platform's storage."""

    def __init__(self, store: FileStore, folder: str) -> None:
        self._store = store
        self._folder = folder

    def write(self, run_id: str, changes: Sequence[Change]) -> Record:
        """Write the record of a publish down.

        Raises:
            LakeError: the storage cannot be written.
        """
        location = f"{self._folder}/{uuid4().hex}{_SUFFIX}"
        record = Record(location, run_id, socket.gethostname(), os.getpid(), time.time(), tuple(changes))
        _OWN.add(location)
        self._store.write_new(location, json.dumps(asdict(record)).encode())
        self._store.sync([location, self._folder])
        return record

    def abandoned(self) -> list[Record]:
        """The records of publishes whose process is gone, oldest first.

        Raises:
            LakeError: the storage cannot be read.
        """
        found = [item.location for item in self._store.list_files(self._folder) if item.location.endswith(_SUFFIX)]
        records = [record for location in found if (record := self._read(location)) is not None]
        return sorted((record for record in records if record.is_abandoned), key=lambda record: record.written_at)

    def mark_taken_back(self, record: Record) -> None:
        """Decide that the publish is taken back; who finishes it finds out.

        Raises:
            LakeError: the storage cannot be written.
        """
        if not self.is_taken_back(record):
            self._store.write_new(record.location + _MARKER, b"{}")
            self._store.sync([record.location + _MARKER])

    def is_taken_back(self, record: Record) -> bool:
        """Whether somebody has decided to take the publish back.

        Raises:
            LakeError: the storage cannot be read.
        """
        try:
            self._store.size(record.location + _MARKER)
        except FileNotFoundError:
            return False
        return True

    def close(self, record: Record) -> None:
        """Remove the record of a publish that has come to its end.

        Raises:
            LakeError: the storage cannot be written.
        """
        self._store.delete([record.location])
        self._store.delete([record.location + _MARKER])
        _OWN.discard(record.location)

    def _read(self, location: str) -> Record | None:
        """The record; None where its publish has come to its end meanwhile."""
        try:
            content = json.loads(self._store.read(location))
        except FileNotFoundError:
            return None
        changes = tuple(Change(**change) for change in content.pop("changes"))
        return Record(**{**content, "location": location, "changes": changes})
