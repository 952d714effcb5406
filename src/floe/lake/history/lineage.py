"""Snapshots and their parents, and the settings of the table that belong to each of them.

Iceberg keeps properties, default partition spec and sort order once for a table. Where a publish changes one together
with its rows (the engine's own types, the files that a source has landed), the snapshot's summary says from what to
what, so that the settings of any snapshot can be worked out by walking from the one that the table's belong to.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

CHANGE_PROPERTY = "floe.properties"
"""Summary property: JSON with the changed settings, `before` and `after` the snapshot."""
SPEC = ":default-spec-id"
SORT_ORDER = ":default-sort-order-id"

Patch = str | dict[str, Any] | None
"""A setting's value, None where it is absent, or what to `set` and `unset` in a value that is a JSON object."""


def ancestry(metadata: Mapping[str, Any], snapshot_id: int | None) -> list[int]:
    """The snapshot and those it follows, as far as the metadata knows them, newest first."""
    parents = {item["snapshot-id"]: item.get("parent-snapshot-id") for item in metadata.get("snapshots", ())}
    found: list[int] = []
    while snapshot_id is not None and snapshot_id in parents and snapshot_id not in found:
        found.append(snapshot_id)
        snapshot_id = parents[snapshot_id]
    return found


def content_head(metadata: Mapping[str, Any], snapshot_id: int | None) -> int | None:
    """The latest snapshot, from this one back, that is not only a compaction of the one before it."""
    operations = {item["snapshot-id"]: (item.get("summary") or {}) for item in metadata.get("snapshots", ())}
    past = ancestry(metadata, snapshot_id)
    return next((item for item in past if operations[item].get("operation") != "replace"), snapshot_id)


def settings_of(metadata: Mapping[str, Any]) -> dict[str, str]:
    """A table's properties, and under `SPEC` and `SORT_ORDER` its default ones; nothing where there is no table."""
    if not metadata:
        return {}
    layout = {key: str(metadata[key[1:]]) for key in (SPEC, SORT_ORDER)}
    return {**metadata.get("properties", {}), **layout}


def described_change(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, str]:
    """What a snapshot's summary says of settings that change with it; nothing where none does."""
    changed = sorted(key for key in {*before, *after} if before.get(key) != after.get(key))
    if not changed:
        return {}
    both = {
        "before": {key: _patch(after.get(key), before.get(key)) for key in changed},
        "after": {key: _patch(before.get(key), after.get(key)) for key in changed},
    }
    return {CHANGE_PROPERTY: json.dumps(both, separators=(",", ":"))}


def settings_at(metadata: Mapping[str, Any], known_at: int | None, wanted_at: int | None) -> dict[str, str]:
    """The table's settings at a snapshot (before the first one if None), where `metadata` has those of another."""
    back, forth = ancestry(metadata, known_at), ancestry(metadata, wanted_at)
    shared = next((item for item in forth if item in back), None)
    changes = {item["snapshot-id"]: _change(item) for item in metadata.get("snapshots", ())}
    steps = [changes[item].get("before", {}) for item in _until(back, shared)]
    steps += [changes[item].get("after", {}) for item in reversed(_until(forth, shared))]
    settings = settings_of(metadata)
    for step in steps:
        for key, patch in step.items():
            value = _applied(settings.get(key), patch)
            if value is None:
                settings.pop(key, None)
            else:
                settings[key] = value
    return settings


def _until(snapshot_ids: Sequence[int], end: int | None) -> Sequence[int]:
    return snapshot_ids if end is None else snapshot_ids[: snapshot_ids.index(end)]


def _change(snapshot: Mapping[str, Any]) -> dict[str, Any]:
    change: dict[str, Any] = json.loads((snapshot.get("summary") or {}).get(CHANGE_PROPERTY, "{}"))
    return change


def _patch(old: str | None, new: str | None) -> Patch:
    """What makes `new` of `old`: of a long list of files, for example, only those that came."""
    before, after = _as_object(old), _as_object(new)
    if before is None or after is None or new is None:
        return new
    patch = {
        "set": {key: value for key, value in after.items() if key not in before or before[key] != value},
        "unset": sorted(before.keys() - after.keys()),
    }
    return patch if len(json.dumps(patch)) < len(new) else new


def _applied(value: str | None, patch: Patch) -> str | None:
    if not isinstance(patch, dict):
        return patch
    kept = {key: item for key, item in (_as_object(value) or {}).items() if key not in patch["unset"]}
    return json.dumps({**kept, **patch["set"]}, sort_keys=True)


def _as_object(text: str | None) -> dict[str, Any] | None:
    if text is None or not text.startswith("{"):
        return None
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
