"""AWS Glue: tables are pointers to metadata files in its parameters, each changed by itself.

A publish of several tables writes down what it is going to change (`records.py`), changes one pointer after the other,
and takes them back where one cannot be changed. What a killed process left, the next one finishes.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from floe.errors import CommitConflictError, LakeError, UnknownOutcomeError
from floe.lake.base import RUN_ID_PROPERTY, TableName, TableState
from floe.lake.catalogs.glue.client import glue_faults, open_client
from floe.lake.catalogs.glue.layout import check_name, location_in, table_input
from floe.lake.catalogs.ordered import OrderedPublishes
from floe.lake.catalogs.records import Change, Records
from floe.lake.catalogs.swaps import delete_swaps, delete_unlogged, moved_on, write_swaps
from floe.lake.metadata_files import read_metadata

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from floe.artifact.settings import CatalogBinding
    from floe.lake.base import TableCommit
    from floe.lake.catalogs.records import Record
    from floe.lake.catalogs.swaps import Swap
    from floe.lake.stores.open import Stores

_LOST_RACE = frozenset(
    {"AlreadyExistsException", "ConcurrentModificationException", "EntityNotFoundException", "VersionMismatchException"}
)


class GlueCatalog:
    """The Glue data catalog of an account and region; implements `floe.lake.base.Catalog`.

    Safe to use from several threads. Tables are those of Iceberg whose files the platform's storages hold.

    Args:
        profile: Name of the catalog profile, for messages.
        binding: How Glue is reached, and who asks.
        stores: The platform's storages.
        records: Folder in which publishes of several tables are written down.
    """

    def __init__(self, profile: str, binding: CatalogBinding, stores: Stores, records: str) -> None:
        self._profile = profile
        self._binding = binding
        self._stores = stores
        self._records_folder = records
        self._lock = threading.Lock()
        self._opened: Any = None

    @property
    def atomic(self) -> bool:
        """It is not: Glue changes one table at a time."""
        return False

    def check(self) -> None:
        """See `Catalog.check`."""
        with self._faults("list databases"):
            self._client.get_databases(MaxResults=1)

    def load(self, name: TableName, default_location: str) -> TableState:
        """The table as it is now; see `Catalog.load`."""
        check_name(name)
        table = self._table(name)
        if table is None:
            return TableState(name, default_location, store=self._stores.of(default_location or self._records_folder))
        location = location_in(table)
        if location is None:
            reason = f"catalog `{self._profile}` has a table `{name}` that is not one of Iceberg"
            raise LakeError("FLOE-0573", reason, "drop that table, or give the asset another name")
        metadata = read_metadata(self._stores.of(location), location)
        folder = str(metadata["location"])
        return TableState(name, folder, location, metadata, store=self._stores.of(folder))

    def tables(self) -> Sequence[TableName]:
        """Every table of Iceberg whose files the platform's storages hold, sorted."""
        with self._faults("list tables"):
            found = [
                TableName(database["Name"], table["Name"])
                for database in self._pages("get_databases", "DatabaseList")
                for table in self._pages("get_tables", "TableList", DatabaseName=database["Name"])
                if self._holds(location_in(table))
            ]
        return tuple(sorted(found))

    def commit(self, commits: Sequence[TableCommit], on_step: Callable[[str], None]) -> None:
        """Change the tables one after the other, or take the changes back; see `Catalog.commit`.

        Besides the usual steps, `on_step("recorded")` says that the publish is written down, from where on it is
        carried out whatever happens to this process, and `on_step("swapped")` that one more table has changed.
        """
        for commit in commits:
            check_name(commit.base.name)
        swaps = write_swaps(commits)
        on_step("metadata-written")
        self._create_databases({swap.base.name.namespace for swap in swaps})
        record = self._record(swaps) if len(swaps) > 1 else None
        if record is not None:
            on_step("recorded")
        self._swap_all(swaps, record, on_step)
        if record is not None:
            self._records.close(record)
        on_step("committed")
        delete_unlogged(swaps)

    def drop(self, names: Sequence[TableName]) -> None:
        """Remove tables from the catalog, one after the other; their files stay."""
        for name in names:
            self._delete(name)

    def has_namespace(self, namespace: str) -> bool:
        """Whether Glue has a database of this name.

        Raises:
            LakeError: Glue cannot be reached or refuses.
        """
        with self._faults(f"look at database `{namespace}`"):
            try:
                self._client.get_database(Name=namespace)
            except self._client.exceptions.EntityNotFoundException:
                return False
        return True

    def create_namespace(self, namespace: str, location: str) -> None:
        """Make a database whose tables lie below a location.

        Raises:
            LakeError: Glue cannot be reached or refuses.
        """
        with self._faults(f"create database `{namespace}`"):
            self._create_database(namespace, LocationUri=location)

    def drop_namespace(self, namespace: str) -> None:
        """Remove a database that is empty; one that is not there is no error.

        Raises:
            LakeError: Glue cannot be reached or refuses.
        """
        missing = suppress(self._client.exceptions.EntityNotFoundException)
        with self._faults(f"drop database `{namespace}`"), missing:
            self._client.delete_database(Name=namespace)

    def finish_interrupted(self) -> Sequence[str]:
        """Finish what killed processes left half published, or take it back; a sentence about each, for users.

        Raises:
            LakeError: Glue or the storage failed; the next call tries again.
        """
        return self._ordered.finish_interrupted()

    # Changing pointers

    def _swap_all(self, swaps: Sequence[Swap], record: Record | None, on_step: Callable[[str], None]) -> None:
        try:
            for swap in swaps:
                self._swap(_change(swap), swap.metadata, partial(moved_on, swap.base))
                on_step("swapped")
        except UnknownOutcomeError:
            raise  # the record stays: the next process finds out, and finishes
        except LakeError:
            if record is not None:
                self._ordered.take_back(record)
            delete_swaps(swaps)
            raise

    def _swap(
        self, change: Change, metadata: Mapping[str, Any], conflict: Callable[[str | None], CommitConflictError]
    ) -> None:
        """Change one pointer, if it still is what it is to be changed from. A lost answer is settled by looking."""
        table = self._table(change.name)
        current = location_in(table) if table is not None else None
        if current == change.target:
            return
        if current != change.source:
            if self._is_built_on(change, current):
                return  # another process took this one for dead and made its change, and others went on from there
            raise conflict(current)
        wanted = table_input(change.table, metadata, change.target, change.source, table)
        try:
            self._write(change.name, wanted, table)
        except CommitConflictError:
            if (now := self._location(change.name)) != change.target:
                raise conflict(now) from None
        except LakeError as error:
            if not self._was_swapped(change, error):
                raise

    def _write(self, name: TableName, wanted: dict[str, Any], table: Mapping[str, Any] | None) -> None:
        from botocore.exceptions import ClientError

        with self._faults(f"change table `{name}`"):
            try:
                if table is None:
                    self._client.create_table(DatabaseName=name.namespace, TableInput=wanted)
                else:
                    version = {"VersionId": table["VersionId"]} if "VersionId" in table else {}
                    self._client.update_table(
                        DatabaseName=name.namespace, TableInput=wanted, SkipArchive=True, **version
                    )
            except ClientError as error:
                if error.response.get("Error", {}).get("Code") in _LOST_RACE:
                    raise CommitConflictError("FLOE-0504", f"`{name}` was changed by another writer") from error
                raise

    def _was_swapped(self, change: Change, error: LakeError) -> bool:
        try:
            return self._location(change.name) == change.target
        except LakeError as unreadable:
            reason = f"it is not known whether `{change.name}` changed: {error.reason}, and Glue cannot be asked"
            instruction = "run any command when Glue is there again: it finds out, and says so"
            raise UnknownOutcomeError("FLOE-0569", reason, instruction, details=(unreadable.reason,)) from error

    def _put_back(self, change: Change) -> bool:
        """Whether the table is as it was before, now."""
        table = self._table(change.name)
        current = location_in(table) if table is not None else None
        if current == change.source:
            return True
        if current != change.target:
            return not self._is_built_on(change, current)
        if change.source is None:
            self._delete(change.name)
            return True
        metadata = read_metadata(self._stores.of(change.source), change.source)
        try:
            self._write(change.name, table_input(change.table, metadata, change.source, None, table), table)
        except CommitConflictError:
            return self._put_back(change)
        return True

    def _is_built_on(self, change: Change, current: str | None) -> bool:
        """Whether another writer continued what the change had made."""
        if current is None or current == change.source:
            return False
        metadata = read_metadata(self._stores.of(current), current)
        return any(entry["metadata-file"] == change.target for entry in metadata.get("metadata-log", ()))

    # Records

    @property
    def _records(self) -> Records:
        return Records(self._stores.of(self._records_folder), self._records_folder)

    @property
    def _ordered(self) -> OrderedPublishes:
        return OrderedPublishes(self._profile, self._records, self._carry_on, self._put_back)

    def _record(self, swaps: Sequence[Swap]) -> Record:
        run_ids = {_run_id(swap.metadata) for swap in swaps} - {""}
        return self._records.write(",".join(sorted(run_ids)), [_change(swap) for swap in swaps])

    def _carry_on(self, change: Change) -> bool:
        """Make a change that a killed process may have made; whether it had not."""
        current = self._location(change.name)
        if current == change.target or self._is_built_on(change, current):
            return False
        store = self._stores.of(change.target)
        base = TableState(change.name, "", change.source, store=store)
        self._swap(change, read_metadata(store, change.target), partial(moved_on, base))
        return True

    # Asking Glue

    @property
    def _client(self) -> Any:  # noqa: ANN401 - boto3 has no types
        with self._lock:
            if self._opened is None:
                self._opened = open_client(self._profile, self._binding, self._stores.secrets)
            return self._opened

    def _faults(self, action: str) -> Any:  # noqa: ANN401 - a context manager
        _ = self._client  # says that boto3 is missing before its errors are needed
        return glue_faults(self._profile, action)

    def _table(self, name: TableName) -> dict[str, Any] | None:
        with self._faults(f"read table `{name}`"):
            try:
                found = self._client.get_table(DatabaseName=name.namespace, Name=name.name)
            except self._client.exceptions.EntityNotFoundException:
                return None
        table: dict[str, Any] = found["Table"]
        return table

    def _location(self, name: TableName) -> str | None:
        table = self._table(name)
        return location_in(table) if table is not None else None

    def _delete(self, name: TableName) -> None:
        with self._faults(f"drop table `{name}`"):
            try:
                self._client.delete_table(DatabaseName=name.namespace, Name=name.name)
            except self._client.exceptions.EntityNotFoundException:
                return

    def _create_databases(self, names: set[str]) -> None:
        for name in sorted(names):
            with self._faults(f"create database `{name}`"):
                try:
                    self._client.get_database(Name=name)
                except self._client.exceptions.EntityNotFoundException:
                    self._create_database(name)

    def _create_database(self, name: str, **settings: str) -> None:
        try:
            self._client.create_database(DatabaseInput={"Name": name, **settings})
        except self._client.exceptions.AlreadyExistsException:
            return

    def _pages(self, operation: str, key: str, **arguments: str) -> Iterator[dict[str, Any]]:
        for page in self._client.get_paginator(operation).paginate(**arguments):
            yield from page[key]

    def _holds(self, location: str | None) -> bool:
        if location is None:
            return False
        try:
            self._stores.of(location)
        except LakeError:
            return False
        return True


def _change(swap: Swap) -> Change:
    name = swap.base.name
    return Change(name.namespace, name.name, swap.base.metadata_location, swap.location)


def _run_id(metadata: Mapping[str, Any]) -> str:
    snapshots = metadata.get("snapshots") or [{}]
    return str((snapshots[-1].get("summary") or {}).get(RUN_ID_PROPERTY, ""))
