"""Everything that is done to one table by itself: compact, regroup manifests, expire."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from floe.lake.care.compaction import Compaction
from floe.lake.care.current import look
from floe.lake.care.expiry import expire
from floe.lake.care.orphans import table_files
from floe.lake.care.references import identity
from floe.lake.care.regrouping import regroup
from floe.lake.care.report import Size, TableReport
from floe.lake.read import require_supported

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from floe.lake.base import Catalog, TableName, TableState
    from floe.lake.care.compaction import Rewriter
    from floe.lake.care.current import Current
    from floe.lake.care.references import ManifestCache
    from floe.lake.care.retention import Retention
    from floe.lake.snapshots import Origin
    from floe.lake.stores.base import ListedFile


@dataclass(frozen=True)
class CaredTable:
    """A table to be cared for."""

    catalog: Catalog
    name: TableName
    retention: Retention
    """Its layer's."""
    asset: str = ""
    """Key of the asset that publishes it; empty for other tables."""

    def load(self) -> TableState:
        """The table as it is now.

        Raises:
            LakeError: the catalog or the table's metadata cannot be read.
        """
        return self.catalog.load(self.name, "")


@dataclass(frozen=True)
class Terms:
    """What one maintenance works with."""

    origin: Origin
    now: int
    """Milliseconds since the epoch."""
    rewriter: Rewriter
    on_step: Callable[[str], None]
    """Hears of each step; what it raises ends the work there."""


def care_for(table: CaredTable, terms: Terms, cache: ManifestCache) -> TableReport:
    """Compact, regroup manifests, expire snapshots and delete what only these needed.

    Each part is a commit of its own; whatever ends the work, the table is whole.

    Raises:
        CommitConflictError: other writers were faster every time.
        LakeError: the catalog or the storage failed.
    """
    state = table.load()
    require_supported(state)
    stored = table_files(state)
    report = TableReport(str(table.name), table.asset, before=measure(state, look(state, cache), stored))
    compaction = Compaction(table.catalog, table.load, terms.rewriter, terms.origin, table.asset, cache, terms.on_step)
    compacted = compaction.run()
    report.work = report.work.plus(
        files_compacted=sum(len(item.files) for item in compacted.bins),
        bytes_compacted=sum(item.size_bytes for item in compacted.bins),
        files_written=len(compacted.written),
        bytes_written=sum(item.size_bytes for item in compacted.written),
    )
    regrouped = regroup(table.catalog, table.load, terms.origin, table.asset, cache, terms.on_step)
    report.work = report.work.plus(manifests_rewritten=regrouped)
    expired = expire(table.catalog, table.load, table.retention, terms.now, terms.origin.run_id, cache, terms.on_step)
    sizes = {identity(item.location): item.size_bytes for item in stored}
    report.work = report.work.plus(
        snapshots_expired=len(expired.expiry.snapshot_ids),
        refs_expired=expired.expiry.refs,
        files_expired=len(expired.unneeded),
        bytes_expired=sum(sizes.get(identity(item), 0) for item in expired.unneeded),
    )
    if expired.unneeded:
        terms.on_step("expired-committed")
        state.store.delete(expired.unneeded)
        terms.on_step("expired-deleted")
    report.after = measure(expired.state, look(expired.state, cache), table_files(expired.state))
    return report


def measure(state: TableState, current: Current, stored: Sequence[ListedFile]) -> Size:
    """How large a table is."""
    return Size(
        snapshots=len(state.metadata.get("snapshots", ())),
        manifests=len(current.manifests),
        data_files=len(current.files),
        data_bytes=sum(item.size_bytes for item in current.files),
        stored_files=len(stored),
        stored_bytes=sum(item.size_bytes for item in stored),
    )
