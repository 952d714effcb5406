"""An Iceberg REST catalog for tests: real HTTP, PyIceberg's own code applies the changes, files lie on this machine.

What it can be told to be (`Behaviour`) are ways in which real servers differ: no multi-table commits, no creation in
them (Apache Polaris), pages, namespaces whose tables must lie below them, permissions, credentials that it gives away.
"""

from __future__ import annotations

import contextlib
import json
import threading
import time
import uuid
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from pydantic import TypeAdapter, ValidationError
from pyiceberg.exceptions import CommitFailedException
from pyiceberg.schema import Schema
from pyiceberg.table.metadata import TableMetadataV1
from pyiceberg.table.update import TableRequirement, TableUpdate, update_table_metadata

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pyiceberg.table.metadata import TableMetadata

_UPDATES: TypeAdapter[tuple[TableUpdate, ...]] = TypeAdapter(tuple[TableUpdate, ...])
_REQUIREMENTS: TypeAdapter[tuple[TableRequirement, ...]] = TypeAdapter(tuple[TableRequirement, ...])
_DELEGATION = "X-Iceberg-Access-Delegation"
_NAMESPACES = "/v1/{prefix}/namespaces"
_TABLES = _NAMESPACES + "/{namespace}/tables"
ENDPOINTS = [
    f"GET {_NAMESPACES}",
    f"POST {_NAMESPACES}",
    f"GET {_NAMESPACES}/{{namespace}}",
    f"DELETE {_NAMESPACES}/{{namespace}}",
    f"GET {_TABLES}",
    f"POST {_TABLES}",
    f"GET {_TABLES}/{{table}}",
    f"POST {_TABLES}/{{table}}",
    f"DELETE {_TABLES}/{{table}}",
]
TRANSACTIONS = "POST /v1/{prefix}/transactions/commit"
CREDENTIALS = f"GET {_TABLES}/{{table}}/credentials"


@dataclass
class Behaviour:
    """What a server is like. Tests change it while the server runs."""

    warehouse: str = "lake"
    prefix: str = "lake"
    clients: dict[str, str] = field(default_factory=dict)
    """Client id -> its secret; without any, everybody may do everything."""
    scope: str = "PRINCIPAL_ROLE:ALL"
    token_seconds: float = 3600.0
    static_tokens: set[str] = field(default_factory=set)
    has_token_endpoint: bool = True
    config: dict[str, dict[str, str]] = field(default_factory=dict)
    """More `defaults` and `overrides` of the configuration."""
    config_needs_token: bool = True
    lists_endpoints: bool = True
    more_endpoints: tuple[str, ...] = ()
    transactions: bool = True
    creates_in_transactions: bool = True
    credentials_endpoint: bool = True
    separator: str = "%1F"
    page_limit: int = 1000
    required_headers: dict[str, str] = field(default_factory=dict)
    forbidden: Callable[[str, str], bool] = lambda _method, _path: False
    tables_below_namespaces: bool = False
    """As Polaris demands it: a table lies below its namespace, and that below the one above it."""
    base_location: str = ""
    vend: Callable[[str], tuple[dict[str, str], list[dict[str, Any]]]] | None = None
    """Location of a table -> `config` and `storage-credentials`, for requests that ask for credentials."""
    clock_offset_seconds: float = 0.0


@dataclass
class _Table:
    location: str
    """Of its current metadata file."""
    metadata: TableMetadata


