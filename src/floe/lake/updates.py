"""The updates, in the REST specification's JSON, that make a new snapshot the current one of a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal
from uuid import uuid4

from floe.lake.base import MAIN
from floe.lake.layout import UNPARTITIONED, UNSORTED, unpartitioned_spec
from floe.lake.metadata import FORMAT_VERSION, LAST_ADDED, highest_field_id, same_schema

if TYPE_CHECKING:
    from collections.abc import Mapping

    from floe.lake.base import StagedTable

_DEFAULT_PROPERTIES = {"write.metadata.delete-after-commit.enabled": "true"}
"""Properties of a new table. Without this one a table of a thousand publishes keeps a thousand metadata files."""


def updates_of(staged: StagedTable, snapshot: dict[str, Any]) -> list[dict[str, Any]]:
    """Updates that create the table where needed, evolve its schema, set its properties and add `snapshot`.

    The snapshot gets the id of the schema it was written with. On another branch than main, the table's current schema,
    spec, sort order and properties stay: they are main's (see `floe.lake.history`).
    """
    metadata = staged.base.metadata
    updates = _schema_updates(staged) if staged.base.is_in_catalog else _creation(staged)
    changed = {
        key: value for key, value in staged.properties.items() if metadata.get("properties", {}).get(key) != value
    }
    if changed and staged.base.branch == MAIN:
        updates.append({"action": "set-properties", "updates": changed})
    snapshot["schema-id"] = _schema_id_after(staged)
    updates.append({"action": "add-snapshot", "snapshot": snapshot})
    updates.append({"action": "set-snapshot-ref", **set_ref(metadata, staged.base.branch, snapshot["snapshot-id"])})
    return updates


def spec_of_files(staged: StagedTable) -> Mapping[str, Any]:
    """The spec under which the staged files are added; `updates_of` adds it to the table where it is new."""
    return unpartitioned_spec(staged.base) if staged.spec is None else staged.spec


def set_ref(
    metadata: Mapping[str, Any], name: str, snapshot_id: int, kind: Literal["branch", "tag"] = "branch"
) -> dict[str, Any]:
    """The fields of an update that lets a branch or tag point to a snapshot; retention settings that it has stay."""
    known = (metadata.get("refs") or {}).get(name, {})
    kept = {key: value for key, value in known.items() if key not in {"type", "snapshot-id"}}
    return {**kept, "ref-name": name, "type": kind, "snapshot-id": snapshot_id}


def _creation(staged: StagedTable) -> list[dict[str, Any]]:
    schema = {**staged.schema, "schema-id": 0}
    return [
        {"action": "assign-uuid", "uuid": str(uuid4())},
        {"action": "upgrade-format-version", "format-version": FORMAT_VERSION},
        {"action": "set-location", "location": staged.base.location},
        {"action": "add-schema", "schema": schema, "last-column-id": highest_field_id(schema)},
        {"action": "set-current-schema", "schema-id": LAST_ADDED},
        {"action": "add-spec", "spec": staged.spec or UNPARTITIONED},
        {"action": "set-default-spec", "spec-id": LAST_ADDED},
        {"action": "add-sort-order", "sort-order": staged.sort_order or UNSORTED},
        {"action": "set-default-sort-order", "sort-order-id": LAST_ADDED},
        {"action": "set-properties", "updates": _DEFAULT_PROPERTIES},
    ]


def _schema_updates(staged: StagedTable) -> list[dict[str, Any]]:
    metadata = staged.base.metadata
    updates: list[dict[str, Any]] = []
    schema_id = _schema_id_after(staged)
    if all(known["schema-id"] != schema_id for known in metadata["schemas"]):
        highest = max(metadata["last-column-id"], highest_field_id(staged.schema))
        schema = {**staged.schema, "schema-id": schema_id}
        updates.append({"action": "add-schema", "schema": schema, "last-column-id": highest})
    if schema_id != metadata["current-schema-id"] and staged.base.branch == MAIN:
        updates.append({"action": "set-current-schema", "schema-id": schema_id})
    return [*updates, *_spec_updates(staged), *_order_updates(staged)]


def _spec_updates(staged: StagedTable) -> list[dict[str, Any]]:
    metadata, spec = staged.base.metadata, spec_of_files(staged)
    known = any(item["spec-id"] == spec["spec-id"] for item in metadata["partition-specs"])
    updates: list[dict[str, Any]] = [] if known else [{"action": "add-spec", "spec": spec}]
    if staged.spec is not None and spec["spec-id"] != metadata["default-spec-id"] and staged.base.branch == MAIN:
        updates.append({"action": "set-default-spec", "spec-id": spec["spec-id"] if known else LAST_ADDED})
    return updates


def _order_updates(staged: StagedTable) -> list[dict[str, Any]]:
    metadata, order = staged.base.metadata, staged.sort_order
    if order is None or order["order-id"] == metadata["default-sort-order-id"]:
        return []
    known = any(item["order-id"] == order["order-id"] for item in metadata["sort-orders"])
    added: list[dict[str, Any]] = [] if known else [{"action": "add-sort-order", "sort-order": order}]
    if staged.base.branch != MAIN:
        return added
    chosen = order["order-id"] if known else LAST_ADDED
    return [*added, {"action": "set-default-sort-order", "sort-order-id": chosen}]


def _schema_id_after(staged: StagedTable) -> int:
    """The id of an equal schema that the table has, else the next free one."""
    known = staged.base.metadata.get("schemas", ())
    equal = [item["schema-id"] for item in known if same_schema(item, staged.schema)]
    current = staged.base.metadata.get("current-schema-id", LAST_ADDED)
    if current in equal:
        return int(current)
    return int(equal[0]) if equal else max((int(item["schema-id"]) for item in known), default=-1) + 1
