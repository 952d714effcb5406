"""Models of a dbt project that refer to each other in a cycle: which, and on which lines."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from floe.compiler.dbt.places import place_of
from floe.compiler.graph import find_cycle
from floe.errors import CompilationError

if TYPE_CHECKING:
    from floe.compiler.dbt.project import DbtProject


def refuse_cycle(manifest: Any, project: DbtProject) -> None:  # noqa: ANN401 - dbt's Manifest
    """Refuse nodes that depend on each other in a cycle.

    Raises:
        CompilationError: the cycle, with the file and line of each reference that is part of it.
    """
    edges = {
        name: [parent for parent in node.depends_on.nodes if parent in manifest.nodes]
        for name, node in manifest.nodes.items()
        if hasattr(node.depends_on, "nodes")
    }
    nodes = [manifest.nodes[name] for name in find_cycle(edges)]
    if nodes:
        names = " -> ".join(f"`{node.name}`" for node in nodes)
        raise CompilationError(
            "FLOE-0209",
            f"the models depend on each other in a cycle: {names}",
            "take one of the references away",
            details=[_reference(node, parent, project) for parent, node in pairwise(nodes)],
        )


def _reference(node: Any, parent: Any, project: DbtProject) -> str:  # noqa: ANN401 - dbt's nodes
    shown = project.file_of(node)
    name = re.escape(str(parent.name))
    patterns = (rf"""\bref\s*\([^)]*["']{name}["']""", rf"(?<!\w){name}(?!\w)")
    return f"`{node.name}` reads `{parent.name}` in {place_of(patterns, project.root / shown, shown)}"
