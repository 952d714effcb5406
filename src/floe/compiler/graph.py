"""The whole graph: one asset for a key, one for a relation, and no way back to where one started."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def find_cycle(parents: Mapping[str, Iterable[str]]) -> list[str]:
    """A cycle as `[a, b, a]`, each followed by one that depends on it; empty where there is none.

    The same graph gives the same cycle, whatever the order of the mapping.
    """
    done: set[str] = set()
    for start in sorted(parents):
        cycle = _search(start, parents, done)
        if cycle:
            return _turned(cycle)
    return []


def _search(start: str, parents: Mapping[str, Iterable[str]], done: set[str]) -> list[str]:
    path: list[str] = [start]
    pending = [iter(sorted(parents.get(start, ())))]
    while pending:
        parent = next(pending[-1], None)
        if parent is None:
            done.add(path.pop())
            pending.pop()
        elif parent in path:
            return [*path[path.index(parent) :], parent]
        elif parent not in done:
            path.append(parent)
            pending.append(iter(sorted(parents.get(parent, ()))))
    return []


def _turned(cycle: list[str]) -> list[str]:
    """Upstream first, beginning with the smallest name."""
    ring = cycle[:0:-1]
    first = ring.index(min(ring))
    return [*ring[first:], *ring[:first], ring[first]]
