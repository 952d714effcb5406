"""The graph a run works off: what to build, attach and test, and what each of these waits for.

Order and blocking are those of `dbt build` (dbt-core, `Linker.add_test_edges`): an asset waits for the tests of
everything it reads, and a test on several assets holds back only what descends from all of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from floe.artifact.models import Asset, CompiledArtifacts

    Edges = Mapping[str, Sequence[str]]

NodeKind = Literal["build", "attach", "test"]


@dataclass(frozen=True)
class RunGraph:
    """Nodes by identifier (asset key or test id), parents before children."""

    kinds: Mapping[str, NodeKind]
    parents: Mapping[str, tuple[str, ...]]
    children: Mapping[str, tuple[str, ...]]
    priorities: Mapping[str, int] = field(default_factory=dict)
    """Unique rank of each node: the lowest of those that are ready goes first."""


def build_graph(artifacts: CompiledArtifacts, assets: Iterable[str], tests: Iterable[str]) -> RunGraph:
    """Graph that builds `assets`, runs `tests`, and attaches whatever else these read.

    Ephemeral assets are part of the SQL of their readers: they are no nodes, but pass dependencies on.
    """
    order = topological_order({key: asset.depends_on for key, asset in artifacts.assets.items()})
    selected = list(assets)
    builds = {key for key in selected if artifacts.assets[key].materialization != "ephemeral"}
    chosen_tests = list(tests)
    kinds = _kinds(artifacts, order, builds, chosen_tests)
    blocking = _blocking_tests(artifacts, order, chosen_tests) if builds else {}
    full = {key: (*artifacts.assets[key].depends_on, *blocking.get(key, ())) for key in order}
    full.update((test_id, artifacts.tests[test_id].reads) for test_id in chosen_tests)
    _put_unit_tests_first(artifacts, set(selected), chosen_tests, full)
    parents = _collapse(full, kinds)
    return RunGraph(kinds, parents, _reversed(parents), _priorities(parents, kinds))


def to_attach(artifacts: CompiledArtifacts, wanted: Iterable[str]) -> list[str]:
    """These assets and what views and ephemerals among them read down to tables, inputs first."""
    keys = tuple(wanted)
    if not keys:
        return []
    order = topological_order({key: asset.depends_on for key, asset in artifacts.assets.items()})
    return [key for key, kind in _kinds(artifacts, order, set(), (), keys).items() if kind == "attach"]


def topological_order(parents: Edges) -> list[str]:
    """Every node after its parents; among equals the order of the mapping.

    The compiler refuses cycles, so there are none here.
    """
    children = _reversed(parents)
    waiting = {node: len(above) for node, above in parents.items()}
    order = [node for node, count in waiting.items() if count == 0]
    for node in order:  # the list is the queue: it grows while it is walked
        for child in children[node]:
            waiting[child] -= 1
            if waiting[child] == 0:
                order.append(child)
    return order


def _kinds(
    artifacts: CompiledArtifacts,
    order: Sequence[str],
    builds: AbstractSet[str],
    tests: Sequence[str],
    read: Sequence[str] = (),
) -> dict[str, NodeKind]:
    inputs = [artifacts.tests[test_id].reads for test_id in tests]
    needed = _needed(artifacts.assets, builds, tests=[*inputs, read])
    kinds: dict[str, NodeKind] = {}
    for key in order:
        if key in builds:
            kinds[key] = "build"
        elif key in needed and artifacts.assets[key].materialization != "ephemeral":
            kinds[key] = "attach"
    kinds.update((test_id, "test") for test_id in tests)
    return kinds


def _needed(assets: Mapping[str, Asset], builds: AbstractSet[str], tests: Sequence[Sequence[str]]) -> set[str]:
    """Everything read but not built: through views and ephemerals down to tables."""
    needed: set[str] = set()
    border = [key for reader in builds for key in assets[reader].depends_on]
    border += [key for inputs in tests for key in inputs]
    while border:
        key = border.pop()
        if key in needed or key in builds:
            continue
        needed.add(key)
        if not assets[key].publishes:
            border += assets[key].depends_on
    return needed


def _blocking_tests(artifacts: CompiledArtifacts, order: Sequence[str], tests: Sequence[str]) -> dict[str, list[str]]:
    """For each asset the tests that must pass before it is built, without those implied by others."""
    bit = {key: 1 << index for index, key in enumerate(order)}
    above: dict[str, int] = {}
    for key in order:
        parents = artifacts.assets[key].depends_on
        above[key] = _union_of(bit[parent] | above[parent] for parent in parents)
    children = _reversed({key: artifacts.assets[key].depends_on for key in order})
    blocking: dict[str, list[str]] = {}
    for test_id in tests:
        inputs = artifacts.tests[test_id].depends_on
        if not inputs or artifacts.tests[test_id].unit is not None:
            continue
        wanted = _union_of(bit[key] for key in inputs)
        for key in _first_below(max(inputs, key=bit.__getitem__), wanted, children, above):
            blocking.setdefault(key, []).append(test_id)
    return blocking


def _put_unit_tests_first(
    artifacts: CompiledArtifacts, selected: AbstractSet[str], tests: Sequence[str], full: dict[str, tuple[str, ...]]
) -> None:
    """Let an asset that is built wait for its unit tests, and these for all that the asset waits for."""
    unit_tests: dict[str, list[str]] = {}
    for test_id in tests:
        test = artifacts.tests[test_id]
        if test.unit is not None and test.attached_to in selected:
            unit_tests.setdefault(test.attached_to, []).append(test_id)
    for key, names in unit_tests.items():
        before = full[key]
        full.update((test_id, (*before, *full[test_id])) for test_id in names)
        full[key] = (*before, *names)


def _union_of(masks: Iterable[int]) -> int:
    union = 0
    for mask in masks:
        union |= mask
    return union


def _first_below(start: str, wanted: int, children: Edges, above: Mapping[str, int]) -> list[str]:
    """The nearest descendants of `start` whose ancestors include all `wanted` ones."""
    found: list[str] = []
    seen: set[str] = set()
    border = list(children[start])
    while border:
        key = border.pop()
        if key in seen:
            continue
        seen.add(key)
        if above[key] & wanted == wanted:
            found.append(key)
        else:
            border += children[key]
    return found


def _collapse(full: Edges, kinds: Mapping[str, NodeKind]) -> dict[str, tuple[str, ...]]:
    """Parents among the nodes of the run; what is not part of the run passes its own parents on."""
    nearest: dict[str, tuple[str, ...]] = {}
    for node in topological_order(full):
        found: dict[str, None] = {}
        for parent in full[node]:
            found.update(dict.fromkeys((parent,) if parent in kinds else nearest[parent]))
        nearest[node] = tuple(found)
    return {node: parents for node, parents in nearest.items() if node in kinds}


def _reversed(parents: Edges) -> dict[str, tuple[str, ...]]:
    children: dict[str, list[str]] = {node: [] for node in parents}
    for node, above in parents.items():
        for parent in above:
            children[parent].append(node)
    return {node: tuple(below) for node, below in children.items()}


def _priorities(parents: Edges, kinds: Mapping[str, NodeKind]) -> dict[str, int]:
    """Rank nodes by the longest chain that waits for them; among equals attaches and builds before tests."""
    height = dict.fromkeys(parents, 0)
    order = list(parents)
    for node in reversed(order):
        for parent in parents[node]:
            height[parent] = max(height[parent], height[node] + 1)
    position = {node: index for index, node in enumerate(order)}
    ranked = sorted(order, key=lambda node: (-height[node], kinds[node] == "test", position[node]))
    return {node: rank for rank, node in enumerate(ranked)}
