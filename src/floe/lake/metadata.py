"""Table metadata as plain JSON: the updates of the Iceberg REST specification applied to it.

Format version 2, https://iceberg.apache.org/spec/#table-metadata-fields. Plain dictionaries instead of PyIceberg's
models: applying a publish's updates takes a tenth of the time and needs no import.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from floe.lake.growing import GrowingList

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

FORMAT_VERSION: Literal[2] = 2
LAST_ADDED = -1
"""In a set-current-schema or set-default-* update: the one that this commit added last."""
_LAST_UNASSIGNED_PARTITION_ID = 999
_PREVIOUS_VERSIONS_MAX = "write.metadata.previous-versions-max"
_PREVIOUS_VERSIONS_MAX_DEFAULT = 100
_OF_SNAPSHOTS = ("statistics", "partition-statistics")

Json = dict[str, Any]


@dataclass
class _Draft:
    """Metadata while updates are applied. Lists and objects at the first level are its own; what is in them is not."""

    metadata: Json
    now: int
    last_added: dict[str, int] = field(default_factory=dict)
    snapshots_added: dict[int, int] = field(default_factory=dict)
    """Snapshot id -> its timestamp."""


def apply_updates(base: Mapping[str, Any], updates: Sequence[Mapping[str, Any]], now: int) -> Json:
    """The metadata after `updates`; `base` is empty for a new table and is not changed. `now` is in milliseconds.

    Raises:
        ValueError: an update is unknown or contradicts the metadata.
    """
    draft = _Draft(_copy(base) if base else _empty(), now=max(now, base.get("last-updated-ms", 0)))
    for update in updates:
        action = update["action"]
        if action not in _ACTIONS:
            raise ValueError(f"unknown table update: {action}")
        _ACTIONS[action](draft, update)
    draft.metadata["last-updated-ms"] = max([draft.now, *draft.snapshots_added.values()])
    return draft.metadata


def log_previous(metadata: Json, base: Mapping[str, Any], base_location: str) -> list[str]:
    """Enter the version that `metadata` replaces into its log; return the files that fall out of the log.

    Raises:
        ValueError: `write.metadata.previous-versions-max` is not a number.
    """
    entry = {"timestamp-ms": base["last-updated-ms"], "metadata-file": base_location}
    log = [*base.get("metadata-log", ()), entry]
    configured = metadata["properties"].get(_PREVIOUS_VERSIONS_MAX, _PREVIOUS_VERSIONS_MAX_DEFAULT)
    keep = max(1, int(configured))
    metadata["metadata-log"] = log[-keep:]
    return [old["metadata-file"] for old in log[:-keep]]


def snapshot_of(metadata: Mapping[str, Any], snapshot_id: int) -> Json | None:
    """A table's snapshot by its id; None where the table has none of that id, or not any more."""
    known = metadata.get("snapshots", ())
    if isinstance(known, GrowingList):
        return known.find("snapshot-id", snapshot_id)
    return next((item for item in reversed(known) if item["snapshot-id"] == snapshot_id), None)


def highest_field_id(type_: str | Mapping[str, Any]) -> int:
    """The largest field id in a schema or type, 0 when there is none."""
    if isinstance(type_, str):
        return 0
    ids = [type_[key] for key in ("element-id", "key-id", "value-id") if key in type_]
    ids.extend(highest_field_id(type_[key]) for key in ("element", "key", "value") if key in type_)
    for column in type_.get("fields", ()):
        ids.extend((column["id"], highest_field_id(column["type"])))
    return max(ids, default=0)


def same_schema(left: Mapping[str, Any], right: Mapping[str, Any]) -> bool:
    """Whether two schemas have the same columns, whatever their schema ids."""
    keys = ("fields", "identifier-field-ids")
    return all((left.get(key) or []) == (right.get(key) or []) for key in keys)


def _empty() -> Json:
    return {
        "format-version": FORMAT_VERSION,
        "table-uuid": None,
        "location": None,
        "last-sequence-number": 0,
        "last-updated-ms": 0,
        "last-column-id": 0,
        "current-schema-id": None,
        "schemas": [],
        "default-spec-id": None,
        "partition-specs": [],
        "last-partition-id": _LAST_UNASSIGNED_PARTITION_ID,
        "default-sort-order-id": None,
        "sort-orders": [],
        "properties": {},
        "snapshots": [],
        "snapshot-log": [],
        "metadata-log": [],
        "refs": {},
        "statistics": [],
        "partition-statistics": [],
    }


