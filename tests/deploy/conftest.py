"""Platforms to prepare, and an Apache Polaris of the tests' own: its management API beside a REST catalog."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from tests.cli.conftest import Floe, floe, plain_terminal
from tests.services.rest_catalog import Behaviour, RestServer, Seen

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Floe", "floe", "plain_terminal"]

ROOT = "/api/management/v1/"
KINDS = {
    "catalogs": "catalog",
    "principals": "principal",
    "principal-roles": "principalRole",
    "catalog-roles": "catalogRole",
}


@dataclass
class Managed:
    """What Polaris remembers: things by their path, and lists that are assigned."""

    things: dict[str, dict[str, Any]] = field(default_factory=lambda: {"principals/root": {"name": "root"}})
    lists: dict[str, list[dict[str, Any]]] = field(default_factory=dict)


class PolarisServer(RestServer):
    """Answers requests below `/api/management/v1`, for those who have a token."""

    def __init__(self) -> None:
        self.managed = Managed()
        self.managed.things["principals/root"]["clientId"] = "root-id"
        self.forbidden_path = ""
        super().__init__(Behaviour(clients={"root-id": "canary-of-polaris"}))

    def answer(self, seen: Seen) -> tuple[int, Any]:
        if not seen.path.startswith(ROOT):
            return super().answer(seen)
        self._authorise(seen, seen.path)
        path = seen.path.removeprefix(ROOT)
        if self.forbidden_path and self.forbidden_path in path and seen.method != "GET":
            return 403, {"error": {"message": "not authorized", "type": "ForbiddenException", "code": 403}}
        return getattr(self, f"_{seen.method.lower()}")(path, json.loads(seen.body or b"{}"))

    def _get(self, path: str, _: dict[str, Any]) -> tuple[int, Any]:
        if path in self.managed.things:
            return 200, self.managed.things[path]
        last = path.rpartition("/")[2]
        if path == "principals":
            return 200, {
                "principals": [item for key, item in self.managed.things.items() if key.startswith("principals/")]
            }
        if last == "grants":
            return 200, {"grants": self.managed.lists.get(path, [])}
        if ("/" in path and path in self.managed.lists) or "/catalog-roles/" in path or last == "principal-roles":
            if path.startswith("catalogs/"):
                return 404, None
            return 200, {"roles": self.managed.lists.get(path, [])}
        return 404, {"error": {"message": f"no {path}", "type": "NotFoundException", "code": 404}}

    def _post(self, path: str, document: dict[str, Any]) -> tuple[int, Any]:
        thing = document[KINDS[path.rpartition("/")[2]]]
        self.managed.things[f"{path}/{thing['name']}"] = thing
        if path != "principals":
            return 201, thing
        thing["clientId"] = f"id-of-{thing['name']}"
        return 201, {"principal": thing, "credentials": {"clientId": thing["clientId"], "clientSecret": "made-up"}}

    def _put(self, path: str, document: dict[str, Any]) -> tuple[int, Any]:
        (thing,) = document.values()
        self.managed.lists.setdefault(path, []).append(thing)
        return 201, None


@pytest.fixture
def polaris(monkeypatch: pytest.MonkeyPatch) -> Iterator[PolarisServer]:
    monkeypatch.setenv("POLARIS_ROOT", "canary-of-polaris")
    server = PolarisServer()
    yield server
    server.stop()
