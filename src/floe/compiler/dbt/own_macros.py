"""Macros of a project that take the place of those with which dbt builds nodes: such nodes are left to dbt."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator

DBT_PACKAGES = ("dbt", "dbt_duckdb")
_PREFIXES = ("default__", "duckdb__")
_LOOKED_UP = {
    "incremental": (
        "get_incremental_append_sql",
        "get_incremental_default_sql",
        "get_incremental_delete_insert_sql",
        "get_incremental_merge_sql",
        "get_incremental_microbatch_sql",
    ),
    "snapshot": ("snapshot_check_strategy", "snapshot_timestamp_strategy"),
}
"""Materialization -> macros that it finds by the name of a strategy, which dbt does not note down."""


def own_macro_finder(config: Any, manifest: Any) -> Callable[[str], str]:  # noqa: ANN401 - dbt's own
    """A function that names the project's macro that a materialization would call instead of one of dbt's, if any.

    Args:
        config: dbt's RuntimeConfig, whose `dispatch` says which packages may replace macros of dbt.
        manifest: dbt's Manifest.
    """
    own = {_base(macro.name): macro.name for macro in _replacing(config, manifest)}

    @cache
    def find(materialization: str) -> str:
        if not own:
            return ""
        used = {_base(name.rpartition(".")[2]) for name in _called(manifest, materialization)}
        return next((own[name] for name in sorted(used) if name in own), "")

    return find


def _replacing(config: Any, manifest: Any) -> Iterator[Any]:  # noqa: ANN401 - dbt's own
    packages = {config.project_name}
    for rule in config.dispatch:
        if rule["macro_namespace"] == "dbt":
            packages.update(rule["search_order"])
    packages.difference_update(DBT_PACKAGES)
    return (macro for macro in manifest.macros.values() if macro.package_name in packages)


def macros_below(manifest: Any, names: Iterable[str], *, own_only: bool = False) -> dict[str, Any]:  # noqa: ANN401 - dbt's
    """The macros of these unique ids that exist, and those that they call, directly or not, by unique id.

    With `own_only`, dbt's own macros are neither among them nor looked into.
    """
    found: dict[str, Any] = {}
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        macro = manifest.macros.get(name)
        if name in found or macro is None or (own_only and macro.package_name in DBT_PACKAGES):
            continue
        found[name] = macro
        waiting += macro.depends_on.macros
    return found


def own_macro_for(manifest: Any, names: Container[str]) -> str:  # noqa: ANN401 - dbt's Manifest
    """The name of a macro outside dbt's own packages that dbt would call by one of these, with a prefix or not."""
    others = (macro for macro in manifest.macros.values() if macro.package_name not in DBT_PACKAGES)
    return next((macro.name for macro in others if macro.name.rpartition("__")[2] in names), "")


def _called(manifest: Any, materialization: str) -> set[str]:  # noqa: ANN401 - dbt's Manifest
    """Unique ids of dbt's macros that the materialization calls, directly or not."""
    names = (f"materialization_{materialization}_duckdb", f"materialization_{materialization}_default")
    wanted = [f"macro.{package}.{name}" for package in DBT_PACKAGES for name in names]
    wanted += [f"macro.dbt.{name}" for name in _LOOKED_UP.get(materialization, ())]
    return set(macros_below(manifest, wanted))


def _base(name: str) -> str:
    """The name by which a macro is called: dbt looks for it with the adapter's prefix and `default__`, too."""
    return next((name.removeprefix(prefix) for prefix in _PREFIXES if name.startswith(prefix)), name)
