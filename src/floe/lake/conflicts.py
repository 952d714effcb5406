"""What becomes of a staged change whose table has moved on since the run read it: replayed where right, else refused.

A replay is right where the result is what some order of both writers, one after the other, would have given:

- The branch still has the snapshot that the change was computed from, or begins with it: only properties, other
  branches or older snapshots changed. Every change may follow, also one that replaces the table.
- The other writers only regrouped the same rows into other files (maintenance), and the change names no file of theirs.
- The change only adds rows, whatever the table holds (`StagedTable.blind`).
- The rows that the change replaces are the same in both snapshots: whoever staged it can work it out again on the new
  files (`StagedTable.replay`).

In each case the columns, the partition spec and the properties that the change rests on must not have changed with it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from floe.errors import CommitConflictError
from floe.lake.base import MAIN, RUN_ID_PROPERTY
from floe.lake.metadata import same_schema
from floe.lake.read import current_snapshot, require_supported
from floe.lake.schema import widens

if TYPE_CHECKING:
    from collections.abc import Mapping

    from floe.lake.base import StagedTable, TableState

_RUN_AGAIN = "run again: it will start from the table as it is now"


def replayed(staged: StagedTable, current: TableState) -> StagedTable:
    """The change, to be published on `current`, which is a newer state of its table.

    Raises:
        CommitConflictError: publishing it there could undo or double what the other writer did.
    """
    base, current = staged.base, replace(current, branch=staged.base.branch)
    if base.metadata_location is None or base.metadata.get("table-uuid") != current.metadata.get("table-uuid"):
        raise conflict(base, current)
    require_supported(current)
    if base.branch != MAIN:
        from floe.lake.history.branches import begun_at_base

        current = begun_at_base(base, current)
    if base.snapshot_id == current.snapshot_id or (staged.blind and staged.operation == "append"):
        return _on(staged, current)
    if staged.operation in ("append", "replace") and _only_regrouped(base, current):
        return _on(staged, current)
    again = staged.replay(current) if staged.replay is not None else None
    if again is None:
        raise conflict(base, current)
    return again


def _only_regrouped(base: TableState, current: TableState) -> bool:
    """Whether every snapshot since `base` has the same rows as the one before it: Iceberg calls that `replace`."""
    known = {snapshot["snapshot-id"]: snapshot for snapshot in current.metadata.get("snapshots", ())}
    at = current.snapshot_id
    while at != base.snapshot_id:
        snapshot = known.get(at)
        if snapshot is None or (snapshot.get("summary") or {}).get("operation") != "replace":
            return False
        at = snapshot.get("parent-snapshot-id")
    return True


def conflict(base: TableState, current: TableState, why: str = "") -> CommitConflictError:
    """The error that names who changed a table after `base` was read; `why` says what that makes impossible."""
    if current.metadata_location is None:
        reason = f"`{base.name}` was dropped by another writer while this run was working"
        return CommitConflictError("FLOE-0504", reason, "run again")
    reason = f"`{base.name}` was changed by {_writer(base, current)} after this run had read it"
    return CommitConflictError("FLOE-0504", f"{reason}{why}; nothing was published", _RUN_AGAIN)


def said_of(base: TableState, current: TableState) -> str:
    """A sentence for users about a change that was replayed on another writer's snapshot."""
    return f"`{base.name}` was changed by {_writer(base, current)} meanwhile; what this run adds follows it"


def _writer(base: TableState, current: TableState) -> str:
    """The run and snapshot that a branch has now; another writer where that is unknown."""
    snapshot = current_snapshot(current)
    if snapshot is None or base.snapshot_id == current.snapshot_id:
        return "another writer"
    run_id = (snapshot.get("summary") or {}).get(RUN_ID_PROPERTY)
    who = f"run `{run_id}`" if run_id else "another writer"
    return f"{who} (snapshot {snapshot['snapshot-id']})"


def _on(staged: StagedTable, current: TableState) -> StagedTable:
    """The same files and removals on another state of the table."""
    _refuse_other_spec(staged, current)
    return replace(staged, base=current, schema=_schema_on(staged, current), properties=_properties_on(staged, current))


def _schema_on(staged: StagedTable, current: TableState) -> Mapping[str, Any]:
    ours, before, now = staged.schema, _schema(staged.base), _schema(current)
    last_id = "last-column-id"
    if same_schema(before, now) and staged.base.metadata[last_id] == current.metadata[last_id]:
        return ours
    if staged.operation == "append" and same_schema(ours, before) and _holds(now, ours):
        return now
    raise conflict(staged.base, current, ", and its columns are others now")


def _holds(now: Mapping[str, Any], ours: Mapping[str, Any]) -> bool:
    """Whether files of the schema `ours` can be read in `now`, with nothing of them lost and nothing missing."""
    theirs = {column["id"]: column for column in now["fields"]}
    mine = {column["id"] for column in ours["fields"]}
    kept = all(column["id"] in theirs and _fits(column, theirs[column["id"]]) for column in ours["fields"])
    return kept and not any(column["required"] for column in now["fields"] if column["id"] not in mine)


def _fits(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> bool:
    old, new = ours["type"], theirs["type"]
    return old == new or (isinstance(old, str) and isinstance(new, str) and widens(old, new))


def _properties_on(staged: StagedTable, current: TableState) -> dict[str, str]:
    """The properties that the change sets anew. One that both writers changed would lose what the other one said."""
    before, now = staged.base.metadata["properties"], current.metadata["properties"]
    changed = {key: value for key, value in staged.properties.items() if before.get(key) != value}
    for key, value in changed.items():
        if now.get(key) not in {before.get(key), value}:
            raise conflict(staged.base, current, f", and so was its property `{key}`")
    return changed


def _refuse_other_spec(staged: StagedTable, current: TableState) -> None:
    if _spec(staged.base) != _spec(current):
        raise conflict(staged.base, current, ", and it is partitioned in another way now")


def _schema(state: TableState) -> Mapping[str, Any]:
    wanted = state.metadata["current-schema-id"]
    return next(item for item in state.metadata["schemas"] if item["schema-id"] == wanted)


def _spec(state: TableState) -> Mapping[str, Any]:
    wanted = state.metadata["default-spec-id"]
    return next(item for item in state.metadata["partition-specs"] if item["spec-id"] == wanted)
