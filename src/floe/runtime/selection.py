"""dbt's selector grammar over an artifact: which assets and tests a command works on.

A selection is a union of terms (several arguments, or spaces), a term an intersection of criteria (commas), a
criterion `[@|n+][method:]value[+n]`. Which tests come along with what they read is dbt's indirect selection.
Naming something that does not exist, or nothing at all, is an error: a typing mistake never runs everything or
nothing silently.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from floe.errors import SelectionError
from floe.runtime.evaluation import EAGER, Evaluator
from floe.runtime.named_selectors import by_default, by_selector
from floe.runtime.relations import Relations
from floe.runtime.selectors import METHODS, known_values, resource_type
from floe.runtime.universe import History, Universe

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from floe.artifact.models import Asset, CompiledArtifacts, Test

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


def select(
    artifacts: CompiledArtifacts,
    include: Sequence[str],
    exclude: Sequence[str] = (),
    *,
    selector: str = "",
    history: History | None = None,
    indirect: str = EAGER,
) -> Selection:
    """Apply `--select` and `--exclude` arguments, or a named selector.

    Without any of them the project's default selector decides, and where there is none everything is selected.

    Args:
        artifacts: What can be selected.
        include: Arguments of `--select`.
        exclude: Arguments of `--exclude`.
        selector: Name of a selector of selectors.yml; empty for none.
        history: What `state:`, `result:` and `source_status:` compare with.
        indirect: Which tests come along with what they read: `eager`, `cautious`, `buildable` or `empty`.

    Raises:
        SelectionError: a criterion cannot be read or matches nothing, or nothing is left at the end.
    """
    universe = Universe(artifacts, history or History())
    relations = Relations(universe)
    named = Evaluator(universe, relations, indirect)
    strict = Evaluator(universe, relations, indirect, lambda definition: _refuse_nothing(universe, definition))
    everything = {*artifacts.assets, *artifacts.tests}
    if selector:
        chosen = by_selector(named, selector)
    elif include:
        chosen = strict.evaluate(_union(include, indirect)).direct
    else:
        chosen = everything if exclude else by_default(named)
    if exclude:
        chosen = chosen - strict.evaluate(_union(exclude, indirect)).direct
    if everything and not chosen & everything:
        raise _nothing(universe, chosen, selector)
    return _ordered(artifacts, chosen)


def of_types(artifacts: CompiledArtifacts, selection: Selection, types: Collection[str]) -> Selection:
    """What of a selection has one of these types, as `resource_type:` names them.

    Raises:
        SelectionError: nothing has.
    """
    nodes: dict[str, Asset | Test] = {**artifacts.assets, **artifacts.tests}
    chosen = {key for key in (*selection.assets, *selection.tests) if resource_type(nodes[key]) in types}
    if not chosen:
        listed = ", ".join(f"`{name}`" for name in sorted(types)) or "no type"
        raise SelectionError("FLOE-0604", f"nothing that is selected is of {listed}", "`floe ls` shows what there is")
    return _ordered(artifacts, chosen)


def _ordered(artifacts: CompiledArtifacts, chosen: Collection[str]) -> Selection:
    return Selection(
        tuple(key for key in artifacts.assets if key in chosen),
        tuple(key for key in artifacts.tests if key in chosen),
    )


def _nothing(universe: Universe, chosen: set[str], selector: str) -> SelectionError:
    if chosen:
        first = min(chosen)
        kind, name = (
            ("exposure", universe.exposures[first].name)
            if first in universe.exposures
            else (universe.resources[first].kind, universe.resources[first].name)
        )
        article = "an" if kind == "exposure" else "a"
        reason = f"the selection holds nothing to build: `{name}` is {article} {kind.replace('_', ' ')}"
        way_out = f"`{name}+`" if kind == "source" else f"what it uses: `+{kind}:{name}`"
        return SelectionError("FLOE-0604", reason, f"select {way_out}")
    if selector:
        reason = f"the selector `{selector}` selects nothing"
        return SelectionError("FLOE-0604", reason, "see its definition in selectors.yml")
    reason = "the selection is empty: everything that was selected is also excluded"
    return SelectionError("FLOE-0604", reason, "`floe ls` with the same selection shows what is left")


def _union(arguments: Sequence[str], indirect: str) -> dict[str, Any]:
    """The definition of several arguments, as dbt reads them."""
    terms = [term for argument in arguments for term in argument.split()]
    if not terms:
        reason = "the selection is empty"
        raise SelectionError("FLOE-0603", reason, "name an asset, or leave the option out to select everything")
    intersections = [
        {"intersection": [_parse(part) for part in term.split(",")], "indirect_selection": indirect, "raw": term}
        for term in terms
    ]
    return {"union": intersections, "indirect_selection": indirect}


def _parse(raw: str) -> dict[str, Any]:
    match = _CRITERION.match(raw)
    if match is None or not match["value"]:
        raise SelectionError("FLOE-0603", f"`{raw}` is not a selector", "see `floe explain FLOE-0603`")
    if match["relatives"] and match["children"]:
        reason = f"`{raw}` has both `@` in front and `+` behind"
        raise SelectionError("FLOE-0603", reason, "`@` includes the children already")
    method = match["method"] or _default_method(match["value"])
    if method.partition(".")[0] not in METHODS:
        raise _unknown_method(method.partition(".")[0])
    return {
        "raw": raw,
        "method": method,
        "value": match["value"],
        "childrens_parents": bool(match["relatives"]),
        "parents": bool(match["parents"]),
        "parents_depth": _depth(match["parents_depth"]),
        "children": bool(match["children"]),
        "children_depth": _depth(match["children_depth"]),
    }


def _default_method(value: str) -> str:
    if "/" in value:
        return "path"
    return "file" if value.lower().endswith(_FILE_ENDINGS) else "fqn"


def _depth(generations: str | None) -> int | None:
    return int(generations) if generations else None


def _unknown_method(method: str) -> SelectionError:
    reason = f"`{method}:` is not a selection method"
    close = _closest(method, list(METHODS))
    known = ", ".join(f"`{name}:`" for name in METHODS)
    return SelectionError("FLOE-0602", reason, f"did you mean `{close}:`?" if close else f"known: {known}")


def _refuse_nothing(universe: Universe, definition: Mapping[str, Any]) -> None:
    raw = definition["raw"]
    if "method" not in definition:
        reason = f"nothing matches every part of `{raw}`"
        raise SelectionError("FLOE-0604", reason, "a comma means both; write a space for either")
    raise _no_match(universe, definition)


def _no_match(universe: Universe, criterion: Mapping[str, Any]) -> SelectionError:
    method, _, argument = str(criterion["method"]).partition(".")
    raw, value = str(criterion["raw"]), str(criterion["value"])
    if method in ("state", "result", "source_status"):
        return SelectionError("FLOE-0601", f"the selection `{raw}` matches nothing", "nothing is to be done")
    values = known_values(universe, method, argument)
    close = _closest(value, values)
    if close:
        instruction = f"did you mean `{raw.replace(value, close)}`?"
    elif values and len(values) <= 12:
        instruction = "there are " + ", ".join(f"`{known}`" for known in values)
    else:
        instruction = "`floe ls` lists what there is"
    return SelectionError("FLOE-0601", f"the selection `{raw}` matches nothing", instruction)


def _closest(value: str, candidates: Sequence[str]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(value, candidates, n=1, cutoff=0.6)
    return close[0] if close else ""
