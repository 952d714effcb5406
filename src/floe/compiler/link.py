"""Joins what dbt made with sources and Python assets: dbt's unique ids become asset keys."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from floe.artifact.models import SESSION_DATABASE, namespace_of
from floe.diagnostics.suggest import did_you_mean
from floe.errors import CompilationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from floe.artifact.dbt_project import Exposure, Freshness, Resource
    from floe.artifact.models import Asset, Hook, Test
    from floe.compiler.dbt.transform import DbtResult, DbtSource


@dataclass(frozen=True)
class Target:
    """An asset that a dbt source may name."""

    key: str
    schema: str
    identifier: str
    database: str = SESSION_DATABASE
    is_placed: bool = False
    """Whether its database is known: dbt rendered it."""

    def is_named(self, source: DbtSource) -> bool:
        """Whether a dbt source of its own database, or where that is open of any, means this."""
        same = (self.schema.casefold(), self.identifier.casefold()) == (
            source.schema.casefold(),
            source.identifier.casefold(),
        )
        return same and (not self.is_placed or self.database == source.database)


@dataclass(frozen=True)
class Linked:
    """What all dbt transforms give together; dependencies are asset keys."""

    assets: list[Asset]
    tests: list[Test]
    exposures: dict[str, Exposure]
    resources: dict[str, Resource]
    freshness: dict[str, Freshness]
    hooks: list[Hook]
    databases: dict[str, str] = field(default_factory=dict)
    """Keys of sources and Python assets that dbt expects in another database than the session's own."""

    def placed(self, asset: Asset) -> Asset:
        """The asset, in the database in which dbt expects it."""
        database = self.databases.get(asset.key)
        if database is None:
            return asset
        return asset.model_copy(update={"relation": asset.relation.model_copy(update={"database": database})})


def link(results: Sequence[DbtResult], others: Iterable[Target]) -> Linked:
    """Assets, tests and exposures of all dbt transforms, whose dependencies are asset keys.

    A dbt source is the asset that has its name in the session: a Floe source, a Python asset, or a model or seed of a
    dbt transform, of another one or of its own.

    Raises:
        CompilationError: a dbt source is no asset and reads no files itself, or two dbt projects share a name.
    """
    _refuse_same_packages(results)
    targets = [*others, *(_target(asset) for result in results for asset in result.assets)]
    assets: list[Asset] = []
    tests: list[Test] = []
    exposures: dict[str, Exposure] = {}
    resources: dict[str, Resource] = {}
    freshness: dict[str, Freshness] = {}
    hooks: list[Hook] = []
    missing: list[str] = []
    databases: dict[str, str] = {}
    for result in results:
        keys = {**result.keys, **_source_keys(result, targets, missing, databases)}
        assets += _new_sources(result, keys, assets)
        assets += [asset.model_copy(update={"depends_on": _keys(asset.depends_on, keys)}) for asset in result.assets]
        tests += [_linked_test(test, keys) for test in result.tests]
        hooks += [hook.model_copy(update={"depends_on": _keys(hook.depends_on, keys)}) for hook in result.hooks]
        for unique_id, exposure in result.exposures.items():
            exposures[unique_id] = exposure.model_copy(update={"depends_on": _keys(exposure.depends_on, keys)})
        resources |= {name: _linked_resource(name, resource, keys) for name, resource in result.resources.items()}
        freshness |= {
            source.unique_id: source.freshness.model_copy(update={"asset": keys.get(source.unique_id, "")})
            for source in result.sources
            if source.freshness is not None and (source.unique_id in keys or source.external)
        }
    if missing:
        raise CompilationError(
            "FLOE-0215",
            "a dbt source is nothing that this project makes: no source of floe.yaml, Python asset, seed or model",
            "add it to `sources` in floe.yaml, or give it an `external_location`",
            details=missing,
        )
    elsewhere = {key: database for key, database in databases.items() if database != SESSION_DATABASE}
    return Linked(assets, tests, exposures, resources, freshness, hooks, elsewhere)


def _refuse_same_packages(results: Sequence[DbtResult]) -> None:
    names = [result.package for result in results]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        reason = f"two dbt transforms have the project name `{twice[0]}`"
        raise CompilationError("FLOE-0208", reason, "change `name` in one dbt_project.yml")


def _target(asset: Asset) -> Target:
    relation = asset.relation
    return Target(asset.key, relation.schema_name, relation.identifier, relation.database, is_placed=True)


def _source_keys(
    result: DbtResult, targets: Sequence[Target], missing: list[str], databases: dict[str, str]
) -> dict[str, str]:
    keys: dict[str, str] = {}
    for source in result.sources:
        target = None if source.external else next((target for target in targets if target.is_named(source)), None)
        if target is not None:
            keys[source.unique_id] = target.key
            if databases.setdefault(target.key, source.database) != source.database:
                missing.append(
                    f"{source.place}: source `{source.name}` reads `{target.key}` in the database "
                    f"`{source.database}`, another source in `{databases[target.key]}`"
                )
        elif source.unique_id in result.source_assets:
            keys[source.unique_id] = result.source_assets[source.unique_id].key
        elif not source.external and source.used and not result.in_warehouse:
            relation = f"{namespace_of(source.database, source.schema)}.{source.identifier}"
            suggestion = did_you_mean(relation, [f"{target.schema}.{target.identifier}" for target in targets])
            reads = ", ".join(part for part in (f"source `{source.name}` reads `{relation}`", suggestion) if part)
            missing.append(f"{source.place}: {reads}")
    return keys


def _new_sources(result: DbtResult, keys: Mapping[str, str], assets: Sequence[Asset]) -> Iterable[Asset]:
    """The tables of a warehouse that its sources name, each once, whichever transforms name it."""
    known = {asset.key for asset in assets}
    named = {asset.key: asset for name, asset in result.source_assets.items() if keys.get(name) == asset.key}
    return [asset for key, asset in named.items() if key not in known]


def _keys(unique_ids: Iterable[str], keys: dict[str, str]) -> tuple[str, ...]:
    return tuple(sorted({keys[unique_id] for unique_id in unique_ids if unique_id in keys}))


def _linked_test(test: Test, keys: dict[str, str]) -> Test:
    update: dict[str, Any] = {
        "depends_on": _keys(test.depends_on, keys),
        "attached_to": keys.get(test.attached_to, ""),
    }
    if test.unit is not None:
        update["unit"] = test.unit.model_copy(update={"inputs": _keys(test.unit.inputs, keys)})
    return test.model_copy(update=update)


def _linked_resource(unique_id: str, resource: Resource, keys: dict[str, str]) -> Resource:
    """The resource with keys of assets, ids of tests and ids of other resources."""
    if unique_id in keys:
        return resource.model_copy(update={"asset": keys[unique_id], "readers": ()})
    readers = tuple(sorted({keys.get(reader, reader) for reader in resource.readers}))
    above = tuple(sorted({keys.get(name, name) for name in resource.depends_on}))
    return resource.model_copy(update={"readers": readers, "depends_on": above})
