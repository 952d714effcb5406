"""What a publish does to one table: its new manifests, its snapshot with exact counters, and the updates to commit."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from floe.errors import LakeError
from floe.lake.base import (
    ASSET_PROPERTY,
    DIGEST_PROPERTY,
    DROPPED_PROPERTY,
    RUN_ID_PROPERTY,
    PublishedTable,
    TableCommit,
)
from floe.lake.bounds import bounded_types
from floe.lake.care.retention import overdue
from floe.lake.files import local_path
from floe.lake.history.branches import origin_marks
from floe.lake.history.effects import FIRST_PROPERTY
from floe.lake.history.lineage import SORT_ORDER, SPEC, described_change, settings_of
from floe.lake.manifests import (
    ManifestContent,
    ManifestContents,
    added_entry,
    read_entries,
    read_list,
    write_entries,
    write_list,
)
from floe.lake.outlived import DeletesChange, outlived, without_data
from floe.lake.read import current_snapshot, require_supported
from floe.lake.updates import spec_of_files, updates_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from floe.lake.base import StagedTable
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
    """Manifests that stay as they are."""
    existing: list[ManifestEntry] = field(default_factory=list)
    deleted: list[ManifestEntry] = field(default_factory=list)
    deletes: DeletesChange = field(default_factory=DeletesChange)
    """What becomes of delete files of other engines."""


def prepare(staged: StagedTable, origin: Origin) -> PreparedTable:
    """Write the manifests of one table's new snapshot and compose its commit.

    Raises:
        LakeError: the parent snapshot cannot be read, or cannot be continued by this version.
    """
    require_supported(staged.base)
    staged = _there_again(staged)
    base, parent = staged.base, current_snapshot(staged.base)
    change = _change(staged, parent)
    snapshot = {
        "snapshot-id": new_snapshot_id(),
        **({"parent-snapshot-id": parent["snapshot-id"]} if parent else {}),
        "sequence-number": base.metadata.get("last-sequence-number", 0) + 1,
        "timestamp-ms": max(time.time_ns() // 1_000_000, base.metadata.get("last-updated-ms", 0)),
        "summary": _summary(staged, parent, change, origin),
    }
    written = _write(staged, change, snapshot, origin.run_id)
    snapshot["manifest-list"] = written[-1]
    updates = updates_of(staged, snapshot)
    if staged.retention is not None:
        updates += overdue(base.metadata, staged.retention, snapshot["timestamp-ms"])
    commit = TableCommit(base, tuple(updates))
    return PreparedTable(commit, _published(staged, snapshot), written)


def _there_again(staged: StagedTable) -> StagedTable:
    """What is staged; a table that was dropped on its branch is there again, unless it is staged as dropped."""
    if not staged.base.metadata.get("properties", {}).get(DROPPED_PROPERTY):
        return staged
    return replace(staged, properties={DROPPED_PROPERTY: "", **staged.properties})


def _write(staged: StagedTable, change: _Change, snapshot: Mapping[str, Any], run_id: str) -> tuple[str, ...]:
    """Write the manifests of what changes, one for each spec, and the manifest list; return their locations."""
    base, snapshot_id = staged.base, snapshot["snapshot-id"]
    folder = f"{base.location}/metadata"
    manifests, written, unique = [], [], uuid4().hex[:8]
    for number, (spec, contents) in enumerate(_contents(staged, change, snapshot_id)):
        written.append(f"{folder}/{run_id}-{unique}-m{number}.avro")
        schema = with_sources(staged, spec)
        manifests.append(write_entries(base.store, written[-1], schema, spec, snapshot_id, contents))
    specs = {item["spec-id"]: item for item in base.metadata.get("partition-specs", ())}
    for spec_id, contents in change.deletes.contents():
        written.append(f"{folder}/{run_id}-{unique}-m{len(written)}.avro")
        schema, kind = with_sources(staged, specs[spec_id]), ManifestContent.DELETES
        manifests.append(write_entries(base.store, written[-1], schema, specs[spec_id], snapshot_id, contents, kind))
    manifests += (*change.kept, *change.deletes.kept)
    written.append(f"{folder}/snap-{snapshot_id}-{run_id}.avro")
    write_list(
        base.store,
        written[-1],
        snapshot_id,
        snapshot.get("parent-snapshot-id"),
        snapshot["sequence-number"],
        manifests,
    )
    return tuple(written)


def _contents(
    staged: StagedTable, change: _Change, snapshot_id: int
) -> Iterator[tuple[Mapping[str, Any], ManifestContents]]:
    """What changes, by the spec of the files."""
    spec = spec_of_files(staged)
    types = bounded_types(staged.schema)
    added = [added_entry(item, types, snapshot_id) for item in staged.files]
    specs = {item["spec-id"]: item for item in (*staged.base.metadata.get("partition-specs", ()), spec)}
    used = {entry.data_file.spec_id for entry in (*change.existing, *change.deleted)}
    for spec_id in sorted({*used, *([spec["spec-id"]] if added else [])}):
        existing = [entry for entry in change.existing if entry.data_file.spec_id == spec_id]
        deleted = [entry for entry in change.deleted if entry.data_file.spec_id == spec_id]
        yield specs[spec_id], ManifestContents(added if spec_id == spec["spec-id"] else (), existing, deleted)


def with_sources(staged: StagedTable, spec: Mapping[str, Any]) -> Mapping[str, Any]:
    """The new schema, with columns of the spec that it has no more: values of old partitions keep their types."""
    known = {column["id"] for column in staged.schema["fields"]}
    missing = {column["source-id"] for column in spec["fields"]} - known
    older = staged.base.metadata.get("schemas", ()) if missing else ()
    dropped = {column["id"]: column for schema in older for column in schema["fields"] if column["id"] in missing}
    # A name that is taken again would make PyIceberg refuse the schema.
    again = [{**column, "name": f"{column['name']} ({column['id']})"} for column in dropped.values()]
    return {**staged.schema, "fields": [*staged.schema["fields"], *again]} if again else staged.schema


def new_snapshot_id() -> int:
    """A positive 63-bit number, as the specification wants."""
    return (uuid4().int >> 64) & 0x7FFF_FFFF_FFFF_FFFF


def _change(staged: StagedTable, parent: Mapping[str, Any] | None) -> _Change:
    if parent is None:
        if staged.removed_paths:
            raise _not_in_table(staged, set(staged.removed_paths))
        return _Change()
    manifests = read_list(staged.base.store, parent["manifest-list"])
    live = [manifest for manifest in manifests if manifest.has_added_files() or manifest.has_existing_files()]
    data = [manifest for manifest in live if manifest.content == ManifestContent.DATA]
    deletes = [manifest for manifest in live if manifest.content == ManifestContent.DELETES]
    store = staged.base.store
    if staged.operation == "replace":
        gone = [entry for item in data for entry in read_entries(store, item)]
        return _Change(deleted=gone, deletes=without_data(staged.base, deletes))
    change = _Change(kept=data) if staged.operation == "append" else _without(staged, data)
    if change.deleted and deletes:
        stays = [(item.partition_spec_id, entry) for item in change.kept for entry in read_entries(store, item)]
        stays += [(entry.data_file.spec_id, entry) for entry in change.existing]
        remaining = outlived(staged.base, deletes, stays)
    else:
        remaining = DeletesChange(kept=deletes)
    change = _merge_manifests(staged, change)
    change.deletes = remaining
    return change


def _without(staged: StagedTable, manifests: Iterable[ManifestFile]) -> _Change:
    """Take files out: only manifests that hold one of them are rewritten."""
    missing = {local_path(path) for path in staged.removed_paths}
    change = _Change()
    for manifest in manifests:
        entries = read_entries(staged.base.store, manifest) if missing else []
        paths = [local_path(entry.data_file.file_path) for entry in entries]
        found = missing.intersection(paths)
        if not found:
            change.kept.append(manifest)
            continue
        missing -= found
        for path, entry in zip(paths, entries, strict=True):
            (change.deleted if path in found else change.existing).append(entry)
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
    entries = [entry for manifest in change.kept for entry in read_entries(staged.base.store, manifest)]
    return _Change(existing=[*change.existing, *entries], deleted=change.deleted)


def _not_in_table(staged: StagedTable, missing: set[str]) -> LakeError:
    reason = f"`{staged.base.name}` does not hold the file `{min(missing)}` that was to be replaced"
    return LakeError("FLOE-0506", reason, "run again: it will start from the table as it is now")


def _summary(staged: StagedTable, parent: Mapping[str, Any] | None, change: _Change, origin: Origin) -> dict[str, str]:
    deleted = change.deleted
    rows_added = sum(item.record_count for item in staged.files)
    size_added = sum(item.size_bytes for item in staged.files)
    rows_deleted = sum(entry.data_file.record_count for entry in deleted)
    size_deleted = sum(entry.data_file.file_size_in_bytes for entry in deleted) + change.deletes.size_bytes
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
        **change.deletes.counters(),
    }
    totals = {
        "total-records": rows + rows_added,
        "total-data-files": files + len(staged.files),
        "total-files-size": size + size_added,
        **change.deletes.totals((parent or {}).get("summary") or {}),
    }
    return {
        "operation": _iceberg_operation(staged, parent),
        RUN_ID_PROPERTY: origin.run_id,
        DIGEST_PROPERTY: origin.digest,
        ASSET_PROPERTY: staged.asset,
        **({} if parent else {FIRST_PROPERTY: "true"}),
        **origin_marks(staged.base),
        **_changed_settings(staged),
        **{key: str(value) for key, value in changes.items() if value},
        **{key: str(value) for key, value in totals.items()},
    }


def _iceberg_operation(staged: StagedTable, parent: Mapping[str, Any] | None) -> str:
    """The specification's word: `replace` means there that the rows are the same."""
    if staged.operation == "compact":
        return "replace"
    appends = staged.operation == "append" or (staged.operation == "replace" and parent is None)
    return "append" if appends else "overwrite"


def _changed_settings(staged: StagedTable) -> dict[str, str]:
    """What changes with the snapshot beside rows and schema, where the table has it only once for all snapshots."""
    before = settings_of(staged.base.metadata)
    layout = {} if staged.spec is None or not before else {SPEC: str(staged.spec["spec-id"])}
    if staged.sort_order is not None and before:
        layout[SORT_ORDER] = str(staged.sort_order["order-id"])
    return described_change(before, {**before, **staged.properties, **layout})


def _totals(staged: StagedTable, parent: Mapping[str, Any] | None) -> tuple[int, int, int]:
    """Rows, files and bytes of a snapshot: from its summary, or counted where another engine left them out."""
    if parent is None:
        return 0, 0, 0
    summary = parent.get("summary") or {}
    try:
        return int(summary["total-records"]), int(summary["total-data-files"]), int(summary["total-files-size"])
    except (KeyError, ValueError):
        store = staged.base.store
        lists = read_list(store, parent["manifest-list"])
        manifests = [item for item in lists if item.content == ManifestContent.DATA]
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
