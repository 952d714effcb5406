"""The updates, in the REST specification's JSON, that make a new snapshot the current one of a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

from floe.lake.metadata import FORMAT_VERSION, LAST_ADDED, highest_field_id, same_schema

if TYPE_CHECKING:
    from collections.abc import Mapping

    from floe.lake.base import StagedTable, TableState

_UNPARTITIONED_SPEC = {"spec-id": 0, "fields": []}
_DEFAULT_PROPERTIES = {"write.metadata.delete-after-commit.enabled": "true"}
"""Properties of a new table. Without this one a table of a thousand publishes keeps a thousand metadata files."""


def updates_of(staged: StagedTable, snapshot: dict[str, Any]) -> list[dict[str, Any]]:
    """Updates that create the table where needed, evolve its schema, set its properties and add `snapshot`.

    The snapshot gets the id of the schema it was written with.
    """
    metadata = staged.base.metadata
    updates = _schema_updates(staged) if staged.base.exists else _creation(staged)
    changed = {
        key: value for key, value in staged.properties.items() if metadata.get("properties", {}).get(key) != value
    }
    if changed:
        updates.append({"action": "set-properties", "updates": changed})
    snapshot["schema-id"] = _schema_id_after(staged)
    updates.append({"action": "add-snapshot", "snapshot": snapshot})
    reference = {"ref-name": "main", "type": "branch", "snapshot-id": snapshot["snapshot-id"]}
    updates.append({"action": "set-snapshot-ref", **_retention(metadata), **reference})
    return updates


def unpartitioned_spec_id(base: TableState) -> int:
    """The spec under which files are added; a table that other engines partitioned gets one (see `updates_of`)."""
    specs = base.metadata.get("partition-specs", ())
    known = [spec["spec-id"] for spec in specs if not spec["fields"]]
    if known:
        return int(known[0])
    return max((int(spec["spec-id"]) for spec in specs), default=-1) + 1


def _creation(staged: StagedTable) -> list[dict[str, Any]]:
    schema = {**staged.schema, "schema-id": 0}
    return [
        {"action": "assign-uuid", "uuid": str(uuid4())},
        {"action": "upgrade-format-version", "format-version": FORMAT_VERSION},
        {"action": "set-location", "location": staged.base.location},
        {"action": "add-schema", "schema": schema, "last-column-id": highest_field_id(schema)},
        {"action": "set-current-schema", "schema-id": LAST_ADDED},
        {"action": "add-spec", "spec": _UNPARTITIONED_SPEC},
        {"action": "set-default-spec", "spec-id": LAST_ADDED},
        {"action": "add-sort-order", "sort-order": {"order-id": 0, "fields": []}},
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
    if schema_id != metadata["current-schema-id"]:
        updates.append({"action": "set-current-schema", "schema-id": schema_id})
    if all(spec["fields"] for spec in metadata["partition-specs"]):
        spec_id = unpartitioned_spec_id(staged.base)
        updates.append({"action": "add-spec", "spec": {**_UNPARTITIONED_SPEC, "spec-id": spec_id}})
    return updates


def _schema_id_after(staged: StagedTable) -> int:
    """The id of an equal schema that the table has, else the next free one."""
    known = staged.base.metadata.get("schemas", ())
    equal = [item["schema-id"] for item in known if same_schema(item, staged.schema)]
    current = staged.base.metadata.get("current-schema-id", LAST_ADDED)
    if current in equal:
        return int(current)
    return int(equal[0]) if equal else max((int(item["schema-id"]) for item in known), default=-1) + 1


def _retention(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Retention settings that the main branch has; they stay."""
    main = metadata.get("refs", {}).get("main", {})
    return {key: value for key, value in main.items() if key not in {"type", "snapshot-id"}}
