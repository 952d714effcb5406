"""Publishing: everything a run staged becomes visible in one commit per catalog, or nothing does."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from floe.errors import CommitConflictError, LakeError
from floe.lake.contention import PATIENCE_SECONDS, Contention
from floe.lake.stores.syncing import sync_all

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from floe.lake.base import Catalog, PublishedTable, StagedTable
    from floe.lake.snapshots import Origin, PreparedTable
    from floe.lake.stores.base import FileStore


@dataclass(frozen=True)
class Listener:
    """Hears how a publish goes. What one of these raises before a commit stops the publish there."""

    step: Callable[[str], None]
    """`files-synced` and `manifests-written` once, then for every catalog `metadata-written` and `committed`, and
    `replayed` before the next attempt where another writer was faster."""
    visible: Callable[[Catalog, Sequence[PublishedTable]], None] = lambda _catalog, _tables: None
    """Takes the tables of a catalog as soon as their commit is acknowledged."""
    notice: Callable[[str], None] = lambda _message: None
    """Takes sentences for users, about changes that were replayed."""


@dataclass(frozen=True)
class _Part:
    """One table of a publish: what was staged, and the commit that was made of it."""

    staged: StagedTable
    prepared: PreparedTable


def publish(
    tables: Sequence[tuple[Catalog, StagedTable]],
    run_id: str,
    digest: str,
    on_step: Callable[[str], None] | Listener,
) -> tuple[PublishedTable, ...]:
    """Publish staged tables, each to its catalog; all tables of one catalog change in one atomic commit.

    Catalogs are committed to in the order of `tables`. A table that another writer changed meanwhile gets the change on
    top, where that is right (see `floe.lake.conflicts`), together with all others of the catalog, or none.

    Raises:
        CommitConflictError: a table changed after the run had read it, so that what was staged is not right any more;
            nothing of that catalog was changed.
        LakeError: the storage or a catalog failed; nothing of that catalog was changed.
    """
    if not tables:
        return ()
    from floe.lake.snapshots import Origin

    listener = on_step if isinstance(on_step, Listener) else Listener(on_step)
    _refuse_doubles(tables)
    origin = Origin(run_id, digest)
    parts = _write_manifests([staged for _, staged in tables], origin, listener)
    return _commit([(catalog, part) for (catalog, _), part in zip(tables, parts, strict=True)], origin, listener)


def _refuse_doubles(tables: Sequence[tuple[Catalog, StagedTable]]) -> None:
    seen: dict[tuple[int, str], str] = {}
    for catalog, staged in tables:
        other = seen.setdefault((id(catalog), str(staged.base.name)), staged.asset)
        if other is not staged.asset:
            reason = f"`{other}` and `{staged.asset}` both publish to the table `{staged.base.name}`"
            raise LakeError("FLOE-0512", reason, "give one of them another name or layer")


def _write_manifests(tables: Sequence[StagedTable], origin: Origin, listener: Listener) -> list[_Part]:
    """Write the manifests, then force the data files and them to the disk (the catalog syncs the metadata folders)."""
    from floe.lake.snapshots import prepare

    # Writing first and syncing together afterwards: creating a file while others are synced takes ten times as long.
    parts = [_Part(staged, prepare(staged, origin)) for staged in tables]
    data = [(staged.base.store, item.path) for staged in tables for item in staged.files]
    sync_all([*data, *_folders(tables)])
    listener.step("files-synced")
    sync_all([(part.staged.base.store, location) for part in parts for location in part.prepared.written])
    listener.step("manifests-written")
    return parts


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


def _commit(parts: Sequence[tuple[Catalog, _Part]], origin: Origin, listener: Listener) -> tuple[PublishedTable, ...]:
    catalogs = {id(catalog): catalog for catalog, _ in parts}
    visible: list[PublishedTable] = []
    for key, catalog in catalogs.items():
        try:
            done = _commit_to(catalog, [part for owner, part in parts if id(owner) == key], origin, listener)
        except LakeError as error:
            # Two catalogs cannot change in one step: say what the earlier ones have published already.
            error.details += tuple(f"`{table.name}` was published, in another catalog" for table in visible)
            raise
        listener.visible(catalog, done)
        visible.extend(done)
    return tuple(visible)


def _commit_to(
    catalog: Catalog, parts: Sequence[_Part], origin: Origin, listener: Listener
) -> tuple[PublishedTable, ...]:
    """Commit to one catalog, again and again while other writers are faster and the change may follow theirs."""
    contention = Contention()
    outdated: list[tuple[FileStore, list[str]]] = []
    try:
        while True:
            try:
                catalog.commit([part.prepared.commit for part in parts], listener.step)
            except CommitConflictError as error:
                if not contention.may_try_again():
                    raise _given_up(error) from error
                parts = [_caught_up(catalog, part, origin, listener, outdated) for part in parts]
                listener.step("replayed")
            else:
                return tuple(part.prepared.published for part in parts)
    finally:
        # Not between the attempts: the less time these take, the fewer races are lost.
        for store, locations in outdated:
            with contextlib.suppress(LakeError):
                store.delete(locations)


def _caught_up(
    catalog: Catalog, part: _Part, origin: Origin, listener: Listener, outdated: list[tuple[FileStore, list[str]]]
) -> _Part:
    """The part on the table as it is now: the same one where nobody has changed the table.

    `outdated` gets the files of the part that nobody needs any more.

    Raises:
        CommitConflictError: the change cannot follow what the other writer did.
    """
    from floe.lake.conflicts import replayed, said_of
    from floe.lake.snapshots import prepare

    base = part.staged.base
    current = catalog.load(base.name, base.location)
    if current.metadata_location == base.metadata_location:
        return part
    staged = replayed(part.staged, current)
    prepared = prepare(staged, origin)
    written = [item.path for item in staged.files if item not in part.staged.files]
    sync_all([(base.store, location) for location in (*written, *prepared.written)])
    data = [item.path for item in part.staged.files if item not in staged.files]
    outdated.append((base.store, [*part.prepared.written, *data]))
    listener.notice(said_of(base, staged.base))
    return _Part(staged, prepared)


def _given_up(error: CommitConflictError) -> CommitConflictError:
    reason = f"other writers were faster for {PATIENCE_SECONDS:.0f} seconds: {error.reason}"
    return CommitConflictError("FLOE-0568", reason, "let fewer writers publish to the table at a time, then run again")
