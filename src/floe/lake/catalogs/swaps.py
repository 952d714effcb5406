"""Commits where the catalog keeps a pointer to each table's metadata file: files to write, pointers to swap."""

from __future__ import annotations

import contextlib
import json
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from floe.errors import LakeError
from floe.lake.base import TableState
from floe.lake.conflicts import conflict
from floe.lake.history.moves import MOVES_PROPERTY
from floe.lake.history.points import run_of
from floe.lake.metadata import apply_updates, log_previous
from floe.lake.metadata_files import encode_metadata, metadata_version, read_metadata
from floe.lake.stores.syncing import sync_all

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from floe.errors import CommitConflictError
    from floe.lake.base import TableCommit

_DELETE_AFTER_COMMIT = "write.metadata.delete-after-commit.enabled"


@dataclass(frozen=True)
class Swap:
    """One pointer of a commit: from what the commit was computed from to what it wrote."""

    base: TableState
    metadata: dict[str, Any]
    location: str
    """Where the new metadata file lies."""
    dropped_from_log: list[str]


def write_swaps(commits: Sequence[TableCommit]) -> list[Swap]:
    """Write the metadata file of each table after its commit, and force it to the disk. No pointer is touched.

    Raises:
        LakeError: a file cannot be written.
    """
    now = time.time_ns() // 1_000_000
    swaps = [_prepare(commit, now) for commit in commits]
    for swap in swaps:
        swap.base.store.write_new(swap.location, encode_metadata(swap.metadata))
    written = {location: swap.base.store for swap in swaps for location in (swap.location, _folder(swap.location))}
    sync_all((store, location) for location, store in written.items())
    return swaps


def delete_unlogged(swaps: Sequence[Swap]) -> None:
    """After the pointers are swapped: delete the metadata files that left the logs, where tables ask for it."""
    for swap in swaps:
        if str(swap.metadata["properties"].get(_DELETE_AFTER_COMMIT, "false")).lower() != "true":
            continue
        for location in swap.dropped_from_log:
            # The commit stands; a file that cannot be deleted now is only a file too many.
            with contextlib.suppress(LakeError):
                swap.base.store.delete([location])


def delete_swaps(swaps: Sequence[Swap]) -> None:
    """Nothing was swapped, and the publish may be replayed: delete what nothing would ever refer to.

    Raises:
        LakeError: a file cannot be deleted.
    """
    for swap in swaps:
        swap.base.store.delete([swap.location])


def moved_on(base: TableState, current: str | None) -> CommitConflictError:
    """What to raise for a pointer that is not the commit's base any more, but `current` (None: the table is gone)."""
    if current is None:
        return conflict(base, TableState(base.name, base.location))
    metadata: Mapping[str, Any] = {}
    with contextlib.suppress(LakeError):
        metadata = read_metadata(base.store, current)
    return conflict(base, replace(base, metadata_location=current, metadata=metadata))


def _prepare(commit: TableCommit, now: int) -> Swap:
    metadata = apply_updates(commit.base.metadata, commit.updates, now)
    previous = commit.base.metadata_location
    dropped = log_previous(metadata, commit.base.metadata, previous) if previous else []
    version = metadata_version(previous) + 1 if previous else 0
    writer = _run_id(commit) or "floe"
    location = f"{metadata['location']}/metadata/{version:05d}-{writer}-{uuid4().hex[:8]}.metadata.json"
    return Swap(commit.base, metadata, location, dropped)


def _folder(location: str) -> str:
    return location.rpartition("/")[0]


def _run_id(commit: TableCommit) -> str:
    """The run that makes a snapshot or moves main, whatever branch is current."""
    for update in commit.updates:
        if update["action"] == "add-snapshot":
            return run_of(update["snapshot"])
        if update["action"] == "set-properties" and MOVES_PROPERTY in update["updates"]:
            return str(json.loads(update["updates"][MOVES_PROPERTY])[-1]["run-id"])
    return commit.run_id
