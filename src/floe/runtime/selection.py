"""dbt's selector grammar over an artifact: which assets and tests a command works on.

A selection is a union of terms (several arguments, or spaces), a term an intersection of criteria (commas), a
criterion `[@|n+][method:]value[+n]`. Tests that read a selected asset are selected with it (dbt's `eager` mode).
Naming something that does not exist, or nothing at all, is an error: a typing mistake never runs everything or
nothing silently.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from floe.errors import SelectionError
from floe.runtime.named_selectors import by_default, by_selector
from floe.runtime.relations import Relations
from floe.runtime.selectors import METHODS, History, Universe, known_values

if TYPE_CHECKING:
    from collections.abc import Sequence

    from floe.artifact.models import CompiledArtifacts

_CRITERION = re.compile(
    r"\A(?P<relatives>@)?(?:(?P<parents_depth>\d*)(?P<parents>\+))?"
    r"(?:(?P<method>[\w.]+):)?(?P<value>.*?)"
    r"(?:(?P<children>\+)(?P<children_depth>\d*))?\Z"
)
_FILE_ENDINGS = (".sql", ".py", ".csv")


@dataclass(frozen=True)
class Selection:
    """What was selected, in the artifact's order."""

    assets: tuple[str, ...]
    """Asset keys."""
    tests: tuple[str, ...]
    """Test ids."""


@dataclass(frozen=True)
class _Criterion:
    raw: str
    method: str
    argument: str
    value: str
    relatives: bool
    parents_depth: int | None
    children_depth: int | None
    """Number of generations to add; 0 for none, None for all."""


def select(
    artifacts: CompiledArtifacts,
    include: Sequence[str],
    exclude: Sequence[str] = (),
    *,
    selector: str = "",
    history: History | None = None,
) -> Selection:
    """Apply `--select` and `--exclude` arguments, or a named selector.

    Without any of them the project's default selector decides, and where there is none everything is selected.

    Args:
        artifacts: What can be selected.
        include: Arguments of `--select`.
        exclude: Arguments of `--exclude`.
        selector: Name of a selector of selectors.yml; empty for none.
        history: What `state:` and `result:` compare with.

    Raises:
        SelectionError: a criterion cannot be read or matches nothing, or nothing is left at the end.
    """
    universe = Universe(artifacts, history or History())
    relations = Relations(universe)
    everything = {*artifacts.assets, *artifacts.tests}
    if selector:
        chosen = by_selector(universe, relations, selector)
    elif include:
        chosen = _union(universe, relations, include)
    else:
        chosen = everything if exclude else by_default(universe, relations)
    if exclude:
        chosen = chosen - _union(universe, relations, exclude)
    if everything and not chosen & everything:
        raise _nothing(universe, chosen, selector)
    return Selection(
        tuple(key for key in artifacts.assets if key in chosen),
        tuple(key for key in artifacts.tests if key in chosen),
    )


def _nothing(universe: Universe, chosen: set[str], selector: str) -> SelectionError:
    if chosen:
        name = universe.exposures[min(chosen)].name
        reason = f"the selection holds nothing to build: `{name}` is an exposure"
        return SelectionError("FLOE-0604", reason, f"select what it uses: `+exposure:{name}`")
    if selector:
        reason = f"the selector `{selector}` selects nothing"
        return SelectionError("FLOE-0604", reason, "see its definition in selectors.yml")
    reason = "the selection is empty: everything that was selected is also excluded"
    return SelectionError("FLOE-0604", reason, "`floe ls` with the same selection shows what is left")


def _union(universe: Universe, relations: Relations, arguments: Sequence[str]) -> set[str]:
    terms = [term for argument in arguments for term in argument.split()]
    if not terms:
        reason = "the selection is empty"
        raise SelectionError("FLOE-0603", reason, "name an asset, or leave the option out to select everything")
    return set().union(*(_intersection(universe, relations, term) for term in terms))


def _intersection(universe: Universe, relations: Relations, term: str) -> set[str]:
    sets = [_matching(universe, relations, _parse(part)) for part in term.split(",")]
    common = set.intersection(*sets)
    if not common:
        reason = f"nothing matches every part of `{term}`"
        raise SelectionError("FLOE-0604", reason, "a comma means both; write a space for either")
    return common


def _parse(raw: str) -> _Criterion:
    match = _CRITERION.match(raw)
    if match is None or not match["value"]:
        raise SelectionError("FLOE-0603", f"`{raw}` is not a selector", "see `floe explain FLOE-0603`")
    if match["relatives"] and match["children"]:
        reason = f"`{raw}` has both `@` in front and `+` behind"
        raise SelectionError("FLOE-0603", reason, "`@` includes the children already")
    method, _, argument = (match["method"] or _default_method(match["value"])).partition(".")
    return _Criterion(
        raw=raw,
        method=method,
        argument=argument,
        value=match["value"],
        relatives=bool(match["relatives"]),
        parents_depth=_depth(match["parents"], match["parents_depth"]),
        children_depth=_depth(match["children"], match["children_depth"]),
    )


def _default_method(value: str) -> str:
    if "/" in value:
        return "path"
    return "file" if value.lower().endswith(_FILE_ENDINGS) else "fqn"


def _depth(plus: str | None, generations: str | None) -> int | None:
    if not plus:
        return 0
    return int(generations) if generations else None


def _matching(universe: Universe, relations: Relations, criterion: _Criterion) -> set[str]:
    matcher = METHODS.get(criterion.method)
    if matcher is None:
        raise _unknown_method(criterion)
    found = set(matcher(universe, criterion.argument, criterion.value))
    if not found:
        raise _no_match(universe, criterion)
    found = _with_relatives(relations, criterion, found)
    return found | relations.tests_of(found)


def _with_relatives(relations: Relations, criterion: _Criterion, found: set[str]) -> set[str]:
    if criterion.relatives:
        below = found | relations.descendants(found)
        found = below | relations.ancestors(below)
    above = relations.ancestors(found, criterion.parents_depth)
    below = relations.descendants(found, criterion.children_depth)
    return found | above | below


def _unknown_method(criterion: _Criterion) -> SelectionError:
    reason = f"`{criterion.method}:` is not a selection method"
    close = _closest(criterion.method, list(METHODS))
    known = ", ".join(f"`{name}:`" for name in METHODS)
    return SelectionError("FLOE-0602", reason, f"did you mean `{close}:`?" if close else f"known: {known}")


def _no_match(universe: Universe, criterion: _Criterion) -> SelectionError:
    if criterion.method in ("state", "result"):
        return SelectionError("FLOE-0601", f"the selection `{criterion.raw}` matches nothing", "nothing is to be done")
    values = known_values(universe, criterion.method, criterion.argument)
    close = _closest(criterion.value, values)
    if close:
        instruction = f"did you mean `{criterion.raw.replace(criterion.value, close)}`?"
    elif values and len(values) <= 12:
        instruction = "there are " + ", ".join(f"`{value}`" for value in values)
    else:
        instruction = "`floe ls` lists what there is"
    return SelectionError("FLOE-0601", f"the selection `{criterion.raw}` matches nothing", instruction)


def _closest(value: str, candidates: Sequence[str]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(value, candidates, n=1, cutoff=0.6)
    return close[0] if close else ""
