"""Evaluates a definition of dbt's selector grammar: criteria, combined by union, intersection and difference.

Semantics follow dbt's own (dbt-core, `dbt/graph/selector.py`): each criterion and each combination decides by its
`indirect_selection` which tests come along with what they read.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Any, NamedTuple

from floe.errors import SelectionError
from floe.runtime.selectors import METHODS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from floe.runtime.relations import Relations
    from floe.runtime.universe import Universe

    Definition = Mapping[str, Any]

INDIRECT_SELECTIONS = ("eager", "cautious", "buildable", "empty")
EAGER = "eager"
_OPERATIONS: Mapping[str, Callable[[set[str], set[str]], set[str]]] = {
    "union": set.union,
    "intersection": set.intersection,
    "difference": set.difference,
}


class Found(NamedTuple):
    """What is selected, and tests that may come along once everything they read is selected."""

    direct: set[str]
    indirect: set[str]


@dataclass(frozen=True)
class Evaluator:
    """Evaluates definitions over an artifact.

    `mode` is the `indirect_selection` of criteria that say none. `on_nothing` is called with every criterion and every
    intersection that selects nothing, and may raise.
    """

    universe: Universe
    relations: Relations
    mode: str = EAGER
    on_nothing: Callable[[Definition], None] | None = None

    def evaluate(self, definition: Definition) -> Found:
        """What a definition selects.

        Raises:
            SelectionError: it uses a method that is none.
        """
        if "method" in definition:
            mode = definition.get("indirect_selection", self.mode)
            return self._with_tests(self._criterion(definition), mode)
        mode = definition.get("indirect_selection", EAGER)
        operation, parts = next((name, definition[name]) for name in _OPERATIONS if name in definition)
        found = [self.evaluate(part) for part in parts]
        direct = _combined(operation, [part.direct for part in found])
        indirect = _combined(operation, [part.direct | part.indirect for part in found])
        direct |= self._completed(direct, indirect, mode, set())
        if not direct and operation == "intersection":
            self._nothing(definition)
        return Found(direct, indirect)

    def _nothing(self, definition: Definition) -> None:
        if self.on_nothing is not None:
            self.on_nothing(definition)

    def _criterion(self, definition: Definition) -> set[str]:
        method, _, argument = str(definition["method"]).partition(".")
        matcher = METHODS.get(method)
        if matcher is None:
            known = ", ".join(f"`{name}:`" for name in METHODS)
            raise SelectionError("FLOE-0602", f"`{method}:` is not a selection method", f"known: {known}")
        found = set(matcher(self.universe, argument, definition["value"]))
        if not found:
            self._nothing(definition)
        return found | self._relatives(definition, found)

    def _relatives(self, definition: Definition, found: set[str]) -> set[str]:
        added: set[str] = set()
        if definition.get("childrens_parents"):
            below = found | self.relations.descendants(found)
            added |= below | self.relations.ancestors(below)
        if definition.get("parents"):
            added |= self.relations.ancestors(found, definition.get("parents_depth"))
        if definition.get("children"):
            added |= self.relations.descendants(found, definition.get("children_depth"))
        return added

    def _with_tests(self, found: set[str], mode: str) -> Found:
        if mode == "empty":
            return Found(found, set())
        tests = self.relations.tests_of(found)
        if mode == EAGER:
            return Found(found | tests, set())
        return Found(found | self._completed(found, tests, mode, self.universe.source_keys()), tests)

    def _completed(self, found: set[str], candidates: set[str], mode: str, given: set[str]) -> set[str]:
        """Tests among the candidates whose inputs are all selected; for `buildable` ancestors count as selected."""
        if mode not in ("cautious", "buildable"):
            return set()
        there = found | given | self.relations.ancestors(found) if mode == "buildable" else found
        tests = self.universe.tests
        return {key for key in candidates if key in tests and set(tests[key].depends_on) <= there}


def _combined(operation: str, sets: Sequence[set[str]]) -> set[str]:
    return reduce(_OPERATIONS[operation], sets) if sets else set()
