"""What must still hold for a commit to be applied, and whether it was: from the commit and the state it began with."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from floe.lake.base import TableCommit
from floe.lake.outcome import carries

if TYPE_CHECKING:
    from floe.lake.base import TableState

Verdict = Literal["applied", "untouched", "changed"]
_REFERENCES = ("set-snapshot-ref", "remove-snapshot-ref")
_NO_SNAPSHOT = -1
_ASSIGNED = {
    "add-schema": ("assert-last-assigned-field-id", "last-assigned-field-id", "last-column-id"),
    "add-spec": ("assert-last-assigned-partition-id", "last-assigned-partition-id", "last-partition-id"),
    "set-default-spec": ("assert-default-spec-id", "default-spec-id", "default-spec-id"),
    "set-default-sort-order": ("assert-default-sort-order-id", "default-sort-order-id", "default-sort-order-id"),
}
"""Update -> the requirement that keeps what it counts on: type, its field, and the field of the table's metadata."""


def requirements_of(commit: TableCommit) -> list[dict[str, Any]]:
    """The requirements under which a commit may be applied: that the table is what it was computed from."""
    base = commit.base
    if not base.is_in_catalog:
        return [{"type": "assert-create"}]
    metadata = base.metadata
    found: list[dict[str, Any]] = [{"type": "assert-table-uuid", "uuid": metadata["table-uuid"]}]
    names = {base.branch} | {update["ref-name"] for update in commit.updates if update["action"] in _REFERENCES}
    if any(update["action"] == "remove-snapshots" for update in commit.updates):
        names |= metadata.get("refs", {}).keys()
    found += [
        {"type": "assert-ref-snapshot-id", "ref": name, "snapshot-id": snapshot_id_of(base, name)}
        for name in sorted(names)
    ]
    found.append({"type": "assert-current-schema-id", "current-schema-id": metadata["current-schema-id"]})
    for action in sorted({update["action"] for update in commit.updates} & _ASSIGNED.keys()):
        kind, key, source = _ASSIGNED[action]
        if source in metadata:
            found.append({"type": kind, key: metadata[source]})
    return found


def snapshot_id_of(state: TableState, reference: str) -> int | None:
    """The snapshot that a branch or tag of a state names, None where there is none."""
    known = state.metadata.get("refs", {}).get(reference)
    if known is not None:
        return int(known["snapshot-id"])
    current = state.metadata.get("current-snapshot-id", _NO_SNAPSHOT) if reference == "main" else None
    return None if current is None or current == _NO_SNAPSHOT else int(current)


def verdict_on(commit: TableCommit, now: TableState) -> Verdict:
    """Whether a table, as it is now, has had a commit applied, is still what it began with, or is something else."""
    if now.metadata_location == commit.base.metadata_location:
        return "untouched"
    return "applied" if carries(now, commit) else "changed"


def divided(commit: TableCommit) -> tuple[TableCommit, TableCommit]:
    """The commit of a new table in two: what makes it, without rows, and what puts its first snapshot into it.

    The second one has the base of the first; see `continued`.
    """
    first = next((n for n, update in enumerate(commit.updates) if update["action"] == "add-snapshot"), None)
    cut = len(commit.updates) if first is None else first
    return replace(commit, updates=commit.updates[:cut]), replace(commit, updates=commit.updates[cut:])


def continued(commit: TableCommit, made: TableState) -> TableCommit:
    """The second part of a divided commit, on the table that the first part made.

    A snapshot must not be older than its table, which has the time of the server's clock.
    """
    least = int(made.metadata.get("last-updated-ms", 0))
    updates = [
        {**update, "snapshot": {**update["snapshot"], "timestamp-ms": max(least, update["snapshot"]["timestamp-ms"])}}
        if update["action"] == "add-snapshot"
        else update
        for update in commit.updates
    ]
    return TableCommit(replace(made, branch=commit.base.branch), tuple(updates))
