"""Reading tables: live files, schemas and history of a snapshot."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from floe.errors import LakeError
from floe.lake.base import DIGEST_PROPERTY, RUN_ID_PROPERTY
from floe.lake.metadata import FORMAT_VERSION, snapshot_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from floe.lake.base import StoredFile, TableState

_READABLE_VERSIONS = (FORMAT_VERSION, 3)


@dataclass(frozen=True)
class TableSnapshot:
    """One entry of a table's history. Counters that the writer left out are None."""

    snapshot_id: int
    parent_id: int | None
    committed_at: datetime
    operation: str
    rows_added: int | None
    rows_removed: int | None
    rows_total: int | None
    files_added: int | None
    files_removed: int | None
    files_total: int | None
    bytes_total: int | None
    run_id: str
    """Empty when the snapshot is not Floe's."""
    digest: str
    summary: Mapping[str, str]


def live_files(state: TableState, snapshot_id: int | None = None) -> tuple[StoredFile, ...]:
    """The data files of a snapshot (of the current one if None) with the deletes that apply to each.

    There are none for a table that does not exist.

    Raises:
        LakeError: there is no such snapshot, its files cannot be read, or it uses features that this version lacks.
    """
    require_readable(state)
    snapshot = current_snapshot(state) if snapshot_id is None else _snapshot(state, snapshot_id)
    if snapshot is None:
        return ()
    from floe.lake.live import files_of

    return files_of(state, snapshot)


def schema(state: TableState, snapshot_id: int | None = None) -> dict[str, Any]:
    """The Iceberg schema JSON with which a snapshot was written; the table's current one if None.

    Raises:
        LakeError: there is no such table or snapshot.
    """
    if not state.exists:
        raise LakeError(
            "FLOE-0510", f"the table `{state.name}` does not exist", "run the asset that publishes it first"
        )
    schema_id = state.metadata["current-schema-id"]
    if snapshot_id is not None:
        schema_id = _snapshot(state, snapshot_id).get("schema-id", schema_id)
    return next(dict(item) for item in state.metadata["schemas"] if item["schema-id"] == schema_id)


def snapshots(state: TableState) -> tuple[TableSnapshot, ...]:
    """The table's history, oldest first; empty for a table that does not exist."""
    return tuple(_history_entry(item) for item in state.metadata.get("snapshots", ()))


def current_snapshot(state: TableState) -> Mapping[str, Any] | None:
    """The snapshot that readers of the branch see, None when the table does not exist or nothing was ever written."""
    return None if state.snapshot_id is None else _snapshot(state, state.snapshot_id)


def require_readable(state: TableState) -> None:
    """Refuse tables of a format version that cannot be read.

    Raises:
        LakeError: the table exists in a format version that this Floe does not know.
    """
    _require(state, _READABLE_VERSIONS, "reads versions 2 and 3")


def require_supported(state: TableState) -> None:
    """Refuse tables of a format version that cannot be written.

    Raises:
        LakeError: the table exists in another format version than Floe's.
    """
    _require(state, (FORMAT_VERSION,), "writes version 2")


def _require(state: TableState, versions: Sequence[int], what: str) -> None:
    version = state.metadata.get("format-version", FORMAT_VERSION)
    if version not in versions:
        reason = f"`{state.name}` has Iceberg format version {version}, and this Floe {what}"
        raise LakeError("FLOE-0507", reason, "drop the table from the catalog, or use another name for the asset")


def _snapshot(state: TableState, snapshot_id: int) -> Mapping[str, Any]:
    found = snapshot_of(state.metadata, snapshot_id)
    if found is None:
        raise _no_snapshot(state, str(snapshot_id))
    return found


def _no_snapshot(state: TableState, reference: str) -> LakeError:
    reason = f"`{state.name}` has no snapshot {reference}"
    return LakeError("FLOE-0510", reason, f"see its snapshots with `floe history {state.name}`")


def _history_entry(snapshot: Mapping[str, Any]) -> TableSnapshot:
    summary = snapshot.get("summary") or {}

    def counter(key: str, absent: int | None = None) -> int | None:
        return int(summary[key]) if str(summary.get(key, "")).isdecimal() else absent

    return TableSnapshot(
        snapshot_id=snapshot["snapshot-id"],
        parent_id=snapshot.get("parent-snapshot-id"),
        committed_at=datetime.fromtimestamp(snapshot["timestamp-ms"] / 1000, UTC),
        operation=str(summary.get("operation", "")),
        rows_added=counter("added-records", 0),
        rows_removed=counter("deleted-records", 0),
        rows_total=counter("total-records"),
        files_added=counter("added-data-files", 0),
        files_removed=counter("deleted-data-files", 0),
        files_total=counter("total-data-files"),
        bytes_total=counter("total-files-size"),
        run_id=str(summary.get(RUN_ID_PROPERTY, "")),
        digest=str(summary.get(DIGEST_PROPERTY, "")),
        summary=summary,
    )
