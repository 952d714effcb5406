"""Compacts the small files of one table: the same rows in fewer files, committed only if nothing was lost."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from floe.errors import LakeError
from floe.lake.base import StagedTable
from floe.lake.care.bins import DEFAULT_TARGET_BYTES, plan_bins, plan_moves
from floe.lake.care.committing import commit, until_nobody_was_faster
from floe.lake.care.current import default_spec, look
from floe.lake.layout import can_be_divided
from floe.lake.read import schema
from floe.lake.snapshots import Origin, prepare

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from floe.lake.base import Catalog, StagedFile, TableState
    from floe.lake.care.bins import Bin
    from floe.lake.care.current import Current
    from floe.lake.care.references import ManifestCache

TARGET_FILE_SIZE = "write.target-file-size-bytes"


class Rewriter(Protocol):
    """What an engine does for maintenance."""

    def rewrite(self, table: TableState, bin_: Bin) -> Rewritten:
        """Write the rows of a bin's files, without those that are deleted, into new files of the table's default spec.

        Raises:
            LakeError: a file cannot be read or written.
        """
        ...


@dataclass(frozen=True)
class Rewritten:
    """New files, and how many rows the engine counted in the old ones."""

    files: tuple[StagedFile, ...]
    rows_read: int

    @property
    def rows_written(self) -> int:
        """Rows of the new files."""
        return sum(item.record_count for item in self.files)


@dataclass(frozen=True)
class Compacted:
    """What a compaction came to."""

    bins: tuple[Bin, ...] = ()
    written: tuple[StagedFile, ...] = ()


def target_bytes(properties: Mapping[str, str]) -> int:
    """The size that the table's data files should have.

    Raises:
        LakeError: the property is not a number.
    """
    text = properties.get(TARGET_FILE_SIZE, str(DEFAULT_TARGET_BYTES))
    if not str(text).isdecimal() or int(text) == 0:
        reason = f"the table's property `{TARGET_FILE_SIZE}` is `{text}`, not a number of bytes"
        raise LakeError("FLOE-0588", reason, "correct or remove the table's property")
    return int(text)


def planned_bins(state: TableState, current: Current) -> tuple[Bin, ...]:
    """The bins of the table that are worth writing again: of the current partition spec, and of older ones.

    Raises:
        LakeError: the table's target file size is not a number.
    """
    spec, size = default_spec(state), target_bytes(state.metadata.get("properties", {}))
    files = [item for item in current.files if item.is_parquet]
    bins = plan_bins((item for item in files if item.spec_id == spec["spec-id"]), size)
    older = [item for item in files if item.spec_id != spec["spec-id"]]
    if not older or not can_be_divided(spec, schema(state)):
        return bins
    return (*bins, *plan_moves(older, size))


@dataclass
class Compaction:
    """Compacts one table.

    Args:
        catalog: The table's catalog.
        load: Gives the table as it is now.
        rewriter: The engine.
        origin: The run, for the snapshot's summary.
        asset: Key of the table's asset, for the same.
        cache: Manifests that are known already.
        on_step: Hears of each step; what it raises ends the compaction there.
    """

    catalog: Catalog
    load: Callable[[], TableState]
    rewriter: Rewriter
    origin: Origin
    asset: str
    cache: ManifestCache
    on_step: Callable[[str], None]
    _done: dict[Bin, Rewritten] = field(default_factory=dict)
    """Bins that are written and not committed yet."""
    _spec_id: int | None = None
    """The partition spec of what is written."""

    def run(self) -> Compacted:
        """Rewrite what gains, and commit; a bin of which another writer has removed a file meanwhile is left out.

        Raises:
            CommitConflictError: other writers were faster every time; nothing was changed.
            LakeError: the storage failed, or the engine did not write all rows; nothing was changed.
        """
        return until_nobody_was_faster(self._attempt)

    def _attempt(self) -> Compacted:
        state = self.load()
        current = look(state, self.cache)
        self._drop_outdated(current, int(default_spec(state)["spec-id"]))
        if not self._done:
            for bin_ in planned_bins(state, current):
                self._done[bin_] = self._rewrite(state, bin_)
        if not self._done:
            return Compacted()
        return self._commit(state)

    def _rewrite(self, state: TableState, bin_: Bin) -> Rewritten:
        rewritten = self.rewriter.rewrite(state, bin_)
        expected = rewritten.rows_read
        if not any(item.deletes for item in bin_.files):
            expected = sum(item.record_count for item in bin_.files)
        if not rewritten.rows_written == rewritten.rows_read == expected:
            state.store.delete(item.path for item in rewritten.files)
            numbers = f"{expected:,} rows were expected, {rewritten.rows_read:,} read"
            reason = f"compacting `{state.name}` was given up: {numbers} and {rewritten.rows_written:,} written"
            raise LakeError("FLOE-0589", reason, "the table is as it was; check its files with `floe show`")
        self.on_step("bin-rewritten")
        return rewritten

    def _drop_outdated(self, current: Current, spec_id: int) -> None:
        """Forget bins whose files are not live any more or have lost further rows, and all when the spec is another.

        What was written for them is removed at the end of the run, by asking what tables refer to.
        """
        if spec_id != self._spec_id:
            self._done.clear()
        self._spec_id = spec_id
        live = set(current.files)
        self._done = {bin_: done for bin_, done in self._done.items() if live.issuperset(bin_.files)}

    def _commit(self, state: TableState) -> Compacted:
        bins = tuple(self._done)
        files = tuple(item for rewritten in self._done.values() for item in rewritten.files)
        staged = StagedTable(
            asset=self.asset,
            base=state,
            schema=schema(state),
            operation="compact",
            files=files,
            removed_paths=tuple(path for bin_ in bins for path in bin_.paths),
            spec=default_spec(state),
        )
        prepared = prepare(staged, self.origin)
        commit(self.catalog, prepared.commit, (*prepared.written, *(item.path for item in files)), self.on_step)
        self._done.clear()
        return Compacted(bins, files)
