"""Expires snapshots of one table, then deletes the files that only these needed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from floe.errors import LakeError
from floe.lake.base import TableCommit
from floe.lake.care.committing import commit, until_nobody_was_faster
from floe.lake.care.references import files_of_snapshots, identity, referenced_files
from floe.lake.care.retention import Expiry, may_delete, plan_expiry, retention_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

    from floe.lake.base import Catalog, TableState
    from floe.lake.care.references import ManifestCache
    from floe.lake.care.retention import Retention


@dataclass(frozen=True)
class Expired:
    """What became of a table's old snapshots."""

    state: TableState
    """The table after the commit."""
    expiry: Expiry = field(default_factory=Expiry)
    unneeded: tuple[str, ...] = ()
    """Files that only the expired snapshots needed."""


def planned_expiry(state: TableState, layer: Retention, now: int) -> Expiry:
    """The snapshots, branches and tags of the table that its retention lets go. `now` is in milliseconds.

    Raises:
        LakeError: a property of the table that says what to keep is not a number.
    """
    if not state.is_in_catalog or not may_delete(state.metadata.get("properties", {})):
        return Expiry()
    try:
        retention = retention_of(state.metadata.get("properties", {}), layer)
    except ValueError as error:
        reason = f"a `history.expire.` property of `{state.name}` is not a number: {error}"
        raise LakeError("FLOE-0588", reason, "correct or remove the table's property") from error
    return plan_expiry(state.metadata, retention, now)


def unneeded_files(state: TableState, expiry: Expiry, after: TableState, cache: ManifestCache) -> tuple[str, ...]:
    """The files of expired snapshots that nothing in the table `after` them leads to.

    Raises:
        LakeError: a manifest or manifest list cannot be read.
    """
    gone = set(expiry.snapshot_ids)
    snapshots = [item for item in state.metadata.get("snapshots", ()) if item["snapshot-id"] in gone]
    candidates = {identity(item): item for item in files_of_snapshots(snapshots, cache)}
    candidates |= {identity(item): item for item in _statistics(state.metadata, gone)}
    for location in referenced_files(after, cache):
        candidates.pop(identity(location), None)
    return tuple(candidates.values())


def expire(
    catalog: Catalog,
    load: Callable[[], TableState],
    layer: Retention,
    now: int,
    run_id: str,
    cache: ManifestCache,
    on_step: Callable[[str], None],
) -> Expired:
    """Take old snapshots out of the table's metadata. The files that are not needed any more are not deleted yet.

    Raises:
        CommitConflictError: other writers were faster every time; nothing was changed.
        LakeError: the catalog or the storage failed.
    """

    def attempt() -> Expired:
        state = load()
        expiry = planned_expiry(state, layer, now)
        if not expiry:
            return Expired(state)
        # Before the commit: afterwards a file that cannot be read must not leave others behind.
        for snapshot in state.metadata.get("snapshots", ()):
            cache.manifests(snapshot)
        commit(catalog, TableCommit(state, expiry.updates(), run_id), (), on_step)
        after = load()
        return Expired(after, expiry, unneeded_files(state, expiry, after, cache))

    return until_nobody_was_faster(attempt)


def _statistics(metadata: Mapping[str, Any], gone: set[int]) -> Iterator[str]:
    for key in ("statistics", "partition-statistics"):
        yield from (item["statistics-path"] for item in metadata.get(key, ()) if item["snapshot-id"] in gone)