def _copy(base: Mapping[str, Any]) -> Json:
    skeleton: Json = {"properties": {}, "snapshots": [], "snapshot-log": [], "metadata-log": [], "refs": {}}
    lists = (list, dict, GrowingList)
    return {key: value.copy() if isinstance(value, lists) else value for key, value in {**skeleton, **base}.items()}


def _assign_uuid(draft: _Draft, update: Mapping[str, Any]) -> None:
    if draft.metadata["table-uuid"] not in {None, update["uuid"]}:
        raise ValueError("the table's uuid cannot change")
    draft.metadata["table-uuid"] = update["uuid"]


def _upgrade_format_version(draft: _Draft, update: Mapping[str, Any]) -> None:
    if update["format-version"] != draft.metadata["format-version"]:
        raise ValueError(f"format version {update['format-version']} is not supported")


def _set_location(draft: _Draft, update: Mapping[str, Any]) -> None:
    draft.metadata["location"] = update["location"]


def _add_schema(draft: _Draft, update: Mapping[str, Any]) -> None:
    schemas = draft.metadata["schemas"]
    known = next((schema for schema in schemas if same_schema(schema, update["schema"])), None)
    if known is None:
        known = {**update["schema"], "schema-id": _next_id(schemas, "schema-id")}
        schemas.append(known)
    draft.last_added["schema-id"] = known["schema-id"]
    highest = highest_field_id(update["schema"])
    draft.metadata["last-column-id"] = max(draft.metadata["last-column-id"], highest)


def _add_spec(draft: _Draft, update: Mapping[str, Any]) -> None:
    specs = draft.metadata["partition-specs"]
    specs.append({**update["spec"], "spec-id": _next_id(specs, "spec-id")})
    draft.last_added["spec-id"] = specs[-1]["spec-id"]
    used = [column["field-id"] for column in update["spec"]["fields"]]
    draft.metadata["last-partition-id"] = max([draft.metadata["last-partition-id"], *used])


def _add_sort_order(draft: _Draft, update: Mapping[str, Any]) -> None:
    orders = draft.metadata["sort-orders"]
    orders.append(dict(update["sort-order"]))
    draft.last_added["order-id"] = orders[-1]["order-id"]


def _chooses(metadata_key: str, items_key: str, id_key: str) -> Callable[[_Draft, Mapping[str, Any]], None]:
    """The update that makes one of several schemas, specs or sort orders the current one."""

    def choose(draft: _Draft, update: Mapping[str, Any]) -> None:
        update_key = {"order-id": "sort-order-id"}.get(id_key, id_key)
        chosen = update[update_key]
        if chosen == LAST_ADDED:
            chosen = draft.last_added[id_key]
        if not any(item[id_key] == chosen for item in draft.metadata[items_key]):
            raise ValueError(f"the table has no {id_key} {chosen}")
        draft.metadata[metadata_key] = chosen

    return choose


def _set_properties(draft: _Draft, update: Mapping[str, Any]) -> None:
    draft.metadata["properties"].update(update["updates"])


def _remove_properties(draft: _Draft, update: Mapping[str, Any]) -> None:
    for key in update["removals"]:
        draft.metadata["properties"].pop(key, None)


def _add_snapshot(draft: _Draft, update: Mapping[str, Any]) -> None:
    snapshot = update["snapshot"]
    if snapshot_of(draft.metadata, snapshot["snapshot-id"]) is not None:
        raise ValueError(f"snapshot {snapshot['snapshot-id']} exists already")
    if snapshot["sequence-number"] <= draft.metadata["last-sequence-number"]:
        raise ValueError(f"sequence number {snapshot['sequence-number']} is not new")
    draft.metadata["snapshots"].append(dict(snapshot))
    draft.metadata["last-sequence-number"] = snapshot["sequence-number"]
    draft.snapshots_added[snapshot["snapshot-id"]] = snapshot["timestamp-ms"]


