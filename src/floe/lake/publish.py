"""Publishing: everything a run staged becomes visible in one commit per catalog, or nothing does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from floe.errors import LakeError
from floe.lake.stores.syncing import sync_all

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from floe.lake.base import Catalog, PublishedTable, StagedTable
    from floe.lake.snapshots import PreparedTable
    from floe.lake.stores.base import FileStore


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
    """Write the manifests, then force the data files and them to the disk (the catalog syncs the metadata folders)."""
    from floe.lake.snapshots import Origin, prepare

    origin = Origin(run_id, digest)
    # Writing first and syncing together afterwards: creating a file while others are synced takes ten times as long.
    prepared = [prepare(staged, origin) for staged in tables]
    data = [(staged.base.store, item.path) for staged in tables for item in staged.files]
    sync_all([*data, *_folders(tables)])
    on_step("files-synced")
    sync_all([(item.commit.base.store, location) for item in prepared for location in item.written])
    on_step("manifests-written")
    return prepared


def _folders(tables: Sequence[StagedTable]) -> list[tuple[FileStore, str]]:
    """Local folders in which the run made new entries: those of data files, and all above a new table."""
    folders: dict[str, FileStore] = {}
    for staged in tables:
        base = staged.base
        if not base.store.is_local:
            continue
        own = {_parent(item.path) for item in staged.files}
        if not base.exists:
            own |= {base.location, _parent(base.location), _parent(_parent(base.location))}
        folders.update(dict.fromkeys(own, base.store))
    return [(store, folder) for folder, store in sorted(folders.items())]


def _parent(location: str) -> str:
    return location.rpartition("/")[0]


def _commit(prepared: Sequence[tuple[Catalog, PreparedTable]], on_step: Callable[[str], None]) -> None:
    catalogs = {id(catalog): catalog for catalog, _ in prepared}
    visible: list[str] = []
    for key, catalog in catalogs.items():
        mine = [item for owner, item in prepared if id(owner) == key]
        try:
            catalog.commit([item.commit for item in mine], on_step)
        except LakeError as error:
            # Two catalogs cannot change in one step: say what the earlier ones have published already.
            error.details += tuple(f"`{name}` was published, in another catalog" for name in visible)
            raise
        visible.extend(str(item.published.name) for item in mine)
