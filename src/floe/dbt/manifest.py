"""dbt's manifest of a project, and its nodes as they are before they are rendered."""

from __future__ import annotations

import copy
from typing import Any

from dbt.adapters.factory import get_adapter, register_adapter
from dbt.context.providers import generate_runtime_macro_context
from dbt.mp_context import get_mp_context
from dbt.parser.manifest import ManifestLoader, _check_manifest


def load_manifest(config: Any) -> Any:  # noqa: ANN401 - dbt's RuntimeConfig and Manifest
    """Parse the project, with dbt's partial parse, as `dbt.parser.manifest.parse_manifest` does.

    It leaves out the flat graph, which few projects use and which costs as much as a partial parse.
    """
    register_adapter(config, get_mp_context())
    adapter = get_adapter(config)
    adapter.set_macro_context_generator(generate_runtime_macro_context)
    loader = ManifestLoader(config, config.load_dependencies(), adapter.connections.set_query_header, None)
    manifest = loader.load()
    _check_manifest(manifest, config)
    loader.save_macros_to_adapter(adapter)
    return manifest


def uncompiled(node: Any) -> Any:  # noqa: ANN401 - dbt's node
    """A copy of a node that dbt renders anew."""
    fresh = copy.copy(node)
    fresh.extra_ctes, fresh.extra_ctes_injected = [], False
    fresh.compiled, fresh.compiled_code = False, None
    return fresh
