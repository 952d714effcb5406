"""Calls a macro inside dbt, as `dbt run-operation` does (`dbt.task.run_operation.RunOperationTask`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dbt.adapters.factory import get_adapter

if TYPE_CHECKING:
    from floe.engines.base import Operation


def macros_named(config: Any, manifest: Any, name: str) -> tuple[Any, list[str]]:  # noqa: ANN401 - dbt's own
    """The macro that a name means, or None; and the names of all macros of the project and its packages."""
    package, _, macro = name.rpartition(".")
    found = manifest.find_macro_by_name(macro, config.project_name, package or None)
    own = [item for item in manifest.macros.values() if item.package_name not in ("dbt", "dbt_duckdb")]
    names = {item.name if item.package_name == config.project_name else _qualified(item) for item in own}
    return found, sorted(names)


def call_if_known(config: Any, manifest: Any, operation: Operation) -> list[str] | None:  # noqa: ANN401 - dbt's own
    """Call the macro on a connection of its own, or return the names of the macros that there are.

    Raises:
        dbt_common.exceptions.DbtBaseException: it failed.
        TypeError: it takes other arguments.
    """
    found, names = macros_named(config, manifest, operation.macro)
    if found is None:
        return names
    adapter = get_adapter(config)
    package, _, macro = operation.macro.rpartition(".")
    adapter.cache.clear()
    with adapter.connection_named(f"macro_{macro}"):
        adapter.clear_transaction()
        adapter.execute_macro(macro, project=package or None, kwargs=dict(operation.arguments), macro_resolver=manifest)
    return None


def _qualified(macro: Any) -> str:  # noqa: ANN401 - dbt's Macro
    return f"{macro.package_name}.{macro.name}"
