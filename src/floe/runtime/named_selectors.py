"""The selectors of dbt's selectors.yml, which dbt resolved at compile time, over an artifact.

As in dbt, a criterion of theirs that matches nothing is no error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from floe.diagnostics.suggest import did_you_mean
from floe.errors import SelectionError

if TYPE_CHECKING:
    from floe.runtime.evaluation import Evaluator


def by_selector(evaluator: Evaluator, name: str) -> set[str]:
    """What a named selector selects.

    Raises:
        SelectionError: there is no selector of that name, or it uses a method that Floe does not know.
    """
    selectors = evaluator.universe.artifacts.selectors
    if name not in selectors:
        known = ", ".join(f"`{known}`" for known in selectors)
        way_out = did_you_mean(name, selectors) or (f"there are {known}" if known else "no selectors.yml has any")
        raise SelectionError("FLOE-0605", f"there is no selector `{name}`", way_out)
    return evaluator.evaluate(selectors[name].definition).direct


def by_default(evaluator: Evaluator) -> set[str]:
    """Everything; of the dbt projects that have a default selector, what that selects."""
    universe = evaluator.universe
    everything = {*universe.assets, *universe.tests}
    defaults = [selector for selector in universe.artifacts.selectors.values() if selector.default]
    if not defaults:
        return everything
    chosen = set[str]().union(*(evaluator.evaluate(selector.definition).direct for selector in defaults))
    return chosen | {key for key, asset in universe.assets.items() if not asset.unique_id}
