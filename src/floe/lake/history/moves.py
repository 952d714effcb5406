"""Moving main to another snapshot without writing one: rollbacks and promotions, remembered in the table itself."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from floe.lake.base import MAIN, TableCommit
from floe.lake.history.lineage import SORT_ORDER, SPEC, settings_at
from floe.lake.history.points import find_snapshot
from floe.lake.updates import set_ref

if TYPE_CHECKING:
    from collections.abc import Mapping

    from floe.lake.base import TableState

MOVES_PROPERTY = "floe.moves"
"""Table property: JSON array of the latest moves of main, oldest first."""
_KEPT = 20

Operation = Literal["rollback", "promote"]


@dataclass(frozen=True)
class Move:
    """Main came to point to a snapshot that was there already, or to none."""

    run_id: str
    operation: Operation
    moved_at: datetime
    before: int | None
    after: int | None
    branch: str = ""
    """The branch that was promoted."""


def moves_of(state: TableState) -> tuple[Move, ...]:
    """The latest moves of a table's main branch, oldest first."""
    recorded = json.loads(state.metadata.get("properties", {}).get(MOVES_PROPERTY, "[]"))
    return tuple(
        Move(
            run_id=item["run-id"],
            operation=item["operation"],
            moved_at=datetime.fromtimestamp(item["timestamp-ms"] / 1000, UTC),
            before=item["from"],
            after=item["to"],
            branch=item.get("branch", ""),
        )
        for item in recorded
    )


def move_main(
    state: TableState, target: int | None, run_id: str, operation: Operation, branch: str = ""
) -> TableCommit:
    """What makes main point to a snapshot of the table (to none, if None), with the schema and settings of then.

    The table is as the catalog has it, seen from main.
    """
    metadata = state.metadata
    updates: list[dict[str, Any]] = []
    if target is None:
        updates.append({"action": "remove-snapshot-ref", "ref-name": MAIN})
    else:
        schema_id = find_snapshot(state, target).get("schema-id", metadata["current-schema-id"])
        if schema_id != metadata["current-schema-id"]:
            updates.append({"action": "set-current-schema", "schema-id": schema_id})
        updates.append({"action": "set-snapshot-ref", **set_ref(metadata, MAIN, target)})
    settings = settings_at(metadata, state.snapshot_id, target)
    settings[MOVES_PROPERTY] = _with_move(state, target, run_id, operation, branch)
    spec_id, order_id = int(settings.pop(SPEC)), int(settings.pop(SORT_ORDER))
    if spec_id != metadata["default-spec-id"]:
        updates.append({"action": "set-default-spec", "spec-id": spec_id})
    if order_id != metadata["default-sort-order-id"]:
        updates.append({"action": "set-default-sort-order", "sort-order-id": order_id})
    return TableCommit(state, (*updates, *_property_updates(metadata.get("properties", {}), settings)))


def _with_move(state: TableState, target: int | None, run_id: str, operation: Operation, branch: str) -> str:
    known = json.loads(state.metadata.get("properties", {}).get(MOVES_PROPERTY, "[]"))
    move = {
        "run-id": run_id,
        "operation": operation,
        "timestamp-ms": time.time_ns() // 1_000_000,
        "from": state.snapshot_id,
        "to": target,
        **({"branch": branch} if branch else {}),
    }
    return json.dumps([*known, move][-_KEPT:], separators=(",", ":"))


def _property_updates(before: Mapping[str, str], after: Mapping[str, str]) -> list[dict[str, Any]]:
    changed = {key: value for key, value in after.items() if before.get(key) != value}
    gone = sorted(before.keys() - after.keys())
    updates: list[dict[str, Any]] = [{"action": "set-properties", "updates": changed}] if changed else []
    return [*updates, {"action": "remove-properties", "removals": gone}] if gone else updates
