"""The keys that dbt knows at each place of its YAML files, and which unknown key is surely a slip of one of them."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from floe.compiler.layout import SETTINGS
from floe.diagnostics.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

TABLE = Path(__file__).with_name("keys.json")
"""Derived from dbt's JSON schemas and classes; a test derives it anew."""
DATA_TESTS = "@tests"
"""Place of a list of generic tests: each a name, or a name with arguments."""
TREE = "+"
"""First character of a place in dbt_project.yml that is a tree of folders with configs in it."""
_OF_TOOLS = ("dbt_osmosis", "dbt_osmosis_options", "elementary", "start")
"""Configs that other tools read in dbt projects: dbt-osmosis, Elementary, SQLMesh."""
_LETTERS_A_SLIP = 4
"""Letters of a known key for each that may be wrong in a slip of it; one may be wrong in any."""


class Place(NamedTuple):
    """What a mapping may hold: key -> name of the place of its value, empty where anything may stand there."""

    name: str
    keys: Mapping[str, str]
    is_open: bool
    """Whether it may hold keys of the user's own."""


@cache
def _table() -> dict[str, Any]:
    table: dict[str, Any] = json.loads(TABLE.read_text(encoding="utf-8"))
    return table


@cache
def place(name: str) -> Place:
    """The place of that name."""
    free, held = _table()["places"][name]
    return Place(name, dict.fromkeys(free.split(), "") | held, name in _table()["open"])


@cache
def adapter_configs() -> frozenset[str]:
    """Configs of all adapters, of tools beside dbt, and Floe's own."""
    return frozenset((*_table()["adapter_configs"], *_OF_TOOLS, *SETTINGS))


@cache
def adapter_flags() -> frozenset[str]:
    """Flags of dbt_project.yml that adapters read."""
    return frozenset(_table()["adapter_flags"])


def slip_of(key: str, known: Iterable[str]) -> str | None:
    """Return the known key of which `key` is surely a slip: a letter more, less, other or moved, in long keys two."""
    lowered = key.lower().replace("-", "_")
    best: tuple[int, str] | None = None
    for name in known:
        allowed = 1 if len(name) < 2 * _LETTERS_A_SLIP else 2
        if abs(len(name) - len(key)) > allowed or len(name) < _LETTERS_A_SLIP:
            continue
        distance = _distance(lowered, name.lower().replace("-", "_"))
        if distance <= allowed and (best is None or (distance, name) < best):
            best = (distance, name)
    return best[1] if best else None


def suggestion(key: str, known: Iterable[str]) -> str:
    """What to say under an unknown key."""
    slip = slip_of(key, known := list(known))
    return f"did you mean `{slip}`?" if slip else did_you_mean(key, known)


def _distance(left: str, right: str) -> int:
    """Number of letters that were added, left out, changed, or swapped with their neighbour."""
    before: list[int] = []
    row = list(range(len(right) + 1))
    for number, letter in enumerate(left, 1):
        older, before, row = before, row, [number]
        for place_, other in enumerate(right, 1):
            cost = min(before[place_] + 1, row[-1] + 1, before[place_ - 1] + (letter != other))
            swapped = number > 1 and place_ > 1 and letter == right[place_ - 2] and left[number - 2] == other
            row.append(min(cost, older[place_ - 2] + 1) if swapped else cost)
    return row[-1]
