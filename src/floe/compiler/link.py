"""Joins what dbt made with sources and Python assets: dbt's unique ids become asset keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from floe.diagnostics.suggest import did_you_mean
from floe.errors import CompilationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from floe.artifact.models import Asset, Exposure, Freshness, Resource, Test
    from floe.compiler.dbt.transform import DbtResult


@dataclass(frozen=True)
class Target:
    """An asset that a dbt source may name."""

    key: str
    schema: str
    identifier: str


@dataclass(frozen=True)
class Linked:
    """What all dbt transforms give together; dependencies are asset keys."""

    assets: list[Asset]
    tests: list[Test]
    exposures: dict[str, Exposure]
    resources: dict[str, Resource]
    freshness: dict[str, Freshness]


def link(results: Sequence[DbtResult], others: Iterable[Target]) -> Linked:
    """Assets, tests and exposures of all dbt transforms, whose dependencies are asset keys.

    A dbt source is the asset that has its name in the session: a Floe source, a Python asset, or a model of
    another dbt transform.

    Raises:
        CompilationError: a dbt source is no asset and reads no files itself, or two dbt projects share a name.
    """
    _refuse_same_packages(results)
    targets = list(others)
    made = {id(result): [_target(asset) for asset in result.assets] for result in results}
    assets: list[Asset] = []
    tests: list[Test] = []
    exposures: dict[str, Exposure] = {}
    resources: dict[str, Resource] = {}
    freshness: dict[str, Freshness] = {}
    missing: list[str] = []
    for result in results:
        foreign = [target for other in results if other is not result for target in made[id(other)]]
        keys = {**result.keys, **_source_keys(result, [*targets, *foreign], missing)}
        assets += _new_sources(result, keys, assets)
        assets += [asset.model_copy(update={"depends_on": _keys(asset.depends_on, keys)}) for asset in result.assets]
        tests += [_linked_test(test, keys) for test in result.tests]
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
            "a dbt source is neither a source of floe.yaml nor a Python asset",
            "add it to `sources` in floe.yaml, or give it an `external_location`",
            details=missing,
        )
    return Linked(assets, tests, exposures, resources, freshness)


def _refuse_same_packages(results: Sequence[DbtResult]) -> None:
    names = [result.package for result in results]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        reason = f"two dbt transforms have the project name `{twice[0]}`"
        raise CompilationError("FLOE-0208", reason, "change `name` in one dbt_project.yml")


def _target(asset: Asset) -> Target:
    return Target(asset.key, asset.relation.schema_name, asset.relation.identifier)


def _source_keys(result: DbtResult, targets: Sequence[Target], missing: list[str]) -> dict[str, str]:
    by_relation = {(target.schema.casefold(), target.identifier.casefold()): target.key for target in targets}
    keys: dict[str, str] = {}
    for source in result.sources:
        key = by_relation.get((source.schema.casefold(), source.identifier.casefold()))
        if key is not None and not source.external:
            keys[source.unique_id] = key
        elif source.unique_id in result.source_assets:
            keys[source.unique_id] = result.source_assets[source.unique_id].key
        elif not source.external and source.used and not result.in_warehouse:
            relation = f"{source.schema}.{source.identifier}"
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
