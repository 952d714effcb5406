"""A stand-in for Vault: what its HTTP API answers for the key-value engine and for logins, on loopback."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT_TOKEN = "root-token-of-vault"


@dataclass
class Vault:
    """The running server: what it holds, who may read it, and what it was asked."""

    url: str
    secrets: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    """Path below the engine's mount -> values."""
    tokens: set[str] = field(default_factory=lambda: {ROOT_TOKEN})
    app_roles: dict[str, str] = field(default_factory=dict)
    """Role id -> secret id."""
    accounts: dict[str, str] = field(default_factory=dict)
    """Role of Kubernetes -> the token that its pods have."""
    sealed: bool = False
    delay_seconds: float = 0.0
    requests: list[str] = field(default_factory=list)
    namespaces: set[str] = field(default_factory=set)
    issued: int = 0

    def expire_tokens(self) -> None:
        """Refuse every token that a login gave."""
        self.tokens = {ROOT_TOKEN}


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        vault = self.server.vault
        vault.requests.append(self.path)
        vault.namespaces.add(self.headers.get("X-Vault-Namespace", ""))
        time.sleep(vault.delay_seconds)
        if vault.sealed:
            return self._answer(503, {"errors": ["Vault is sealed"]})
        if self.headers.get("X-Vault-Token") not in vault.tokens:
            return self._answer(403, {"errors": ["permission denied"]})
        mount, _, path = self.path.removeprefix("/v1/").partition("/")
        versioned = mount == "secret"
        if versioned and path.startswith("data/"):
            path = path.removeprefix("data/")
        elif versioned:
            return self._answer(404, {"errors": ["no handler for route"]})
        if path not in vault.secrets:
            return self._answer(404, {"errors": []})
        values = dict(vault.secrets[path])
        return self._answer(200, {"data": {"data": values, "metadata": {"version": 1}} if versioned else values})

    def do_POST(self) -> None:
        vault = self.server.vault
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        vault.requests.append(self.path)
        if vault.sealed:
            return self._answer(503, {"errors": ["Vault is sealed"]})
        given = {
            "/v1/auth/approle/login": lambda: vault.app_roles.get(body["role_id"]) == body["secret_id"],
            "/v1/auth/kubernetes/login": lambda: vault.accounts.get(body["role"]) == body["jwt"],
        }
        if self.path not in given or not given[self.path]():
            return self._answer(400, {"errors": ["invalid role or secret ID"]})
        vault.issued += 1
        token = f"issued-token-{vault.issued}"
        vault.tokens.add(token)
        return self._answer(200, {"auth": {"client_token": token, "lease_duration": 60, "renewable": True}})

    def _answer(self, status: int, document: dict[str, Any]) -> None:
        content = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    vault: Vault

    def handle_error(self, *_: object) -> None:
        """A client that has gone is no news."""


@pytest.fixture
def vault() -> Iterator[Vault]:
    """An empty Vault."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.vault = Vault(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=lambda: server.serve_forever(0.02), daemon=True)
    thread.start()
    yield server.vault
    server.shutdown()
    server.server_close()
    thread.join()
