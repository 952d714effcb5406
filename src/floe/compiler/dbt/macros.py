"""Which macros of the project and its packages a node uses, so that a changed macro is another node."""

from __future__ import annotations

from typing import Any

from floe.compiler.dbt.cache import content_hash
from floe.compiler.dbt.own_macros import DBT_PACKAGES, macros_below

_DIGITS = 16


class MacroDigests:
    """Hashes of the macros that nodes use, directly or not. dbt's own macros do not count.

    Args:
        manifest: dbt's Manifest.
        package: Name of the dbt project.
        adapter: Type of the adapter that builds the nodes.
    """

    def __init__(self, manifest: Any, package: str, adapter: str) -> None:  # noqa: ANN401 - dbt's Manifest
        self._manifest = manifest
        self._adapter = adapter
        self._package = package
        self._materializations: dict[str, str | None] = {}

    def of(self, node: Any) -> str:  # noqa: ANN401 - dbt's node
        """The hash of what a node's macros say; empty for a node that uses none."""
        names = [*node.depends_on.macros, *self._materialization(node.config.materialized)]
        below = macros_below(self._manifest, names)
        said = {name: macro.macro_sql for name, macro in below.items() if macro.package_name not in DBT_PACKAGES}
        return content_hash(said)[:_DIGITS] if said else ""

    def _materialization(self, name: str) -> list[str]:
        if name not in self._materializations:
            macro = self._manifest.find_materialization_macro_by_name(self._package, name, self._adapter)
            self._materializations[name] = None if macro is None else macro.unique_id
        found = self._materializations[name]
        return [] if found is None else [found]
