"""What runs did to main: from which snapshot to which each of them brought a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from floe.lake.history.lineage import ancestry
from floe.lake.history.log import BRANCH_PROPERTY
from floe.lake.history.moves import moves_of
from floe.lake.history.points import find_snapshot, run_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from floe.lake.base import TableState

FIRST_PROPERTY = "floe.first"
"""Summary property of a snapshot before which the table had no rows for anybody."""


@dataclass(frozen=True)
class Effect:
    """A run brought main from one snapshot to another."""

    run_id: str
    before: int | None
    """None where main had nothing of the table."""
    after: int | None
    is_complete: bool = True
    """Whether what was before is still known."""


def effects_on_main(state: TableState) -> list[Effect]:
    """What each run did to the table's main branch, as far as its metadata remembers, oldest first."""
    made: dict[str, Effect] = {}
    for item in state.metadata.get("snapshots", ()):
        run_id = run_of(item)
        if run_id and BRANCH_PROPERTY not in item["summary"]:
            first = made.get(run_id)
            made[run_id] = _effect(state, run_id, item, first)
    moved = [Effect(move.run_id, move.before, move.after) for move in moves_of(state)]
    return [*made.values(), *moved]


def who_moved_on(state: TableState, since: int | None) -> str:
    """The run, and its snapshot, that main has now instead of `since`; for messages."""
    head = state.snapshot_id
    if head is None:
        return next((f"run `{move.run_id}`" for move in reversed(moves_of(state))), "another program")
    last_move = next((move for move in reversed(moves_of(state)) if move.after == head), None)
    snapshot = find_snapshot(state, head)
    if last_move is not None and since not in ancestry(state.metadata, head):
        return f"run `{last_move.run_id}` ({last_move.operation} to snapshot {head})"
    who = f"run `{run_of(snapshot)}`" if run_of(snapshot) else "another program"
    return f"{who} (snapshot {head})"


def _effect(state: TableState, run_id: str, snapshot: Mapping[str, Any], first: Effect | None) -> Effect:
    after = int(snapshot["snapshot-id"])
    if first is not None:
        return Effect(run_id, first.before, after, first.is_complete)
    parent = snapshot.get("parent-snapshot-id")
    if parent is None:
        # Some programs forget a parent that they expired; only the very first snapshot has none.
        is_first = FIRST_PROPERTY in snapshot["summary"] or snapshot["sequence-number"] == 1
        return Effect(run_id, None, after, is_first)
    known = any(item["snapshot-id"] == parent for item in state.metadata["snapshots"])
    return Effect(run_id, int(parent), after, known)
