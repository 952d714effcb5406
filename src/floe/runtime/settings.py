"""The settings of a node as `config.<setting>:` asks for them: dbt's defaults, and what the project says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from floe.artifact.models import Asset, Test

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from floe.artifact.dbt_project import Resource

NODE_DEFAULTS: Mapping[str, Any] = {
    "enabled": True,
    "lookback": 1,
    "on_schema_change": "ignore",
    "on_configuration_change": "apply",
    "docs": {"show": True},
    "contract": {"enforced": False, "alias_types": True},
}
DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "model": {**NODE_DEFAULTS, "materialized": "view", "access": "protected"},
    "seed": {**NODE_DEFAULTS, "materialized": "seed", "delimiter": ","},
    "dbt_snapshot": {**NODE_DEFAULTS, "materialized": "snapshot"},
    "test": {
        "enabled": True,
        "schema": "dbt_test__audit",
        "materialized": "test",
        "severity": "ERROR",
        "fail_calc": "count(*)",
        "warn_if": "!= 0",
        "error_if": "!= 0",
    },
    "source": {"enabled": True},
}
"""What dbt takes for granted, as far as a text can equal it (dbt-core, `dbt/artifacts/resources`)."""


def settings_of(node: Asset | Test | Resource) -> dict[str, Any]:
    """All settings of an asset, a data test or a source."""
    if isinstance(node, Test):
        return {**DEFAULTS["test"], "tags": node.tags, **_said(node), **node.config}
    if isinstance(node, Asset):
        return _settings_of_asset(node)
    return {**DEFAULTS["source"], "tags": node.tags, **node.config}


def _said(test: Test) -> dict[str, Any]:
    return {"severity": test.severity, "store_failures": test.store_failures}


def _settings_of_asset(asset: Asset) -> dict[str, Any]:
    settings: dict[str, Any] = {**DEFAULTS.get(asset.kind, {}), "tags": asset.tags}
    if asset.kind in ("source", "python", "model"):
        settings["materialized"] = asset.materialization
    if not asset.unique_id:
        settings |= {"schema": asset.relation.schema_name, "alias": asset.relation.identifier}
    if asset.group:
        settings["group"] = asset.group
    if asset.full_refresh is not None:
        settings["full_refresh"] = asset.full_refresh
    return {**settings, **asset.config}


def is_set(settings: Mapping[str, Any], names: Sequence[str], wanted: object) -> bool:
    """Whether a setting, named by the way to it, equals what is wanted or is a list that holds it.

    `true` and `false` mean the values, in any case; severities are compared in any case, too.
    """
    value: Any = settings
    for name in names:
        if not isinstance(value, dict) or name not in value:
            return False
        value = value[name]
    values = value if isinstance(value, list | tuple) else [value]
    if list(names) == ["severity"]:
        return str(wanted).lower() in {str(item).lower() for item in values}
    return any(_equals(item, wanted) for item in values)


def _equals(actual: object, wanted: object) -> bool:
    if isinstance(actual, bool):
        return str(wanted).lower() == str(actual).lower()
    return actual == wanted
