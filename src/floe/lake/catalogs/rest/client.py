"""The requests of the Iceberg REST specification, one method each; what comes back is JSON."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from floe.lake.catalogs.rest.connection import Request
from floe.lake.catalogs.rest.server import CREDENTIALS, Server, identifier, levels_of, namespace_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from floe.lake.base import TableName
    from floe.lake.catalogs.rest.answers import Answer
    from floe.lake.catalogs.rest.authentication import Authentication
    from floe.lake.catalogs.rest.backoff import Backoff
    from floe.lake.catalogs.rest.connection import Connection
    from floe.lake.catalogs.rest.faults import Faults

_DELEGATION = "X-Iceberg-Access-Delegation"
_MISSING = 404
_NOT_HERE = (*range(300, 400), 400, 404, 405, 406, 410, 501)
"""How servers answer that speak something else, besides what catalogs answer."""
_EXISTS = 409


@dataclass
class Client:
    """Speaks with one catalog. Safe to use from several threads.

    Args:
        uri: Address of the catalog.
        warehouse: Which of its warehouses; empty for the only one.
        connection: Sends the requests.
        authentication: Who asks; None for nobody.
        faults: The catalog's errors.
        delegation: Value of the header that asks for credentials; empty to send none.
        page_size: How many tables are asked for at a time.
    """

    uri: str
    warehouse: str
    connection: Connection
    authentication: Authentication | None
    faults: Faults
    delegation: str = ""
    page_size: int = 500
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def server(self) -> Server:
        """The catalog's configuration, asked for once.

        Raises:
            LakeError: the catalog cannot be reached, is none, or has no such warehouse.
        """
        with self._lock:
            return self._server

    @cached_property
    def _server(self) -> Server:
        return self._asked()

    def _asked(self) -> Server:
        params = {"warehouse": self.warehouse} if self.warehouse else {}
        request = Request("GET", config_url(self.uri), "show its configuration", params)
        answer = self.connection.ask(request, self.authentication, expected=_NOT_HERE)
        document = answer.json()
        if answer.is_good and isinstance(document, dict) and ("defaults" in document or "overrides" in document):
            return Server.of(self.uri, document)
        if answer.status == _MISSING and answer.error is not None and self.warehouse:
            raise self.faults.missing_warehouse(answer.message)
        if answer.error is not None:
            raise self.faults.refused(request.action, answer)
        raise self.faults.not_a_catalog(_why_none(answer))

    def load_table(self, name: TableName) -> Mapping[str, Any] | None:
        """What the catalog knows of a table, None where there is none."""
        request = Request("GET", self.server.table_url(name), f"load `{name}`", headers=self._delegated)
        return self._found(request)

    def stage_table(self, name: TableName, location: str) -> Mapping[str, Any]:
        """Announce a table, which is not created by it: for the credentials with which its files are written."""
        schema = {"type": "struct", "schema-id": 0, "fields": []}
        document = {"name": name.name, "location": location, "schema": schema, "stage-create": True}
        url = self.server.tables_url(name.namespace)
        request = Request("POST", url, f"stage `{name}`", document=document, headers=self._delegated)
        return self._document(self.connection.ask(request, self.authentication))

    def credentials(self, name: TableName) -> Mapping[str, Any] | None:
        """New credentials for a table's files, None where the server has no endpoint for them or there is no table."""
        if not self.server.has(CREDENTIALS):
            return None
        action = f"give credentials for `{name}`"
        request = Request("GET", self.server.credentials_url(name), action, headers=self._delegated)
        answer = self.connection.ask(request, self.authentication, expected=(_MISSING, 405, 501))
        return self._document(answer) if answer.is_good else None

    def namespace(self, namespace: str) -> Mapping[str, str] | None:
        """The properties of a namespace, None where there is none."""
        document = self._found(Request("GET", self.server.namespace_url(namespace), f"load namespace `{namespace}`"))
        return None if document is None else document.get("properties") or {}

    def create_namespace(self, namespace: str, properties: Mapping[str, str]) -> None:
        """Create a namespace; one that is there already is no error."""
        document = {"namespace": levels_of(namespace), "properties": properties}
        action = f"create namespace `{namespace}`"
        request = Request("POST", self.server.namespaces_url(), action, document=document)
        answer = self.connection.ask(request, self.authentication, expected=(_EXISTS, _MISSING))
        if answer.status == _MISSING:
            self._asked()  # says so where the warehouse itself is gone
            raise self.faults.refused(action, answer)

    def drop_namespace(self, namespace: str) -> None:
        """Remove a namespace that is empty; one that is not there is no error."""
        request = Request("DELETE", self.server.namespace_url(namespace), f"drop namespace `{namespace}`")
        self.connection.ask(request, self.authentication, expected=(_MISSING,))

    def namespaces(self, parent: str = "") -> Iterator[str]:
        """Every namespace below another one, or of the catalog."""
        params = {"parent": self.server.parent_parameter(parent)} if parent else {}
        url = self.server.namespaces_url()
        for document in self._pages(Request("GET", url, "list namespaces", params)):
            for levels in document.get("namespaces") or ():
                namespace = namespace_of(levels)
                yield namespace
                yield from self.namespaces(namespace)

    def table_names(self, namespace: str) -> Iterator[str]:
        """The names of a namespace's tables; none where it is gone."""
        url = self.server.tables_url(namespace)
        for document in self._pages(Request("GET", url, f"list the tables of `{namespace}`")):
            for item in document.get("identifiers") or ():
                if list(item["namespace"]) == levels_of(namespace):
                    yield str(item["name"])

    def drop_table(self, name: TableName) -> None:
        """Take a table out of the catalog; one that is not there is no error."""
        request = Request("DELETE", self.server.table_url(name), f"drop `{name}`", {"purgeRequested": "false"})
        self.connection.ask(request, self.authentication, expected=(_MISSING,))

    def commit_table(self, name: TableName, change: Mapping[str, Any]) -> Answer:
        """Send a change of one table once; see `Connection.send`."""
        request = Request("POST", self.server.table_url(name), f"commit to `{name}`", document=change)
        return self.connection.send(request, self.authentication)

    def commit_tables(self, changes: Sequence[tuple[TableName, Mapping[str, Any]]]) -> Answer:
        """Send changes of several tables once, to be applied together; see `Connection.send`."""
        document = {"table-changes": [{"identifier": identifier(name), **change} for name, change in changes]}
        names = ", ".join(f"`{name}`" for name, _ in changes)
        request = Request("POST", self.server.transactions_url(), f"commit to {names}", document=document)
        return self.connection.send(request, self.authentication)

    def backoff(self) -> Backoff:
        """Waits between the attempts of a commit."""
        return self.connection.backoff()

    @property
    def _delegated(self) -> Mapping[str, str]:
        return {_DELEGATION: self.delegation} if self.delegation else {}

    def _found(self, request: Request) -> Mapping[str, Any] | None:
        answer = self.connection.ask(request, self.authentication, expected=(_MISSING,))
        if answer.status != _MISSING:
            return self._document(answer)
        if answer.error is None:
            raise self.faults.not_a_catalog(_why_none(answer))
        return None

    def _pages(self, request: Request) -> Iterator[Mapping[str, Any]]:
        # An empty token says that this client understands pages; servers without them answer with everything.
        params: dict[str, str | int] = {**request.params, "pageToken": "", "pageSize": self.page_size}
        while True:
            document = self._found(Request(request.method, request.url, request.action, params))
            if document is None:
                return
            yield document
            token = document.get("next-page-token")
            if not token:
                return
            params["pageToken"] = str(token)

    def _document(self, answer: Answer) -> Mapping[str, Any]:
        document = answer.json()
        if not isinstance(document, dict):
            raise self.faults.not_a_catalog(_why_none(answer))
        return document


def config_url(uri: str) -> str:
    """Where a catalog shows its configuration."""
    return f"{uri}/v1/config"


def _why_none(answer: Answer) -> str:
    if 300 <= answer.status < 400:
        return f"it points to `{answer.headers.get('Location', '')}`"
    if answer.is_good:
        return "its answer is not what the specification says"
    return f"it answers {answer.status} where a catalog has its configuration or tables"