def _set_snapshot_ref(draft: _Draft, update: Mapping[str, Any]) -> None:
    snapshot_id = update["snapshot-id"]
    if snapshot_of(draft.metadata, snapshot_id) is None:
        raise ValueError(f"the table has no snapshot {snapshot_id}")
    kept = {key: value for key, value in update.items() if key not in {"action", "ref-name"}}
    draft.metadata["refs"][update["ref-name"]] = kept
    if update["ref-name"] == "main":
        draft.metadata["current-snapshot-id"] = snapshot_id
        since = draft.snapshots_added.get(snapshot_id, draft.now)
        draft.metadata["snapshot-log"].append({"snapshot-id": snapshot_id, "timestamp-ms": since})


def _remove_snapshots(draft: _Draft, update: Mapping[str, Any]) -> None:
    """Take snapshots out, with what belongs to them: their statistics, and the log up to the last of them.

    The log says which snapshot was current at a time: before a gap it would name the wrong one.
    """
    gone = set(update["snapshot-ids"])
    held = {name for name, ref in draft.metadata["refs"].items() if ref["snapshot-id"] in gone}
    if held or draft.metadata.get("current-snapshot-id") in gone:
        raise ValueError(f"a snapshot that `{min(held, default='main')}` refers to cannot be removed")
    kept = [item for item in draft.metadata["snapshots"] if item["snapshot-id"] not in gone]
    if len(kept) + len(gone) != len(draft.metadata["snapshots"]):
        raise ValueError("the table does not have all the snapshots that are to be removed")
    draft.metadata["snapshots"] = [_without_parent(item, gone) for item in kept]
    log = draft.metadata["snapshot-log"]
    last = max((at for at, entry in enumerate(log) if entry["snapshot-id"] in gone), default=-1)
    draft.metadata["snapshot-log"] = log[last + 1 :]
    for key in _OF_SNAPSHOTS:
        draft.metadata[key] = [item for item in draft.metadata.get(key, ()) if item["snapshot-id"] not in gone]


def _without_parent(snapshot: Json, gone: set[int]) -> Json:
    """The snapshot, which no longer names a parent that is gone."""
    if snapshot.get("parent-snapshot-id") not in gone:
        return snapshot
    return {key: value for key, value in snapshot.items() if key != "parent-snapshot-id"}


def _remove_snapshot_ref(draft: _Draft, update: Mapping[str, Any]) -> None:
    if draft.metadata["refs"].pop(update["ref-name"], None) is None:
        raise ValueError(f"the table has no branch or tag {update['ref-name']}")
    if update["ref-name"] == "main":
        draft.metadata["current-snapshot-id"] = None


def _removes(key: str) -> Callable[[_Draft, Mapping[str, Any]], None]:
    """The update that takes one snapshot's statistics out."""

    def remove(draft: _Draft, update: Mapping[str, Any]) -> None:
        kept = [item for item in draft.metadata.get(key, ()) if item["snapshot-id"] != update["snapshot-id"]]
        draft.metadata[key] = kept

    return remove


def _next_id(items: Sequence[Mapping[str, Any]], key: str) -> int:
    return max((item[key] for item in items), default=-1) + 1


_ACTIONS: dict[str, Callable[[_Draft, Mapping[str, Any]], None]] = {
    "assign-uuid": _assign_uuid,
    "upgrade-format-version": _upgrade_format_version,
    "set-location": _set_location,
    "add-schema": _add_schema,
    "set-current-schema": _chooses("current-schema-id", "schemas", "schema-id"),
    "add-spec": _add_spec,
    "set-default-spec": _chooses("default-spec-id", "partition-specs", "spec-id"),
    "add-sort-order": _add_sort_order,
    "set-default-sort-order": _chooses("default-sort-order-id", "sort-orders", "order-id"),
    "set-properties": _set_properties,
    "remove-properties": _remove_properties,
    "add-snapshot": _add_snapshot,
    "set-snapshot-ref": _set_snapshot_ref,
    "remove-snapshot-ref": _remove_snapshot_ref,
    "remove-snapshots": _remove_snapshots,
    "remove-statistics": _removes("statistics"),
    "remove-partition-statistics": _removes("partition-statistics"),
}
