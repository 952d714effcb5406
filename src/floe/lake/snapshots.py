"""What a publish does to one table: its new manifests, its snapshot with exact counters, and the updates to commit."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from floe.errors import LakeError
from floe.lake.base import ASSET_PROPERTY, DIGEST_PROPERTY, RUN_ID_PROPERTY, PublishedTable, TableCommit
from floe.lake.bounds import bounded_types
from floe.lake.files import local_path
from floe.lake.manifests import (
    ManifestContent,
    ManifestContents,
    added_entry,
    read_entries,
    read_list,
    write_entries,
    write_list,
)
from floe.lake.read import current_snapshot, refuse_delete_files, require_supported
from floe.lake.updates import unpartitioned_spec_id, updates_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from floe.lake.base import StagedTable, TableState
    from floe.lake.manifests import ManifestEntry, ManifestFile

_MERGE_ENABLED = "commit.manifest-merge.enabled"
_MERGE_COUNT = "commit.manifest.min-count-to-merge"
_MERGE_COUNT_DEFAULT = 100


@dataclass(frozen=True)
class Origin:
    """Where a snapshot comes from; kept in its summary."""

    run_id: str
    digest: str


@dataclass(frozen=True)
class PreparedTable:
    """One table whose manifests are written and whose commit is ready."""

    commit: TableCommit
    published: PublishedTable
    written: tuple[str, ...]
    """Manifest and manifest list files, not yet synced."""


@dataclass
class _Change:
    """Manifests of the new snapshot while they are decided."""

    kept: list[ManifestFile] = field(default_factory=list)
    existing: list[ManifestEntry] = field(default_factory=list)
    deleted: list[ManifestEntry] = field(default_factory=list)


def prepare(staged: StagedTable, origin: Origin) -> PreparedTable:
    """Write the manifests of one table's new snapshot and compose its commit.

    Raises:
        LakeError: the parent snapshot cannot be read, or cannot be continued by this version.
    """
    require_supported(staged.base)
    base, parent = staged.base, current_snapshot(staged.base)
    change = _change(staged, parent)
    snapshot = {
        "snapshot-id": _new_snapshot_id(),
        **({"parent-snapshot-id": parent["snapshot-id"]} if parent else {}),
        "sequence-number": base.metadata.get("last-sequence-number", 0) + 1,
        "timestamp-ms": max(time.time_ns() // 1_000_000, base.metadata.get("last-updated-ms", 0)),
        "summary": _summary(staged, parent, change.deleted, origin),
    }
    written = _write(staged, change, snapshot, origin.run_id)
    snapshot["manifest-list"] = written[-1]
    commit = TableCommit(base, tuple(updates_of(staged, snapshot)))
    return PreparedTable(commit, _published(staged, snapshot), written)


def _write(staged: StagedTable, change: _Change, snapshot: Mapping[str, Any], run_id: str) -> tuple[str, ...]:
    """Write the manifest of what changes, if anything does, and the manifest list; return their locations."""
    folder, snapshot_id = f"{staged.base.location}/metadata", snapshot["snapshot-id"]
    types = bounded_types(staged.schema)
    added = [added_entry(item, types, snapshot_id) for item in staged.files]
    contents = ManifestContents(added, change.existing, change.deleted)
    manifests, written = list(change.kept), []
    if contents:
        written.append(f"{folder}/{run_id}-{uuid4().hex[:8]}-m0.avro")
        spec_id = unpartitioned_spec_id(staged.base)
        manifests.insert(0, write_entries(staged.base.store, written[0], staged.schema, spec_id, snapshot_id, contents))
    written.append(f"{folder}/snap-{snapshot_id}-{run_id}.avro")
    write_list(
        staged.base.store,
        written[-1],
        snapshot_id,
        snapshot.get("parent-snapshot-id"),
        snapshot["sequence-number"],
        manifests,
    )
    return tuple(written)


def _new_snapshot_id() -> int:
    """A positive 63-bit number, as the specification wants."""
    return (uuid4().int >> 64) & 0x7FFF_FFFF_FFFF_FFFF


def _change(staged: StagedTable, parent: Mapping[str, Any] | None) -> _Change:
    if parent is None:
        if staged.removed_paths:
            raise _not_in_table(staged, set(staged.removed_paths))
        return _Change()
    manifests = read_list(staged.base.store, parent["manifest-list"])
    if staged.operation == "replace":
        data = [manifest for manifest in manifests if manifest.content == ManifestContent.DATA]
        return _Change(deleted=[entry for manifest in data for entry in _entries(staged.base, manifest)])
    refuse_delete_files(staged.base, manifests)
    live = [manifest for manifest in manifests if manifest.has_added_files() or manifest.has_existing_files()]
    change = _without(staged, live) if staged.operation == "rewrite" else _Change(kept=live)
    return _merge_manifests(staged, change)


def _without(staged: StagedTable, manifests: Iterable[ManifestFile]) -> _Change:
    """Take files out: only manifests that hold one of them are rewritten."""
    missing = {local_path(path) for path in staged.removed_paths}
    change = _Change()
    for manifest in manifests:
        entries = read_entries(staged.base.store, manifest) if missing else []
        gone = [entry for entry in entries if local_path(entry.data_file.file_path) in missing]
        if not gone:
            change.kept.append(manifest)
            continue
        _refuse_partitions(staged.base, manifest)
        missing -= {local_path(entry.data_file.file_path) for entry in gone}
        change.deleted.extend(gone)
        change.existing.extend(entry for entry in entries if entry not in gone)
    if missing:
        raise _not_in_table(staged, missing)
    return change


def _merge_manifests(staged: StagedTable, change: _Change) -> _Change:
    """Many small manifests become one, so that reading stays fast however many appends there were."""
    properties = staged.base.metadata["properties"]
    if str(properties.get(_MERGE_ENABLED, "true")).lower() != "true":
        return change
    if len(change.kept) < int(properties.get(_MERGE_COUNT, _MERGE_COUNT_DEFAULT)):
        return change
    entries = [entry for manifest in change.kept for entry in _entries(staged.base, manifest)]
    return _Change(existing=[*change.existing, *entries], deleted=change.deleted)


def _entries(base: TableState, manifest: ManifestFile) -> Sequence[ManifestEntry]:
    _refuse_partitions(base, manifest)
    return read_entries(base.store, manifest)


def _refuse_partitions(base: TableState, manifest: ManifestFile) -> None:
    specs = {spec["spec-id"]: spec["fields"] for spec in base.metadata["partition-specs"]}
    if specs.get(manifest.partition_spec_id):
        reason = f"`{base.name}` holds partitioned files of another engine, which this version cannot replace"
        raise LakeError("FLOE-0507", reason, "drop the table from the catalog, then run with --full-refresh")


def _not_in_table(staged: StagedTable, missing: set[str]) -> LakeError:
    reason = f"`{staged.base.name}` does not hold the file `{min(missing)}` that was to be replaced"
    return LakeError("FLOE-0506", reason, "run again: it will start from the table as it is now")


def _summary(
    staged: StagedTable, parent: Mapping[str, Any] | None, deleted: Sequence[ManifestEntry], origin: Origin
) -> dict[str, str]:
    rows_added = sum(item.record_count for item in staged.files)
    size_added = sum(item.size_bytes for item in staged.files)
    rows_deleted = sum(entry.data_file.record_count for entry in deleted)
    size_deleted = sum(entry.data_file.file_size_in_bytes for entry in deleted)
    rows, files, size = (0, 0, 0) if staged.operation == "replace" else _totals(staged, parent)
    if staged.operation != "replace":
        rows, files, size = rows - rows_deleted, files - len(deleted), size - size_deleted
    changes = {
        "added-data-files": len(staged.files),
        "added-records": rows_added,
        "added-files-size": size_added,
        "deleted-data-files": len(deleted),
        "deleted-records": rows_deleted,
        "removed-files-size": size_deleted,
    }
    totals = {
        "total-records": rows + rows_added,
        "total-data-files": files + len(staged.files),
        "total-files-size": size + size_added,
        "total-delete-files": 0,
        "total-position-deletes": 0,
        "total-equality-deletes": 0,
    }
    appends = staged.operation == "append" or (staged.operation == "replace" and parent is None)
    return {
        "operation": "append" if appends else "overwrite",
        RUN_ID_PROPERTY: origin.run_id,
        DIGEST_PROPERTY: origin.digest,
        ASSET_PROPERTY: staged.asset,
        **{key: str(value) for key, value in changes.items() if value},
        **{key: str(value) for key, value in totals.items()},
    }


def _totals(staged: StagedTable, parent: Mapping[str, Any] | None) -> tuple[int, int, int]:
    """Rows, files and bytes of a snapshot: from its summary, or counted where another engine left them out."""
    if parent is None:
        return 0, 0, 0
    summary = parent.get("summary") or {}
    try:
        return int(summary["total-records"]), int(summary["total-data-files"]), int(summary["total-files-size"])
    except (KeyError, ValueError):
        store = staged.base.store
        manifests = read_list(store, parent["manifest-list"])
        files = [entry.data_file for item in manifests for entry in read_entries(store, item)]
        rows = sum(item.record_count for item in files)
        return rows, len(files), sum(item.file_size_in_bytes for item in files)


def _published(staged: StagedTable, snapshot: Mapping[str, Any]) -> PublishedTable:
    summary = snapshot["summary"]
    return PublishedTable(
        asset=staged.asset,
        name=staged.base.name,
        snapshot_id=snapshot["snapshot-id"],
        operation=summary["operation"],
        rows_added=int(summary.get("added-records", 0)),
        rows_removed=int(summary.get("deleted-records", 0)),
        rows_total=int(summary["total-records"]),
        files_added=len(staged.files),
        bytes_added=int(summary.get("added-files-size", 0)),
    )
