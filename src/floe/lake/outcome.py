"""Whether a commit whose answer was lost was carried out: looked up in the tables, never guessed."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from floe.errors import LakeError, UnknownOutcomeError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from floe.lake.base import TableCommit, TableName, TableState

_WAITS_SECONDS = (0.1, 0.5, 2.0)


def was_committed(
    load: Callable[[TableName, str], TableState], commits: Sequence[TableCommit], error: LakeError
) -> bool:
    """Whether a commit that ended in `error` changed the tables: their snapshots, which carry the run's id, tell.

    `load` is `Catalog.load`. Where a commit adds no snapshot, its other updates are looked for.

    Raises:
        UnknownOutcomeError: the catalog cannot be read.
    """
    for wait in (*_WAITS_SECONDS, None):
        try:
            return all(carries(load(commit.base.name, commit.base.location), commit) for commit in commits)
        except LakeError as unreadable:
            if wait is None:
                raise _unknown(commits, error, unreadable) from error
            time.sleep(wait)
    raise AssertionError  # the last turn of the loop returns or raises


def carries(state: TableState, commit: TableCommit) -> bool:
    """Whether a table, as it is now, has been through a commit; later commits on top of it change nothing in that."""
    if state.metadata_location is None:
        return False
    known = {snapshot["snapshot-id"] for snapshot in state.metadata.get("snapshots", ())}
    added = {update["snapshot"]["snapshot-id"] for update in commit.updates if update["action"] == "add-snapshot"}
    if added:
        return added <= known
    effects = [item for item in commit.updates if item["action"] in _EFFECTS]
    return bool(effects) and all(_EFFECTS[item["action"]](state.metadata, item) for item in effects)


def _points(metadata: Mapping[str, Any], update: Mapping[str, Any]) -> bool:
    reference = metadata.get("refs", {}).get(update["ref-name"], {})
    return bool(reference.get("snapshot-id") == update["snapshot-id"])


_EFFECTS: dict[str, Callable[[Mapping[str, Any], Mapping[str, Any]], bool]] = {
    "assign-uuid": lambda metadata, update: bool(update["uuid"] == metadata.get("table-uuid")),
    "set-snapshot-ref": _points,
    "remove-snapshot-ref": lambda metadata, update: update["ref-name"] not in metadata.get("refs", {}),
    "remove-snapshots": lambda metadata, update: (
        not (set(update["snapshot-ids"]) & {item["snapshot-id"] for item in metadata.get("snapshots", ())})
    ),
    "set-properties": lambda metadata, update: update["updates"].items() <= metadata.get("properties", {}).items(),
    "remove-properties": lambda metadata, update: not set(update["removals"]) & set(metadata.get("properties", {})),
}


def _unknown(commits: Sequence[TableCommit], error: LakeError, unreadable: LakeError) -> UnknownOutcomeError:
    names = ", ".join(f"`{commit.base.name}`" for commit in commits[:5])
    more = f" and {len(commits) - 5} more" if len(commits) > 5 else ""
    reason = f"it is not known whether {names}{more} changed: {error.reason}, and the catalog cannot be asked"
    instruction = "run any command when the catalog is there again: it finds out, and says so"
    return UnknownOutcomeError("FLOE-0569", reason, instruction, details=(unreadable.reason,))
