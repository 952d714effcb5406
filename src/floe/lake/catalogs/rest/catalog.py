"""The REST catalog: loads tables, and commits to many of them in one request."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from floe.errors import LakeError
from floe.lake.base import TableName, TableState
from floe.lake.catalogs.rest.committing import Committer, RefusedError, change_of
from floe.lake.catalogs.rest.requirements import continued, divided, verdict_on
from floe.lake.catalogs.rest.server import TRANSACTIONS
from floe.lake.catalogs.rest.stepwise import Stepwise
from floe.lake.stores.local import LOCAL
from floe.lake.stores.outside import OutsideStore, is_outside

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from floe.lake.base import TableCommit
    from floe.lake.catalogs.records import Records
    from floe.lake.catalogs.rest.client import Client
    from floe.lake.catalogs.rest.placing import Namespaces
    from floe.lake.catalogs.rest.storing import StoreSource
    from floe.lake.stores.base import FileStore

_NO_TRANSACTIONS = (404, 405, 406, 501)
_NO_CREATION = (400, 404, 406, 501)
_THREADS = 8


class RestCatalog:
    """An Iceberg catalog behind the REST specification; implements `floe.lake.base.Catalog`.

    Safe to use from several threads. Nothing is asked of the catalog before the first call.

    Args:
        client: Speaks with the catalog.
        namespaces: The namespaces of that catalog.
        stores: Finds the stores of tables' files.
        creates_in_transactions: Whether the server may be asked to create tables in a commit to several. Polaris
            refuses that, as do others; then new tables are created without rows, and get these in the commit.
        records: Opens the place where publishes of several tables are written down, for servers that commit to one
            table at a time.
    """

    def __init__(
        self,
        client: Client,
        namespaces: Namespaces,
        stores: StoreSource,
        *,
        creates_in_transactions: bool,
        records: Callable[[], Records],
    ) -> None:
        self._client = client
        self._namespaces = namespaces
        self._stores = stores
        self._creates_in_transactions = creates_in_transactions
        self._records = records
        self._has_transactions: bool | None = None
        self._made: dict[TableName, str] = {}
        self._committer = Committer(self._now, lambda: client.backoff().wait, client.faults)

    @property
    def atomic(self) -> bool:
        """Whether the server commits to several tables in one step.

        Raises:
            LakeError: the catalog cannot be asked.
        """
        if self._has_transactions is None:
            self._has_transactions = self._client.server.has(TRANSACTIONS)
        return self._has_transactions

    def check(self) -> None:
        """See `Catalog.check`."""
        _ = self._client.server

    def load(self, name: TableName, default_location: str) -> TableState:
        """The table as it is now; see `Catalog.load`."""
        loaded = self._client.load_table(name)
        if loaded is None or self._is_ours_to_fill(name, loaded["metadata"]):
            location = self._namespaces.location(name, default_location) if default_location else ""
            store = self._stores.of(name, location, None) if location else LOCAL
            return TableState(name, location, store=store)
        metadata = loaded["metadata"]
        return replace(_state(name, loaded), store=self._store(name, str(metadata["location"]), loaded))

    def _store(self, name: TableName, location: str, loaded: Mapping[str, Any]) -> FileStore:
        """The store of a table that is there; others may have put it where no profile of the platform is."""
        try:
            return self._stores.of(name, location, loaded)
        except LakeError as error:
            if is_outside(error):
                return OutsideStore(error)
            raise

    def tables(self) -> Sequence[TableName]:
        """Every table of the catalog, sorted."""
        namespaces = sorted(set(self._client.namespaces()))
        if not namespaces:
            return ()
        with ThreadPoolExecutor(min(_THREADS, len(namespaces))) as executor:
            names = list(executor.map(lambda namespace: list(self._client.table_names(namespace)), namespaces))
        found = (TableName(namespace, name) for namespace, many in zip(namespaces, names, strict=True) for name in many)
        return tuple(sorted(found))

    def commit(self, commits: Sequence[TableCommit], on_step: Callable[[str], None]) -> None:
        """Create or update all the tables, or none; see `Catalog.commit`.

        A new table may be there, without rows, when its commit has failed. A server that commits to one table at a
        time gets the commits one after the other, and `on_step` hears what `Stepwise.commit` tells.

        Raises:
            UnknownOutcomeError: the catalog gave no answer, and may yet carry the commit out.
        """
        for commit in commits:
            if not commit.base.is_in_catalog:
                self._namespaces.create(commit.base.name.namespace, commit.base.location)
        on_step("metadata-written")
        commits = [self._taken_up(commit) for commit in commits]
        try:
            if len(commits) == 1:
                self._commit_one(commits[0])
            elif not (self.atomic and self._commit_all(commits)):
                self._commit_in_order(commits, on_step)
        except RefusedError as error:
            names = ", ".join(f"`{commit.base.name}`" for commit in commits)
            raise self._client.faults.refused(f"commit to {names}", error.answer) from error
        on_step("committed")

    def finish_interrupted(self) -> Sequence[str]:
        """Finish or take back what killed processes left half published; see `floe.lake.base.Resumable`."""
        return () if self.atomic else self._stepwise().finish_interrupted()

    def drop(self, names: Sequence[TableName]) -> None:
        """Remove tables from the catalog, one after the other: the specification has no transaction for it."""
        for name in names:
            self._client.drop_table(name)

    def _commit_one(self, commit: TableCommit) -> None:
        self._committer.settle([commit], lambda: self._client.commit_table(commit.base.name, change_of(commit)))

    def _commit_all(self, commits: Sequence[TableCommit]) -> bool:
        """Commit to all tables in one step; False where the server turns out not to have such commits."""
        creates = any(not commit.base.is_in_catalog for commit in commits)
        if creates and self._creates_in_transactions:
            try:
                self._commit_together(commits)
            except RefusedError as error:
                if error.answer.status not in _NO_CREATION:
                    raise
                self._creates_in_transactions = False
            else:
                return True
        try:
            self._commit_together(self._all_made(commits))
        except RefusedError as error:
            if error.answer.status not in _NO_TRANSACTIONS or _is_of_a_table(error):
                raise
            self._has_transactions = False
        return self._has_transactions is not False

    def _commit_in_order(self, commits: Sequence[TableCommit], on_step: Callable[[str], None]) -> None:
        made = [self._taken_up(commit) for commit in commits]
        self._stepwise().commit(self._all_made(made), on_step)

    def _stepwise(self) -> Stepwise:
        return Stepwise(self._client, self._committer, self._now, self._records())

    def _all_made(self, commits: Sequence[TableCommit]) -> list[TableCommit]:
        return [commit if commit.base.is_in_catalog else self._create_empty(commit) for commit in commits]

    def _commit_together(self, commits: Sequence[TableCommit]) -> None:
        changes = [(commit.base.name, change_of(commit)) for commit in commits]
        self._committer.settle(commits, lambda: self._client.commit_tables(changes))

    def _create_empty(self, commit: TableCommit) -> TableCommit:
        """Create a table without rows; return what is left of the commit, on the table as it is then."""
        creation, rest = divided(commit)
        self._commit_one(creation)
        name = commit.base.name
        made = self._now(name)
        self._made[name] = str(made.metadata.get("table-uuid"))
        return continued(rest, replace(made, branch=commit.base.branch))

    def _taken_up(self, commit: TableCommit) -> TableCommit:
        """The commit of a new table on the empty one that an earlier attempt of this run has created."""
        name = commit.base.name
        if commit.base.is_in_catalog or name not in self._made:
            return commit
        now = self._now(name)
        creation, rest = divided(commit)
        if self._is_ours_to_fill(name, now.metadata) and verdict_on(creation, now) == "applied":
            return continued(rest, replace(now, branch=commit.base.branch))
        return commit

    def _is_ours_to_fill(self, name: TableName, metadata: Mapping[str, Any]) -> bool:
        made = self._made.get(name)
        return made is not None and made == metadata.get("table-uuid") and not metadata.get("snapshots")

    def _now(self, name: TableName) -> TableState:
        loaded = self._client.load_table(name)
        return TableState(name, "") if loaded is None else _state(name, loaded)


def _is_of_a_table(error: RefusedError) -> bool:
    """Whether the server speaks of a table that is not there, not of a request that it does not know."""
    return error.answer.status == 404 and error.answer.error is not None


def _state(name: TableName, loaded: Mapping[str, Any]) -> TableState:
    metadata = loaded["metadata"]
    pointer = loaded.get("metadata-location") or f"{metadata['location']}/metadata"
    return TableState(name, str(metadata["location"]), str(pointer), metadata)
