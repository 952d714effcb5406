"""The selectors of dbt's selectors.yml, which dbt resolved at compile time, over an artifact.

Semantics follow dbt's own (dbt-core, `dbt/graph/selector.py`): a criterion that matches nothing is no error, and
`indirect_selection` decides which tests come along with what they read.
"""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Any, NamedTuple

from floe.diagnostics.suggest import did_you_mean
from floe.errors import SelectionError
from floe.runtime.selectors import METHODS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from floe.runtime.relations import Relations
    from floe.runtime.selectors import Universe

_OPERATIONS: Mapping[str, Callable[[set[str], set[str]], set[str]]] = {
    "union": set.union,
    "intersection": set.intersection,
    "difference": set.difference,
}


class _Found(NamedTuple):
    """What is selected, and tests that may come along once everything they read is selected."""

    direct: set[str]
    indirect: set[str]


def by_selector(universe: Universe, relations: Relations, name: str) -> set[str]:
    """What a named selector selects.

    Raises:
        SelectionError: there is no selector of that name, or it uses a method that Floe does not know.
    """
    selectors = universe.artifacts.selectors
    if name not in selectors:
        known = ", ".join(f"`{known}`" for known in selectors)
        way_out = did_you_mean(name, selectors) or (f"there are {known}" if known else "no selectors.yml has any")
        raise SelectionError("FLOE-0605", f"there is no selector `{name}`", way_out)
    return _evaluate(universe, relations, selectors[name].definition).direct


def by_default(universe: Universe, relations: Relations) -> set[str]:
    """Everything; of the dbt projects that have a default selector, what that selects."""
    everything = {*universe.assets, *universe.tests}
    defaults = [selector for selector in universe.artifacts.selectors.values() if selector.default]
    if not defaults:
        return everything
    chosen = set[str]().union(*(_evaluate(universe, relations, selector.definition).direct for selector in defaults))
    return chosen | {key for key, asset in universe.assets.items() if not asset.unique_id}


def _evaluate(universe: Universe, relations: Relations, definition: Mapping[str, Any]) -> _Found:
    mode = definition.get("indirect_selection", "eager")
    if "method" in definition:
        return _with_tests(universe, relations, _criterion(universe, relations, definition), mode)
    operation, parts = next((name, definition[name]) for name in _OPERATIONS if name in definition)
    found = [_evaluate(universe, relations, part) for part in parts]
    direct = _combined(operation, [part.direct for part in found])
    indirect = _combined(operation, [part.direct | part.indirect for part in found])
    return _Found(direct | _completed(universe, relations, direct, indirect, mode), indirect)


def _combined(operation: str, sets: Sequence[set[str]]) -> set[str]:
    return reduce(_OPERATIONS[operation], sets) if sets else set()


def _criterion(universe: Universe, relations: Relations, definition: Mapping[str, Any]) -> set[str]:
    method, _, argument = str(definition["method"]).partition(".")
    matcher = METHODS.get(method)
    if matcher is None:
        known = ", ".join(f"`{name}:`" for name in METHODS)
        raise SelectionError("FLOE-0602", f"`{method}:` of a selector is not a selection method", f"known: {known}")
    found = set(matcher(universe, argument, str(definition["value"])))
    added: set[str] = set()
    if definition.get("childrens_parents"):
        below = found | relations.descendants(found)
        added |= below | relations.ancestors(below)
    if definition.get("parents"):
        added |= relations.ancestors(found, definition.get("parents_depth"))
    if definition.get("children"):
        added |= relations.descendants(found, definition.get("children_depth"))
    return found | added


def _with_tests(universe: Universe, relations: Relations, found: set[str], mode: str) -> _Found:
    if mode == "empty":
        return _Found(found, set())
    tests = relations.tests_of(found)
    if mode == "eager":
        return _Found(found | tests, set())
    return _Found(found | _completed(universe, relations, found, tests, mode), tests)


def _completed(universe: Universe, relations: Relations, found: set[str], candidates: set[str], mode: str) -> set[str]:
    """Tests among the candidates whose inputs are all selected; for `buildable` ancestors count as selected."""
    if mode not in ("cautious", "buildable"):
        return set()
    there = found | relations.ancestors(found) if mode == "buildable" else found
    tests = universe.tests
    return {key for key in candidates if key in tests and set(tests[key].depends_on) <= there}
