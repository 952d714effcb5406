"""Materializations that nothing has, and settings of incremental ones that dbt silently takes for others."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from floe.compiler.dbt.driven import SCHEMA_CHANGES
from floe.compiler.dbt.names import PROJECT_FILE
from floe.compiler.dbt.places import place_of
from floe.diagnostics.suggest import closest, did_you_mean
from floe.errors import CompilationError

if TYPE_CHECKING:
    from floe.compiler.dbt.project import DbtProject

_PREFIX = "materialization_"
_OF_OTHERS = frozenset({"clone", "function", "seed", "snapshot", "test", "unit"})
"""What dbt has for other things than models: nothing to suggest for one."""


def refuse_unknown(manifest: Any, project: DbtProject) -> None:  # noqa: ANN401 - dbt's Manifest
    """Refuse models whose `materialized` nothing implements, for whichever adapter.

    Raises:
        CompilationError: one line for each model, with the place where it is set if that can be found.
    """
    known = {"ephemeral", *_implemented(manifest, project.compute.type)}
    models = [
        node
        for _, node in sorted(manifest.nodes.items())
        if str(node.resource_type) == "model" and node.config.materialized not in known
    ]
    if not models:
        return
    unknown = sorted({str(node.config.materialized) for node in models})
    names = " or ".join(f"`{name}`" for name in unknown)
    candidates = known - _OF_OTHERS
    nearest = dict.fromkeys(match for name in unknown if (match := closest(name, candidates)))
    instruction = f"did you mean {' and '.join(f'`{name}`' for name in nearest)}?" if nearest else _choices(candidates)
    details = [_told(node, project) for node in models]
    raise CompilationError("FLOE-0219", f"there is no materialization {names}", instruction, details=details)


def schema_change_warnings(manifest: Any, project: DbtProject) -> list[str]:  # noqa: ANN401 - dbt's Manifest
    """One for each model with an `on_schema_change` that dbt does not know, which it takes for `ignore`."""
    warnings = []
    for _, node in sorted(manifest.nodes.items()):
        given = getattr(node.config, "on_schema_change", None)
        if node.config.materialized == "incremental" and given not in (None, *SCHEMA_CHANGES):
            place = _place(node, "on_schema_change", project)
            what = f"{place}: model `{node.name}`: there is no `on_schema_change: {given}`; dbt takes it for `ignore`"
            hint = did_you_mean(str(given), SCHEMA_CHANGES) or f"there are {', '.join(SCHEMA_CHANGES)}"
            warnings.append(f"{what} ({hint})")
    return warnings


def _implemented(manifest: Any, adapter: str) -> set[str]:  # noqa: ANN401 - dbt's Manifest
    names = [str(macro.name) for macro in manifest.macros.values()]
    names = [name.removeprefix(_PREFIX) for name in names if name.startswith(_PREFIX)]
    return {name.removesuffix(f"_{adapter}") for name in names} | {name.rpartition("_")[0] for name in names}


def _choices(names: set[str]) -> str:
    usual = [name for name in ("view", "table", "incremental", "ephemeral") if name in names]
    return f"use {', '.join(f'`{name}`' for name in usual)}, or write the materialization in a macro"


def _told(node: Any, project: DbtProject) -> str:  # noqa: ANN401 - dbt's node
    file = project.file_of(node)
    place = _place(node, "materialized", project)
    elsewhere = "" if place.rpartition(":")[0] in ("", file) else f" of {file}"
    return f"{place}: model `{node.name}`{elsewhere}: `materialized: {node.config.materialized}`"


def _place(node: Any, key: str, project: DbtProject) -> str:  # noqa: ANN401 - dbt's node
    """`file:line` of the setting; the model's file alone where it cannot be found."""
    file = project.file_of(node)
    word = rf"""["']?{re.escape(str(getattr(node.config, key)))}(?!\w)"""
    setting = rf"""\b{key}["']?\s*[:=]\s*{word}"""
    searched: list[tuple[str, tuple[str, ...]]] = [(file, (setting, rf"(?<!\w){word}"))]
    if described := str(node.patch_path or "").partition("://")[2]:
        model = rf"""\bname:\s*["']?{re.escape(str(node.name))}\b"""
        searched.append((project.user_path(described), (rf"(?s){model}.*?{setting}",)))
    if not project.supplied:
        searched.append((project.user_path(PROJECT_FILE), (setting,)))
    places = (place_of(patterns, project.root / shown, shown) for shown, patterns in searched)
    return next((place for place in places if re.search(r":\d+$", place)), file)
