"""Whether catalogs answer, know who asks, have the warehouse and the namespaces, and let tables come and go."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from floe.deploy.namespaces import HasNamespaces
from floe.deploy.probes.clocks import clock_probe
from floe.deploy.probes.secrets import keys_of, secrets_of_catalog
from floe.deploy.probes.subjects import subject_of_catalog
from floe.deploy.probing import Finding, Probe, ok, warning
from floe.lake.base import TableName
from floe.lake.catalogs.sql.catalog import SqlCatalog
from floe.lake.open import named_table_location

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from floe.artifact.models import CompiledArtifacts
    from floe.artifact.settings import CatalogBinding
    from floe.deploy.probing import Key
    from floe.lake.base import Catalog
    from floe.lake.catalogs.rest.client import Client

SECTION = "catalogs"
_BOOTSTRAP = "run `floe platform bootstrap`"


@runtime_checkable
class _DropsNamespaces(HasNamespaces, Protocol):
    """A catalog whose namespaces are made and removed one by one."""

    def drop_namespace(self, namespace: str) -> None:
        """Remove one that is empty."""
        ...


@dataclass(frozen=True)
class Looked:
    """A catalog profile that is looked at."""

    name: str
    binding: CatalogBinding
    artifacts: CompiledArtifacts
    project_directory: Path

    @property
    def namespaces(self) -> list[str]:
        """Those of its layers."""
        return sorted({layer.namespace for layer in self.artifacts.layers.values() if layer.catalog == self.name})

    def location(self, table: TableName) -> str:
        """Folder of a table in the namespace of a layer."""
        return named_table_location(self.artifacts, self.project_directory, table)[1]


def catalog_probes(looked: Looked, catalog: Catalog, limit_seconds: float, *, writes: bool) -> list[Probe]:
    """Looks at one catalog profile; with `writes`, a table is made there and dropped again."""
    if isinstance(catalog, SqlCatalog):
        return _sql_probes(looked, catalog, writes=writes)
    if isinstance(catalog, _DropsNamespaces):
        place = Namespaces(catalog.has_namespace, catalog.create_namespace, catalog.drop_namespace)
        reach = _check(looked, catalog, f"`{looked.name}`: AWS Glue answers")
        return [reach, *_namespace_probes(looked, catalog, place, (reach.key,), writes=writes)]
    return _rest_probes(looked, catalog, limit_seconds, writes=writes)


def _check(looked: Looked, catalog: Catalog, text: str) -> Probe:
    def look() -> Finding:
        catalog.check()
        return ok(text)

    subject = subject_of_catalog(looked.name, looked.binding)
    return Probe(SECTION, looked.name, look, keys_of(secrets_of_catalog(looked.binding)), subject=subject)


def _sql_probes(looked: Looked, catalog: SqlCatalog, *, writes: bool) -> list[Probe]:
    check = _check(looked, catalog, f"`{looked.name}`: `{looked.binding.uri}` answers")
    if not writes:
        return [check]

    def look() -> Finding:
        catalog.rehearse()
        return ok(f"`{looked.name}`: a table can be put in and taken out (in a transaction that was rolled back)")

    return [check, Probe(SECTION, f"{looked.name}, tables", look, (check.key,))]


def _rest_probes(looked: Looked, catalog: Catalog, limit_seconds: float, *, writes: bool) -> list[Probe]:
    from floe.lake.catalogs.rest.client import config_url
    from floe.lake.catalogs.rest.connection import Request
    from floe.lake.catalogs.rest.open import open_client

    name, binding = looked.name, _impatient(looked.binding, limit_seconds)
    client = open_client(name, binding, looked.project_directory, looked.artifacts.secrets)
    anybody = Request("GET", config_url(client.uri), "answer")

    def reach() -> Finding:
        client.connection.ask(anybody, expected=range(100, 600))
        return ok(f"`{name}`: `{client.uri}` answers")

    def token() -> Finding:
        if client.authentication is not None:
            client.authentication.proof()
        return ok(f"`{name}`: it gives `{client.faults.principal or 'this client'}` a token")

    def warehouse() -> Finding:
        _ = client.server
        return ok(f"`{name}`: {f'warehouse `{binding.warehouse}` is there' if binding.warehouse else 'it lets us in'}")

    probes = [
        Probe(SECTION, name, reach, keys_of(secrets_of_catalog(binding)), subject=subject_of_catalog(name, binding))
    ]
    after = (probes[0].key,)
    clock = clock_probe(client.uri, lambda: client.connection.ask(anybody, expected=range(100, 600)), after)
    if binding.credentials.get("mode") == "oauth2":
        probes.append(Probe(SECTION, f"{name}, token", token, after))
    probes.append(Probe(SECTION, f"{name}, warehouse", warehouse, (probes[-1].key,)))
    place = _rest_namespaces(client)
    return [*probes, *_namespace_probes(looked, catalog, place, (probes[-1].key,), writes=writes), clock]


def _rest_namespaces(client: Client) -> Namespaces:
    from floe.lake.catalogs.rest.placing import Namespaces as Placing
    from floe.lake.catalogs.rest.server import DROP_NAMESPACE

    def make(namespace: str, location: str) -> None:
        Placing(client).create(namespace, f"{location}/floe_preflight")

    return Namespaces(
        lambda namespace: client.namespace(namespace) is not None,
        make,
        client.drop_namespace,
        lambda: client.server.has(DROP_NAMESPACE),
    )


def _impatient(binding: CatalogBinding, limit_seconds: float) -> CatalogBinding:
    """The binding of a client that tells soon what is wrong."""
    seconds = max(1, round(limit_seconds))
    timeout = min(binding.settings.timeout_seconds, seconds)
    settings = binding.settings.model_copy(update={"timeout_seconds": timeout, "patience_seconds": 1})
    return binding.model_copy(update={"settings": settings})


@dataclass(frozen=True)
class Namespaces:
    """What can be done with the namespaces of a catalog."""

    has: Callable[[str], bool]
    make: Callable[[str, str], None]
    """Takes the namespace, and the location below which its tables lie."""
    drop: Callable[[str], None]
    can_drop: Callable[[], bool] = lambda: True
    """Whether the catalog knows how to: else none is made to try it out."""


def _namespace_probes(
    looked: Looked, catalog: Catalog, place: Namespaces, after: tuple[Key, ...], *, writes: bool
) -> list[Probe]:
    if not looked.namespaces:
        return []
    trial = f"floe_preflight_{secrets.token_hex(4)}"
    trials = _Trials(looked, catalog, place, trial)
    leaves = f"the namespace `{trial}`" if writes else ""
    look = partial(trials.look_at_namespaces, writes=writes)
    probes = [Probe(SECTION, f"{looked.name}, namespaces", look, after, leaves)]
    if writes:
        leaves = f"the table `{trial}`"
        probes.append(Probe(SECTION, f"{looked.name}, tables", trials.try_a_table, (probes[0].key,), leaves))
    return probes


@dataclass(frozen=True)
class _Trials:
    """Namespaces and tables that come and go, all named so that nobody takes them for something else."""

    looked: Looked
    catalog: Catalog
    place: Namespaces
    trial: str

    def look_at_namespaces(self, *, writes: bool) -> Finding:
        """Whether the namespaces of the layers are there, or can be made."""
        found = {namespace: self.place.has(namespace) for namespace in self.looked.namespaces}
        missing = [namespace for namespace, is_there in found.items() if not is_there]
        if not missing:
            return ok(f"`{self.looked.name}`: {_listed(found)} {_are(found)} there")
        if not writes or not self.place.can_drop():
            return warning(f"`{self.looked.name}`: {_listed(missing)} {_are(missing)} not there yet", _BOOTSTRAP)
        namespace, location = self._beside(missing[0])
        self.place.make(namespace, location.rpartition("/")[0])
        self.place.drop(namespace)
        text = (
            f"`{self.looked.name}`: {_listed(missing)} {_are(missing)} not there yet, and can be made by the first run"
        )
        return ok(text)

    def try_a_table(self) -> Finding:
        """Whether a table can be made in the first namespace that is there; if there is none, in one made for it."""
        from floe.lake.trial import try_table

        there = next((namespace for namespace in self.looked.namespaces if self.place.has(namespace)), None)
        if there is not None:
            table = TableName(there, self.trial)
            try_table(self.catalog, table, self.looked.location(table), self.trial)
        elif not self.place.can_drop():
            return Finding(
                "skipped", f"`{self.looked.name}`: there is no namespace yet in which a table could be tried"
            )
        else:
            namespace, location = self._beside(self.looked.namespaces[0])
            table = TableName(namespace, self.trial)
            self.place.make(namespace, location.rpartition("/")[0])
            try:
                try_table(self.catalog, table, location, self.trial)
            finally:
                self.place.drop(namespace)
        return ok(f"`{self.looked.name}`: a table was created in `{table.namespace}` and dropped again")

    def _beside(self, namespace: str) -> tuple[str, str]:
        """A namespace of our own beside one that is missing, below what is there; and the folder of a table in it."""
        levels = namespace.split(".")[:-1]
        while levels and not self.place.has(".".join(levels)):
            levels.pop()
        own = ".".join([*levels, self.trial])
        root, _, table = self.looked.location(TableName(namespace, self.trial)).rsplit("/", 2)
        return own, f"{root}/{own}/{table}"


def _listed(namespaces: Sequence[str] | Mapping[str, bool]) -> str:
    return ", ".join(f"`{namespace}`" for namespace in namespaces)


def _are(namespaces: Sequence[str] | Mapping[str, bool]) -> str:
    return "is" if len(namespaces) == 1 else "are"
