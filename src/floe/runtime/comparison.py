"""The selection methods that compare: with an earlier artifact, with the last run, with how old sources were."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from floe.artifact.models import Asset
from floe.errors import SelectionError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from floe.artifact.models import CompiledArtifacts, Test
    from floe.runtime.universe import Universe

_ABOUT = {"key", "name", "path", "fqn", "unique_id", "description", "rendered_path", "attached_to", "id", "columns"}
"""What says nothing about how a node is built."""
_BODY = {"query", "source", "seed", "python", "sql", "source_digest", "depends_on"}
_RELATION = {"relation", "layer", "failures_relation"}
_MACROS = {"macros_digest"}
_CONTRACT = {"contract"}
_OTHERS = _BODY | _RELATION | _ABOUT | _MACROS | _CONTRACT
_DESCRIPTIONS = {"description", "columns"}
_PARTS: Mapping[str, Callable[[str], bool]] = {
    "modified": lambda name: name not in _ABOUT,
    "modified.body": lambda name: name in _BODY,
    "modified.configs": lambda name: name not in _OTHERS,
    "modified.contract": lambda name: name in _CONTRACT,
    "modified.macros": lambda name: name in _MACROS,
    "modified.persisted_descriptions": lambda name: name in _DESCRIPTIONS,
    "modified.relation": lambda name: name in _RELATION,
}
STATES = ("new", "old", "unmodified", *_PARTS)
_RELATION_SETTINGS = {"alias", "schema", "database", "group"}
"""Settings that dbt does not count as configuration when it compares."""


def by_state(universe: Universe, _argument: str, value: str) -> Iterator[str]:
    """`state:` modified (all that is new or differs), new, old, unmodified; `modified.body` and other parts.

    Raises:
        SelectionError: there is no such state, or nothing to compare with.
    """
    before = universe.history.artifacts
    if before is None:
        reason = f"`state:{value}` has no earlier artifact to compare with"
        raise SelectionError("FLOE-0606", reason, "name its folder or file with `--state`")
    if value not in STATES:
        known = ", ".join(f"`state:{state}`" for state in STATES)
        raise SelectionError("FLOE-0603", f"`state:{value}` is not a state", f"known: {known}")
    nodes: dict[str, Asset | Test] = {**universe.assets, **universe.tests}
    for key, node in nodes.items():
        if _is(value, node, _earlier(before, key)):
            yield key


def _earlier(before: CompiledArtifacts, key: str) -> Asset | Test | None:
    return before.assets.get(key) or before.tests.get(key)


def _is(state: str, node: Asset | Test, earlier: Asset | Test | None) -> bool:
    if state in ("new", "old"):
        return (earlier is None) == (state == "new")
    if state == "unmodified":
        return not _is("modified", node, earlier)
    if earlier is None:
        return state != "modified.macros"
    if state == "modified" and _differ("modified.persisted_descriptions", node, earlier):
        return True
    return _differ(state, node, earlier)


def _differ(part: str, node: Asset | Test, earlier: Asset | Test) -> bool:
    return _facts(node, part) != _facts(earlier, part)


def _facts(node: Asset | Test, part: str) -> dict[str, Any]:
    """What of a node is compared."""
    if part == "modified.persisted_descriptions":
        return _descriptions(node)
    is_part = _PARTS[part]
    facts = {name: value for name, value in node.model_dump(exclude_defaults=True).items() if is_part(name)}
    if isinstance(node, Asset) and node.query is not None and "query" in facts:
        facts["query"].pop("rendered_path")
    if "config" in facts:
        facts["config"] = {name: value for name, value in node.config.items() if name not in _RELATION_SETTINGS}
    if part == "modified" and node.rendering == "compiled":
        facts.pop("macros_digest", None)  # the rendered SQL says what became of the macros
    return facts if isinstance(node, Asset) or node.unit is None else _facts_of_unit_test(facts)


def _facts_of_unit_test(facts: dict[str, Any]) -> dict[str, Any]:
    """A unit test is its definition: what became of its model is said of the model."""
    return {name: value for name, value in facts.items() if name in ("source_digest", "macros_digest")}


def _descriptions(node: Asset | Test) -> dict[str, Any]:
    """The descriptions that become comments of the published table."""
    if not isinstance(node, Asset):
        return {}
    columns = {name: column.description for name, column in node.columns.items()} if node.persists_columns else {}
    return {"description": node.description if node.persists_description else "", "columns": columns}


def by_result(universe: Universe, _argument: str, value: str) -> Iterator[str]:
    """`result:` success, error, skipped, cancelled, pass, warn or fail: by what became of it in the last run.

    Raises:
        SelectionError: nothing has run in this environment.
    """
    results = universe.history.results() if universe.history.results else None
    if results is None:
        reason = f"`result:{value}` asks for the last run, and nothing has run in this environment yet"
        raise SelectionError("FLOE-0606", reason, "run `floe run`")
    return (key for key, _ in universe.nodes() if results.get(key) == value)


def by_source_status(universe: Universe, _argument: str, value: str) -> Iterator[str]:
    """`source_status:fresher`: dbt sources whose newest row is newer than it was, and those not judged before.

    Raises:
        SelectionError: there is no such status, or one of both judgements is missing.
    """
    if value != "fresher":
        reason = f"`source_status:{value}` is not a status"
        raise SelectionError("FLOE-0603", reason, "known: `source_status:fresher`")
    if universe.history.newest_rows is None:
        reason = "`source_status:fresher` has no earlier judgement to compare with"
        raise SelectionError("FLOE-0606", reason, "name the folder of its `sources.json` with `--state`")
    before, now = universe.history.newest_rows()
    fresher = {name for name, newest in now.items() if name not in before or newest > before[name]}
    ids = _ids_of_assets(universe)
    return (key for key, _ in universe.sources() if ids.get(key, key) in fresher)


def _ids_of_assets(universe: Universe) -> dict[str, str]:
    """Key of an asset -> dbt's unique id of the first source that is landed in it."""
    resources = universe.artifacts.resources
    ids = {resource.asset: name for name, resource in reversed(resources.items()) if resource.asset}
    return ids | {name: name for name in resources}