@dataclass(frozen=True)
class Seen:
    """A request that arrived."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    answered: int = 0
    """Status of the answer."""


class _RefusedError(Exception):
    def __init__(self, status: int, kind: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind


@dataclass
class State:
    """What a catalog remembers; it outlives the server, as a database would."""

    namespaces: dict[tuple[str, ...], dict[str, str]] = field(default_factory=dict)
    tables: dict[tuple[str, ...], _Table] = field(default_factory=dict)
    tokens: dict[str, tuple[str, float]] = field(default_factory=dict)
    """Token -> client and the end of its life."""
    lock: threading.RLock = field(default_factory=threading.RLock)


class RestServer:
    """The server, at a port of its own; `stop` and `start` restart it with what it remembers."""

    def __init__(self, behaviour: Behaviour | None = None) -> None:
        self.behaviour = behaviour or Behaviour()
        self.state = State()
        self.seen: list[Seen] = []
        self._connections: set[Any] = set()
        self._server: ThreadingHTTPServer | None = None
        self._port = 0
        self.start()

    @property
    def uri(self) -> str:
        return f"http://127.0.0.1:{self._port}/api/catalog"

    def start(self) -> None:
        outer = self

        class Handler(_Handler):
            rest = outer

        self._server = ThreadingHTTPServer(("127.0.0.1", self._port), Handler)
        self._server.daemon_threads = True
        self._port = self._server.server_address[1]
        # Polling faster than the default half second: tests stop servers.
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
        for connection in list(self._connections):
            connection.close_now()

    def requests(self, method: str, ending: str) -> list[Seen]:
        """Requests that arrived, by method and the end of the path."""
        return [item for item in self.seen if item.method == method and urlsplit(item.path).path.endswith(ending)]

    def metadata(self, table: str) -> TableMetadata:
        return self.state.tables[tuple(table.split("."))].metadata

    def answer(self, seen: Seen) -> tuple[int, Any]:
        """Status and document for a request."""
        url = urlsplit(seen.path)
        steps = url.path.removeprefix("/api/catalog/v1/").split("/")
        query = {key: values[0] for key, values in parse_qs(url.query, keep_blank_values=True).items()}
        if not url.path.startswith("/api/catalog/v1/"):
            return 404, None
        for name, value in self.behaviour.required_headers.items():
            if seen.headers.get(name) != value:
                raise _RefusedError(404, "NotFoundException", f"Unknown realm: {seen.headers.get(name)}")
        if steps == ["oauth", "tokens"]:
            return self._token(seen)
        if steps != ["config"] or self.behaviour.config_needs_token:
            self._authorise(seen, url.path)
        return self._config(query) if steps == ["config"] else self._route(seen, steps, query)

    # Who asks

    def _token(self, seen: Seen) -> tuple[int, Any]:
        if not self.behaviour.has_token_endpoint:
            return 404, None
        if not seen.headers.get("Content-Type", "").startswith("application/x-www-form-urlencoded"):
            return 400, {"error": "invalid_request", "error_description": "the body must be a form"}
        form = {key: values[0] for key, values in parse_qs(seen.body.decode()).items()}
        if form.get("grant_type") != "client_credentials":
            return 400, {"error": "unsupported_grant_type"}
        if self.behaviour.clients.get(form.get("client_id", "")) != form.get("client_secret"):
            return 401, {"error": "unauthorized_client", "error_description": "The client is not authorized"}
        if form.get("scope") != self.behaviour.scope:
            return 400, {"error": "invalid_scope", "error_description": "The scope is invalid"}
        token = f"token-{uuid.uuid4().hex}"
        self.state.tokens[token] = (form["client_id"], time.monotonic() + self.behaviour.token_seconds)
        return 200, {"access_token": token, "token_type": "bearer", "expires_in": int(self.behaviour.token_seconds)}

    def _authorise(self, seen: Seen, path: str) -> None:
        behaviour = self.behaviour
        if behaviour.clients or behaviour.static_tokens:
            token = seen.headers.get("Authorization", "").removeprefix("Bearer ")
            _, end = self.state.tokens.get(token, ("", 0.0))
            if token not in behaviour.static_tokens and time.monotonic() >= end:
                raise _RefusedError(401, "NotAuthorizedException", f"Token {token} is not valid")
        if behaviour.forbidden(seen.method, path):
            raise _RefusedError(403, "ForbiddenException", "Principal is not authorized for op")

    # What there is

    def _config(self, query: Mapping[str, str]) -> tuple[int, Any]:
        if query.get("warehouse", self.behaviour.warehouse) != self.behaviour.warehouse:
            raise _RefusedError(404, "NotFoundException", f"Unable to find warehouse {query['warehouse']}")
        overrides = {"prefix": self.behaviour.prefix}
        if self.behaviour.separator != "%1F":
            overrides["namespace-separator"] = self.behaviour.separator
        defaults = {"default-base-location": self.behaviour.base_location} if self.behaviour.base_location else {}
        document: dict[str, Any] = {
            "defaults": {**defaults, **self.behaviour.config.get("defaults", {})},
            "overrides": {**overrides, **self.behaviour.config.get("overrides", {})},
        }
        if self.behaviour.lists_endpoints:
            transactions = [TRANSACTIONS] if self.behaviour.transactions else []
            credentials = [CREDENTIALS] if self.behaviour.credentials_endpoint else []
            document["endpoints"] = [*ENDPOINTS, *transactions, *credentials, *self.behaviour.more_endpoints]
        return 200, document

    def _route(self, seen: Seen, steps: list[str], query: Mapping[str, str]) -> tuple[int, Any]:
        prefix = [self.behaviour.prefix] if self.behaviour.prefix else []
        if steps[: len(prefix)] != prefix:
            raise _RefusedError(404, "NotFoundException", f"Unable to find warehouse {steps[0]}")
        steps = steps[len(prefix) :]
        document = json.loads(seen.body) if seen.body else {}
        with self.state.lock:
            if steps == ["transactions", "commit"]:
                return self._transaction(document)
            if steps == ["namespaces"]:
                return 200, self._namespaces(query) if seen.method == "GET" else self._create_namespace(document)
            levels = self._levels(steps[1])
            if steps[2:] == ["tables"]:
                return 200, self._list(levels, query) if seen.method == "GET" else self._stage(levels, document, seen)
            if not steps[2:]:
                return self._drop_namespace(levels) if seen.method == "DELETE" else (200, self._namespace(levels))
            name = (*levels, unquote(steps[3]))
            return self._credentials(name) if steps[4:] else self._of_table(seen, name, document)

    def _of_table(self, seen: Seen, name: tuple[str, ...], document: Mapping[str, Any]) -> tuple[int, Any]:
        if seen.method == "DELETE":
            return self._drop(name)
        if seen.method == "POST":
            self._commit([(name, document)])
        return 200, self._loaded(name, seen)

    def _levels(self, text: str) -> tuple[str, ...]:
        return tuple(unquote(text).split(unquote(self.behaviour.separator)))

    def _namespaces(self, query: Mapping[str, str]) -> dict[str, Any]:
        parent = self._levels(query["parent"]) if query.get("parent") else ()
        children = [levels for levels in self.state.namespaces if levels[:-1] == parent]
        return self._page("namespaces", [list(levels) for levels in sorted(children)], query)

    def _page(self, key: str, items: list[Any], query: Mapping[str, str]) -> dict[str, Any]:
        if "pageToken" not in query:
            return {key: items}
        start = int(query["pageToken"] or 0)
        end = start + min(self.behaviour.page_limit, int(query["pageSize"]))
        token = {"next-page-token": str(end)} if end < len(items) else {}
        return {key: items[start:end], **token}

    def _namespace(self, levels: tuple[str, ...]) -> dict[str, Any]:
        if levels not in self.state.namespaces:
            raise _RefusedError(404, "NoSuchNamespaceException", f"Namespace does not exist: {'.'.join(levels)}")
        return {"namespace": list(levels), "properties": self.state.namespaces[levels]}

    def _drop_namespace(self, levels: tuple[str, ...]) -> tuple[int, Any]:
        self._namespace(levels)
        if any(name[: len(levels)] == levels for name in self.state.tables):
            raise _RefusedError(409, "NamespaceNotEmptyException", f"Namespace is not empty: {'.'.join(levels)}")
        del self.state.namespaces[levels]
        return 204, None

    def _create_namespace(self, document: Mapping[str, Any]) -> dict[str, Any]:
        levels = tuple(document["namespace"])
        if levels in self.state.namespaces:
            raise _RefusedError(409, "AlreadyExistsException", f"Namespace already exists: {'.'.join(levels)}")
        if len(levels) > 1:
            self._namespace(levels[:-1])
        properties = dict(document.get("properties") or {})
        above = self._location_of(levels[:-1]) if len(levels) > 1 else self.behaviour.base_location
        if self.behaviour.base_location:
            properties.setdefault("location", f"{above}/{levels[-1]}")
        self._check_below(properties.get("location", ""), above)
        self.state.namespaces[levels] = properties
        return {"namespace": list(levels), "properties": properties}

    def _location_of(self, levels: tuple[str, ...]) -> str:
        return self.state.namespaces[levels].get("location", "")

    def _check_below(self, location: str, above: str) -> None:
        if self.behaviour.tables_below_namespaces and above and not location.startswith(f"{above.rstrip('/')}/"):
            raise _RefusedError(403, "ForbiddenException", f"Invalid location: {location} is not below {above}")

    def _list(self, levels: tuple[str, ...], query: Mapping[str, str]) -> dict[str, Any]:
        self._namespace(levels)
        names = sorted(name[-1] for name in self.state.tables if name[:-1] == levels)
        return self._page("identifiers", [{"namespace": list(levels), "name": name} for name in names], query)

    def _table(self, name: tuple[str, ...]) -> _Table:
        if name not in self.state.tables:
            raise _RefusedError(404, "NoSuchTableException", f"Table does not exist: {'.'.join(name)}")
        return self.state.tables[name]

    def _loaded(self, name: tuple[str, ...], seen: Seen) -> dict[str, Any]:
        table = self._table(name)
        return _answer(table.metadata, table.location) | self._vended(table.metadata.location, seen)

    def _vended(self, location: str, seen: Seen) -> dict[str, Any]:
        if self.behaviour.vend is None or "vended-credentials" not in seen.headers.get(_DELEGATION, ""):
            return {}
        config, credentials = self.behaviour.vend(location)
        return {"config": config, "storage-credentials": credentials}

    def _credentials(self, name: tuple[str, ...]) -> tuple[int, Any]:
        if self.behaviour.vend is None or not self.behaviour.credentials_endpoint:
            return 404, None
        _, credentials = self.behaviour.vend(self._table(name).metadata.location)
        return 200, {"storage-credentials": credentials}

    # What changes

    def _stage(self, levels: tuple[str, ...], document: Mapping[str, Any], seen: Seen) -> dict[str, Any]:
        self._namespace(levels)
        if not document.get("stage-create"):
            raise _RefusedError(400, "BadRequestException", "this server creates tables in commits")
        if (*levels, document["name"]) in self.state.tables:
            raise _RefusedError(409, "AlreadyExistsException", f"Table already exists: {document['name']}")
        self._check_below(document["location"], self._location_of(levels))
        staged = {"format-version": 2, "table-uuid": str(uuid.uuid4()), "location": document["location"]}
        return {"metadata": staged} | self._vended(document["location"], seen)

    def _transaction(self, document: Mapping[str, Any]) -> tuple[int, Any]:
        if not self.behaviour.transactions:
            return 404, None
        changes = [
            ((*change["identifier"]["namespace"], change["identifier"]["name"]), change)
            for change in document["table-changes"]
        ]
        if not self.behaviour.creates_in_transactions:
            for name, _ in changes:
                self._table(name)
        self._commit(changes)
        return 204, None

    def _commit(self, changes: list[tuple[tuple[str, ...], Mapping[str, Any]]]) -> None:
        """Validate everything, then change everything."""
        after = {name: self._changed(name, change) for name, change in changes}
        tables = {name: self._written(name, metadata) for name, metadata in after.items()}
        self.state.tables.update(tables)

    def _changed(self, name: tuple[str, ...], change: Mapping[str, Any]) -> TableMetadata:
        known = self.state.tables.get(name)
        requirements = _REQUIREMENTS.validate_python(change["requirements"])
        creates = any(item["type"] == "assert-create" for item in change["requirements"])
        if creates and known is not None:
            raise _RefusedError(409, "AlreadyExistsException", f"Table already exists: {'.'.join(name)}")
        if not creates:
            self._table(name)
        self._namespace(name[:-1])
        base = known.metadata if known else TableMetadataV1.model_construct(last_column_id=-1, schema=Schema())
        try:
            for requirement in requirements:
                requirement.validate(known.metadata if known else None)
            changed = update_table_metadata(
                base, _UPDATES.validate_python(change["updates"]), not known, known.location if known else None
            )
        except CommitFailedException as error:
            raise _RefusedError(409, "CommitFailedException", str(error)) from error
        if not known:
            self._check_below(changed.location, self._location_of(name[:-1]))
        return changed

    def _written(self, name: tuple[str, ...], metadata: TableMetadata) -> _Table:
        """Write the metadata file, where files are on this machine."""
        known = self.state.tables.get(name)
        version = int(known.location.rpartition("/")[2][:5]) + 1 if known else 0
        location = f"{metadata.location}/metadata/{version:05d}-{uuid.uuid4()}.metadata.json"
        if "://" not in location:
            Path(location).parent.mkdir(parents=True, exist_ok=True)
            Path(location).write_text(metadata.model_dump_json())
        return _Table(location, metadata)

    def _drop(self, name: tuple[str, ...]) -> tuple[int, Any]:
        self._table(name)
        del self.state.tables[name]
        return 204, None


def _answer(metadata: TableMetadata, location: str) -> dict[str, Any]:
    return {"metadata-location": location, "metadata": json.loads(metadata.model_dump_json()), "config": {}}


class _Handler(BaseHTTPRequestHandler):
    rest: RestServer
    protocol_version = "HTTP/1.1"
    # Without it each answer waits for the acknowledgement of its headers.
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        self.rest._connections.add(self)

    def finish(self) -> None:
        self.rest._connections.discard(self)
        super().finish()

    def close_now(self) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(2)

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        seen = Seen(self.command, self.path, dict(self.headers.items()), body)
        try:
            status, document = self.rest.answer(seen)
        except _RefusedError as refusal:
            status = refusal.status
            document = {"error": {"message": str(refusal), "type": refusal.kind, "code": status}}
        except (ValidationError, ValueError) as error:
            status = 400
            document = {"error": {"message": str(error), "type": "BadRequestException", "code": status}}
        self.rest.seen.append(replace(seen, answered=status))
        content = b"" if document is None else json.dumps(document).encode()
        self.send_response_only(status)
        self.send_header("Date", formatdate(time.time() + self.rest.behaviour.clock_offset_seconds, usegmt=True))
        if document is not None:
            self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _serve  # noqa: N815

    def log_message(self, template: str, *arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def behaviour() -> Behaviour:
    """What the server of the test is like."""
    return Behaviour()


@pytest.fixture
def rest_server(behaviour: Behaviour) -> Iterator[RestServer]:
    """A server that everybody may use, unless `behaviour` says otherwise."""
    server = RestServer(behaviour)
    yield server
    server.stop()
