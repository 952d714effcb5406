"""Publishing: everything a run staged becomes visible in one commit per catalog, or nothing does."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from floe.errors import LakeError
from floe.lake.faults import storage_faults
from floe.lake.files import Syncer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from floe.lake.base import Catalog, PublishedTable, StagedTable
    from floe.lake.snapshots import PreparedTable

_SYNC_THREADS = 16


def publish(
    tables: Sequence[tuple[Catalog, StagedTable]],
    run_id: str,
    digest: str,
    on_step: Callable[[str], None],
) -> tuple[PublishedTable, ...]:
    """Publish staged tables, each to its catalog; all tables of one catalog change in one atomic commit.

    `on_step` is called with `files-synced` and `manifests-written` once, then with `metadata-written` and
    `committed` for every catalog. What it raises stops the publish there; nothing that is not committed is visible.

    Raises:
        CommitConflictError: a table changed after the run had read it; nothing of that catalog was changed.
        LakeError: the storage or a catalog failed; nothing of that catalog was changed.
    """
    if not tables:
        return ()
    _refuse_doubles(tables)
    prepared = _write_manifests([staged for _, staged in tables], run_id, digest, on_step)
    _commit(list(zip((catalog for catalog, _ in tables), prepared, strict=True)), on_step)
    return tuple(item.published for item in prepared)


def _refuse_doubles(tables: Sequence[tuple[Catalog, StagedTable]]) -> None:
    seen: dict[tuple[int, str], str] = {}
    for catalog, staged in tables:
        other = seen.setdefault((id(catalog), str(staged.base.name)), staged.asset)
        if other is not staged.asset:
            reason = f"`{other}` and `{staged.asset}` both publish to the table `{staged.base.name}`"
            raise LakeError("FLOE-0512", reason, "give one of them another name or layer")


def _write_manifests(
    tables: Sequence[StagedTable], run_id: str, digest: str, on_step: Callable[[str], None]
) -> list[PreparedTable]:
    """Sync the data files in the background while the manifests are written, then sync these as well."""
    from floe.lake.snapshots import Origin, prepare

    origin = Origin(run_id, digest)
    with ThreadPoolExecutor(_SYNC_THREADS) as executor:
        data, manifests = Syncer(executor), Syncer(executor)
        for path in (item.path for staged in tables for item in staged.files):
            data.file(path)
        prepared = []
        for staged in tables:
            with storage_faults("write", f"{staged.base.location}/metadata"):
                prepared.append(prepare(staged, origin))
            for location in prepared[-1].written:
                manifests.file(location)
        with storage_faults("write", "the staged files"):
            data.wait()
        on_step("files-synced")
        with storage_faults("write", "the manifests"):
            manifests.wait()
        on_step("manifests-written")
    return prepared


def _commit(prepared: Sequence[tuple[Catalog, PreparedTable]], on_step: Callable[[str], None]) -> None:
    catalogs = {id(catalog): catalog for catalog, _ in prepared}
    for key, catalog in catalogs.items():
        catalog.commit([item.commit for owner, item in prepared if id(owner) == key], on_step)
