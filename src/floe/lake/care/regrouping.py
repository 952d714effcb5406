"""Rewrites the manifests of one table: many small ones into few, ordered by partition; the data stays as it is."""

from __future__ import annotations

import time
from collections import defaultdict
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from floe.lake.base import ASSET_PROPERTY, DIGEST_PROPERTY, RUN_ID_PROPERTY, StagedTable, TableCommit
from floe.lake.care.committing import commit, until_nobody_was_faster
from floe.lake.care.current import default_spec, look
from floe.lake.manifests import ManifestContents, write_entries, write_list
from floe.lake.read import current_snapshot, schema
from floe.lake.snapshots import new_snapshot_id, with_sources
from floe.lake.updates import updates_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from floe.lake.base import Catalog, TableState
    from floe.lake.care.references import ManifestCache
    from floe.lake.manifests import ManifestEntry, ManifestFile
    from floe.lake.snapshots import Origin

TARGET_MANIFEST_BYTES = "commit.manifest.target-size-bytes"
_TARGET_DEFAULT = 8 * 1024 * 1024
_WORTH_IT = 4
"""So many small manifests of one spec are rewritten; fewer cost readers less than the rewrite."""


def worth_regrouping(manifests: Iterable[ManifestFile], target: int) -> tuple[ManifestFile, ...]:
    """The manifests of data that should be written again: the small ones of a spec that has several of them."""
    small: defaultdict[int, list[ManifestFile]] = defaultdict(list)
    for manifest in manifests:
        if manifest.manifest_length < target // 2:
            small[manifest.partition_spec_id].append(manifest)
    return tuple(item for group in small.values() if len(group) >= _WORTH_IT for item in group)


def planned_manifests(manifests: Sequence[ManifestFile], target: int) -> int:
    """How many manifests become of those that are worth regrouping."""
    by_spec: defaultdict[int, int] = defaultdict(int)
    for manifest in manifests:
        by_spec[manifest.partition_spec_id] += manifest.manifest_length
    return sum(-(-size // target) for size in by_spec.values())


def target_manifest_bytes(properties: Mapping[str, str]) -> int:
    """The size that the table's manifests should have."""
    text = str(properties.get(TARGET_MANIFEST_BYTES, _TARGET_DEFAULT))
    return int(text) if text.isdecimal() and int(text) else _TARGET_DEFAULT


def regroup(
    catalog: Catalog,
    load: Callable[[], TableState],
    origin: Origin,
    asset: str,
    cache: ManifestCache,
    on_step: Callable[[str], None],
) -> int:
    """Write small manifests again as few; return how many there were, 0 where nothing is gained.

    Raises:
        CommitConflictError: other writers were faster every time; nothing was changed.
        LakeError: the catalog or the storage failed; nothing was changed.
    """

    def attempt() -> int:
        state = load()
        parent = current_snapshot(state)
        if parent is None:
            return 0
        target = target_manifest_bytes(state.metadata.get("properties", {}))
        current = look(state, cache)
        small = worth_regrouping(current.data_manifests, target)
        if not small:
            return 0
        snapshot = _snapshot(state, parent)
        kept = [item for item in current.manifests if item not in small]
        new = _write(state, small, target, snapshot["snapshot-id"], origin, cache)
        snapshot["summary"] = _summary(parent, origin, asset, {"created": new, "kept": kept, "replaced": small})
        location = f"{state.location}/metadata/snap-{snapshot['snapshot-id']}-{origin.run_id}.avro"
        write_list(
            state.store,
            location,
            snapshot["snapshot-id"],
            parent["snapshot-id"],
            snapshot["sequence-number"],
            [*new, *kept],
        )
        snapshot["manifest-list"] = location
        change = TableCommit(state, tuple(updates_of(_unchanged(state, asset), snapshot)))
        commit(catalog, change, (*(item.manifest_path for item in new), location), on_step)
        return len(small)

    return until_nobody_was_faster(attempt)


def _unchanged(state: TableState, asset: str) -> StagedTable:
    """A publish that leaves the table as it is."""
    return StagedTable(
        asset=asset, base=state, schema=schema(state), operation="compact", files=(), spec=default_spec(state)
    )


def _snapshot(state: TableState, parent: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "snapshot-id": new_snapshot_id(),
        "parent-snapshot-id": parent["snapshot-id"],
        "sequence-number": state.metadata["last-sequence-number"] + 1,
        "timestamp-ms": max(time.time_ns() // 1_000_000, state.metadata["last-updated-ms"]),
    }


def _write(
    state: TableState,
    manifests: Sequence[ManifestFile],
    target: int,
    snapshot_id: int,
    origin: Origin,
    cache: ManifestCache,
) -> list[ManifestFile]:
    """The entries of manifests, neighbours by partition, in as few new ones as the target size allows."""
    specs = {item["spec-id"]: item for item in state.metadata["partition-specs"]}
    groups: defaultdict[int, list[ManifestFile]] = defaultdict(list)
    for manifest in manifests:
        groups[manifest.partition_spec_id].append(manifest)
    written: list[ManifestFile] = []
    for spec_id, group in groups.items():
        written_with = with_sources(_unchanged(state, asset=""), specs[spec_id])
        entries = [entry for manifest in group for entry in cache.entries(manifest)]
        entries.sort(key=_by_partition)
        parts = planned_manifests(group, target)
        for at in range(parts):
            some = entries[len(entries) * at // parts : len(entries) * (at + 1) // parts]
            location = f"{state.location}/metadata/{origin.run_id}-{uuid4().hex[:8]}-m{len(written)}.avro"
            contents = ManifestContents(existing=some)
            written.append(write_entries(state.store, location, written_with, specs[spec_id], snapshot_id, contents))
    return written


def _by_partition(entry: ManifestEntry) -> tuple[tuple[tuple[bool, str], ...], int]:
    partition = entry.data_file.partition
    values = [partition[at] for at in range(len(partition))] if partition is not None else []
    return tuple((value is not None, str(value)) for value in values), entry.sequence_number or 0


def _summary(
    parent: Mapping[str, Any], origin: Origin, asset: str, manifests: Mapping[str, Sequence[ManifestFile]]
) -> dict[str, str]:
    """What Iceberg's own rewrite of manifests writes down; the totals are the parent's."""
    totals = {key: value for key, value in (parent.get("summary") or {}).items() if key.startswith("total-")}
    return {
        "operation": "replace",
        RUN_ID_PROPERTY: origin.run_id,
        DIGEST_PROPERTY: origin.digest,
        ASSET_PROPERTY: asset,
        **{f"manifests-{what}": str(len(some)) for what, some in manifests.items()},
        **totals,
    }
