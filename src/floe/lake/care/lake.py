"""Cares for a lake: its tables one by one, then the files that no table refers to."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from floe.lake.care.lakewide import Search
from floe.lake.care.references import ManifestCache, identity
from floe.lake.care.table import care_for

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from floe.lake.base import Catalog, TableState
    from floe.lake.care.lakewide import Orphan, Root
    from floe.lake.care.orphans import Runs
    from floe.lake.care.report import TableReport
    from floe.lake.care.table import CaredTable, Terms


@dataclass
class Leftovers:
    """Files outside the folders of known tables."""

    files: int = 0
    """Deleted: they belonged to tables that never came to be."""
    size_bytes: int = 0
    unknown_folders: list[str] = field(default_factory=list)
    """Folders of tables that no catalog knows: dropped, or another catalog's. They are left alone."""


class LakeCare:
    """Maintenance of the tables that some catalogs hold.

    Args:
        catalogs: Every catalog of the platform, by profile name: whatever their tables refer to stays.
        terms: What the maintenance works with.
    """

    def __init__(self, catalogs: Mapping[str, Catalog], terms: Terms) -> None:
        self._catalogs = catalogs
        self._terms = terms
        self._caches: dict[str, ManifestCache] = {}
        self._reports: dict[str, TableReport] = {}
        self._cared: list[CaredTable] = []

    def care(self, table: CaredTable) -> TableReport:
        """Compact, regroup and expire one table; see `floe.lake.care.table.care_for`.

        Raises:
            LakeError: the catalog or the storage failed; other tables can be cared for all the same.
        """
        state = table.load()
        report = care_for(table, self._terms, self._cache_of(state))
        self._reports[identity(state.location)] = report
        self._cared.append(table)
        return report

    def delete_orphans(self, roots: Sequence[Root], older_than: datetime, runs: Runs) -> Leftovers:
        """Delete files that no table of any catalog refers to: in the folders of the tables cared for, and in `roots`.

        What it deletes is entered into the tables' reports.

        Raises:
            LakeError: a folder cannot be listed, a table not be read (then nothing was deleted), or a file not be
                deleted.
        """
        tables = [table.load() for table in self._cared]
        found = Search(tables, roots, self._every_table, self._cache_of, older_than, runs).find()
        leftovers = Leftovers(unknown_folders=sorted(found.unknown))
        if found.orphans:
            self._terms.on_step("orphans-found")
        folders: defaultdict[str, list[Orphan]] = defaultdict(list)
        for orphan in found.orphans:
            folders[orphan.folder].append(orphan)
        for folder, orphans in folders.items():
            orphans[0].store.delete(item.file.location for item in orphans)
            self._enter(folder, orphans, leftovers)
            self._terms.on_step("orphans-deleted")
        return leftovers

    def _enter(self, folder: str, orphans: Sequence[Orphan], leftovers: Leftovers) -> None:
        files, size = len(orphans), sum(item.file.size_bytes for item in orphans)
        report = self._reports.get(identity(folder))
        if report is None:
            leftovers.files += files
            leftovers.size_bytes += size
            return
        after = report.after
        report.work = report.work.plus(orphans_deleted=files, orphan_bytes=size)
        report.after = replace(after, stored_files=after.stored_files - files, stored_bytes=after.stored_bytes - size)

    def _every_table(self) -> Iterator[TableState]:
        for catalog in self._catalogs.values():
            for name in catalog.tables():
                yield catalog.load(name, "")

    def _cache_of(self, state: TableState) -> ManifestCache:
        """What is known of a table's manifests: their files never change, whatever the catalog."""
        key = f"{state.location} {state.name}"
        return self._caches.setdefault(key, ManifestCache(state.store))
