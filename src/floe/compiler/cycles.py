"""Assets that depend on each other in a cycle which leads through Python: which, and where each names the next."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from floe.compiler.graph import find_cycle
from floe.compiler.mentions import first_mention
from floe.diagnostics.diagnostic import Diagnostic, Note
from floe.diagnostics.span import Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from floe.artifact.models import Asset
    from floe.compiler.python.declaration import Declaration


def cycle_diagnostics(assets: Iterable[Asset], declarations: Sequence[Declaration], root: Path) -> list[Diagnostic]:
    """The mistake of a graph that leads back to where it began, with each place; at most one at a time.

    Args:
        assets: All assets of the project.
        declarations: The Python assets among them, as they are declared.
        root: Folder of the project.
    """
    by_key = {asset.key: asset for asset in assets}
    cycle = find_cycle({key: asset.depends_on for key, asset in by_key.items()})
    if not cycle:
        return []
    declared = {declaration.key: declaration for declaration in declarations}
    names = " -> ".join(f"`{key}`" for key in cycle)
    first, *others = (
        (f"`{key}` reads `{parent}`", _place(by_key[key], by_key[parent], declared.get(key), root))
        for parent, key in pairwise(cycle)
    )
    notes = tuple(Note(f"{text} at {span.location}", span) for text, span in others)
    message = f"the assets depend on each other in a cycle: {names}"
    return [Diagnostic("FLOE-0209", message, first[1], label=first[0], notes=notes, hints=("take one of these away",))]


def _place(asset: Asset, parent: Asset, declaration: Declaration | None, root: Path) -> Span:
    """Where an asset names the one that it reads."""
    if declaration is None or asset.python is None:
        return _mention(asset, parent, root)
    for item in (*declaration.parameters, *declaration.deps):
        if item.name in (parent.key, parent.name) or asset.python.parameters.get(item.name) == parent.key:
            return item.span
    return declaration.span


def _mention(asset: Asset, parent: Asset, root: Path) -> Span:
    """The first place in a model's file that holds the name of what it reads; without one, its first line."""
    pattern = re.compile(rf"(?<!\w)(?P<name>{re.escape(parent.name)})(?!\w)")
    return first_mention(pattern, root / asset.path, asset.path) or Span(asset.path, 1, 1, 1)
