"""Who reads what among assets, tests and exposures, and what a selection takes along."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from collections.abc import Set as AbstractSet

    from floe.runtime.universe import Universe


class Relations:
    """Parents and children of everything that can be selected (tests are children of what they read)."""

    def __init__(self, universe: Universe) -> None:
        self.parents: dict[str, tuple[str, ...]] = {}
        self.children: dict[str, list[str]] = {}
        self._tests = universe.tests
        for key, node in universe.nodes():
            self.parents[key] = node.depends_on
        for key, resource in universe.resources.items():
            for reader in resource.readers:
                self.parents[reader] = (*self.parents.get(reader, ()), key)
        for key, above in self.parents.items():
            for parent in above:
                self.children.setdefault(parent, []).append(key)

    def ancestors(self, start: AbstractSet[str], generations: int | None = None) -> set[str]:
        """What `start` reads, directly or not; None means all generations."""
        return _walk(self.parents, start, generations)

    def descendants(self, start: AbstractSet[str], generations: int | None = None) -> set[str]:
        """What reads `start`, directly or not."""
        return _walk(self.children, start, generations)

    def tests_of(self, found: AbstractSet[str]) -> set[str]:
        """The tests that read one of them."""
        return {child for key in found for child in self.children.get(key, ()) if child in self._tests}


def _walk(edges: Mapping[str, Collection[str]], start: AbstractSet[str], generations: int | None) -> set[str]:
    seen: set[str] = set()
    border = set(start)
    while border and generations != 0:
        border = {target for node in border for target in edges.get(node, ())} - seen
        seen |= border
        generations = None if generations is None else generations - 1
    return seen
