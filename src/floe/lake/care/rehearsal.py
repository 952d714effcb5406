"""`--dry-run`: the same maintenance against a catalog and stores that only remember what was to be written.

So a rehearsal reports what the same code would do, and nothing can be written: there is no way to.
"""

from __future__ import annotations

import itertools
import time
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from floe.lake.base import StagedFile
from floe.lake.care.compaction import Rewritten
from floe.lake.care.current import default_spec
from floe.lake.care.references import identity
from floe.lake.metadata import apply_updates, log_previous
from floe.lake.metadata_files import encode_metadata
from floe.lake.stores.base import ListedFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from floe.lake.base import Catalog, TableCommit, TableName, TableState
    from floe.lake.care.bins import Bin
    from floe.lake.stores.base import FileStore


class RehearsalStore:
    """A store as it would be after writes and deletions that only it knows of."""

    def __init__(self, store: FileStore) -> None:
        self._store = store
        self._written: dict[str, bytes] = {}
        self._sizes: dict[str, int] = {}
        """Sizes of files that would be written, of which the content is not known."""
        self._deleted: set[str] = set()

    @property
    def is_local(self) -> bool:
        """No: nothing is there to be synced."""
        return False

    def read(self, location: str) -> bytes:
        """The content of a file, of those that were to be written, too."""
        return self._written[location] if location in self._written else self._store.read(location)

    def write_new(self, location: str, content: bytes) -> None:
        """Remember a file."""
        self._written[location] = content

    def announce(self, location: str, size_bytes: int) -> None:
        """Remember that a file would be written, and how large it might be."""
        self._sizes[location] = size_bytes

    def size(self, location: str) -> int:
        """Bytes of a file."""
        if location in self._written:
            return len(self._written[location])
        return self._sizes[location] if location in self._sizes else self._store.size(location)

    def make_folder(self, location: str) -> None:
        """Nothing to do."""

    def delete(self, locations: Iterable[str]) -> None:
        """Remember what would be deleted."""
        self._deleted |= {identity(item) for item in locations}

    def list_files(self, folder: str) -> Iterator[ListedFile]:
        """The files below a folder as they would be."""
        for item in self._store.list_files(folder):
            if identity(item.location) not in self._deleted:
                yield item
        now = datetime.now(UTC)
        new = {**self._sizes, **{location: len(content) for location, content in self._written.items()}}
        for location, size in new.items():
            if location.startswith(f"{folder}/") and identity(location) not in self._deleted:
                yield ListedFile(location, size, now)

    def sync(self, locations: Iterable[str]) -> None:
        """Nothing to do."""


class RehearsalCatalog:
    """A catalog as it would be after commits that only it knows of; implements `floe.lake.base.Catalog`."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._states: dict[TableName, TableState] = {}
        self._stores: dict[int, RehearsalStore] = {}
        self._numbers = itertools.count(1)

    @property
    def atomic(self) -> bool:
        """As the catalog itself."""
        return self._catalog.atomic

    def check(self) -> None:
        """As the catalog itself."""
        self._catalog.check()

    def load(self, name: TableName, default_location: str) -> TableState:
        """The table as it would be."""
        if name not in self._states:
            state = self._catalog.load(name, default_location)
            self._states[name] = replace(state, store=self._store(state.store))
        return self._states[name]

    def tables(self) -> Sequence[TableName]:
        """Every table of the catalog."""
        return self._catalog.tables()

    def commit(self, commits: Sequence[TableCommit], on_step: Callable[[str], None]) -> None:
        """Remember what the tables would become."""
        for change in commits:
            base = change.base
            metadata = apply_updates(base.metadata, change.updates, time.time_ns() // 1_000_000)
            base.store.delete(log_previous(metadata, base.metadata, str(base.metadata_location)))
            location = f"{base.location}/metadata/rehearsal-{next(self._numbers)}.metadata.json"
            base.store.write_new(location, encode_metadata(metadata))
            self._states[base.name] = replace(base, metadata=metadata, metadata_location=location)
        on_step("committed")

    def drop(self, names: Sequence[TableName]) -> None:
        """Never asked for: maintenance drops no table."""
        raise AssertionError(f"maintenance drops no table, {names[0]} least of all")

    def _store(self, store: FileStore) -> RehearsalStore:
        return self._stores.setdefault(id(store), RehearsalStore(store))


class RehearsalRewriter:
    """Writes nothing: it takes a bin's new file to be as large as its old ones together."""

    def __init__(self) -> None:
        self._numbers: defaultdict[str, itertools.count[int]] = defaultdict(itertools.count)

    def rewrite(self, table: TableState, bin_: Bin) -> Rewritten:
        """The file that a bin would become."""
        location = f"{table.location}/data/rehearsal-{next(self._numbers[table.location])}.parquet"
        rows = sum(item.record_count for item in bin_.files)
        if isinstance(table.store, RehearsalStore):
            table.store.announce(location, bin_.size_bytes)
        # Into how many partitions of the current spec the rows of older ones fall, nobody knows without reading them.
        partition = (None,) * len(default_spec(table)["fields"]) if bin_.moves else bin_.partition
        return Rewritten((StagedFile(location, rows, bin_.size_bytes, partition=partition),), rows)
