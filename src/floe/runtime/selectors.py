"""The methods of dbt's selector grammar (`tag:`, `path:`, `source:` ...), each over the artifact's assets and tests.

Semantics follow dbt's own (dbt-core, `dbt/graph/selector_methods.py`); `layer:` and exact keys are Floe's.
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from floe.artifact.dbt_project import Exposure
from floe.artifact.models import Asset, Test
from floe.errors import SelectionError
from floe.runtime.comparison import by_result, by_source_status, by_state
from floe.runtime.settings import is_set, settings_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from floe.artifact.dbt_project import Resource
    from floe.artifact.models import CompiledArtifacts
    from floe.runtime.universe import Node, Universe

    Matcher = Callable[[Universe, str, Any], Iterable[str]]

_WILDCARDS = re.compile(r"[*?\[\]]")
_TEST_TYPES = {
    "data": ("generic", "singular"),
    "generic": ("generic",),
    "schema": ("generic",),
    "singular": ("singular",),
    "unit": ("unit",),
}
VERSIONS = ("latest", "none", "old", "prerelease")
RESOURCE_TYPES = (
    "analysis",
    "exposure",
    "function",
    "metric",
    "model",
    "python",
    "saved_query",
    "seed",
    "semantic_model",
    "snapshot",
    "source",
    "test",
    "unit_test",
)


def asset_fqn(artifacts: CompiledArtifacts, asset: Asset) -> tuple[str, ...]:
    """The fully qualified name of dbt; project, layer and name for assets that dbt does not know."""
    return asset.fqn or (artifacts.project.name, asset.layer, asset.name)


def test_fqns(test: Test) -> list[tuple[str, ...]]:
    """The names under which dbt finds a test: package, any tail of its folders, name."""
    if test.fqn:
        return [test.fqn]
    package = _package(test.id)
    folders = PurePosixPath(test.path).parts[:-1]
    return [(package, *folders[start:], test.name) for start in range(len(folders) + 1)]


def matches_fqn(fqn: Sequence[str], selector: str, *, versioned: bool = False) -> bool:
    """Whether a dotted selector names this node or a folder above it; wildcards match the rest of the name.

    The last part of the name of a `versioned` node is its version.
    """
    leaf = fqn[-2] if versioned and len(fqn) > 1 else fqn[-1]
    if leaf == selector or (versioned and "_".join(fqn[-2:]) == "_".join(selector.split(".")[-2:])):
        return True
    names = [part for segment in fqn for part in segment.split(".")]
    wanted = selector.split(".")
    if len(names) < len(wanted):
        return False
    for index, part in enumerate(wanted):
        if _WILDCARDS.search(part):
            rest_matches = fnmatchcase(".".join(names[index:]), ".".join(wanted[index:]))
            return rest_matches or (len(wanted) == 1 and fnmatchcase(leaf, selector))
        if names[index] != part:
            return False
    return True


def _package(unique_id: str) -> str:
    parts = unique_id.split(".")
    return parts[1] if len(parts) > 1 else ""


def _asset_package(universe: Universe, asset: Asset) -> str:
    return asset.fqn[0] if asset.fqn else _package(asset.unique_id) or universe.artifacts.project.name


def by_name(universe: Universe, _argument: str, value: str) -> Iterator[str]:
    """`fqn:` and bare names: keys, names, dotted folders, wildcards."""
    for key, asset in universe.assets.items():
        fqn, versioned = asset_fqn(universe.artifacts, asset), bool(asset.version_standing)
        by_key = "." in value and fnmatchcase(key, value)
        if by_key or asset.name == value or _is_named(fqn, value, versioned=versioned):
            yield key
    for test_id, test in universe.tests.items():
        if test_id == value or any(_is_named(fqn, value) for fqn in test_fqns(test)):
            yield test_id
    others: list[tuple[str, Exposure | Resource]] = [*universe.exposures.items(), *universe.resources.items()]
    for key, other in others:
        if not universe.is_source(key) and _is_named(other.fqn, value):
            yield key


def _is_named(fqn: Sequence[str], value: str, *, versioned: bool = False) -> bool:
    """Whether a selector names a node, with or without its package."""
    return any(matches_fqn(names, value, versioned=versioned) for names in (fqn, fqn[1:]) if names)


def by_exposure(universe: Universe, _argument: str, value: str) -> Iterator[str]:
    """`exposure:name` or `exposure:package.name`, with wildcards; `+exposure:name` is what it uses."""
    package, name = _package_and_name("exposure", value)
    for key, exposure in universe.exposures.items():
        if fnmatchcase(exposure.name, name) and fnmatchcase(exposure.package, package):
            yield key


def by_unit_test(universe: Universe, _argument: str, value: str) -> Iterator[str]:
    """`unit_test:name` or `unit_test:package.name`, with wildcards."""
    package, name = _package_and_name("unit_test", value)
    for key, test in universe.tests.items():
        if test.unit is not None and fnmatchcase(test.fqn[-1], name) and fnmatchcase(_package(key), package):
            yield key


def _by_resource(kind: str) -> Matcher:
    """A method for resources of dbt that are not built: `metric:name`, `metric:package.name`."""

    def matcher(universe: Universe, _argument: str, value: str) -> Iterator[str]:
        package, name = _package_and_name(kind, value)
        for key, resource in universe.resources.items():
            if resource.kind == kind and fnmatchcase(resource.name, name) and fnmatchcase(resource.package, package):
                yield key

    return matcher


def _package_and_name(method: str, value: str) -> tuple[str, str]:
    parts = value.split(".")
    if len(parts) > 2:
        instruction = f"write `{method}:name` or `{method}:package.name`"
        raise SelectionError("FLOE-0603", f"`{method}:{value}` has too many parts", instruction)
    return ("*", parts[0]) if len(parts) == 1 else (parts[0], parts[1])


def by_group(universe: Universe, _argument: str, value: str) -> Iterator[str]:
    """`group:`: the members of a dbt group, with wildcards."""
    return (key for key, asset in universe.assets.items() if asset.group and fnmatchcase(asset.group, value))


def by_access(universe: Universe, _argument: str, value: str) -> Iterator[str]:
    """`access:` public, protected or private."""
    return (key for key, asset in universe.assets.items() if asset.access == value)


def by_version(universe: Universe, _argument: str, value: str) -> Iterator[str]:
    """`version:` latest, old or prerelease of dbt models that have versions; none for those that have not.

    Raises:
        SelectionError: it is none of these.
    """
    if value not in VERSIONS:
        raise _no_such("version", value, VERSIONS)
    for key, asset in universe.assets.items():
        if asset.kind == "model" and (asset.version_standing or "none") == value:
            yield key


def by_tag(universe: Universe, _argument: str, value: str) -> Iterator[str]:
    """`tag:` with wildcards."""
    for key, node in (*universe.nodes(), *universe.sources()):
        if any(fnmatchcase(tag, value) for tag in node.tags):
            yield key


def by_layer(universe: Universe, _argument: str, value: str) -> Iterator[str]:
    """`layer:` with wildcards: the assets of a layer."""
    return (key for key, asset in universe.assets.items() if fnmatchcase(asset.layer, value))


def by_source(universe: Universe, _argument: str, value: str) -> Iterator[str]:
    """`source:name`, `source:name.table`, `source:package.name.table`."""
    parts = value.split(".")
    if len(parts) > 3:
        instruction = "write `source:name`, `source:name.table` or `source:package.name.table`"
        raise SelectionError("FLOE-0603", f"`source:{value}` has too many parts", instruction)
    package, source, table = {1: ("*", parts[0], "*"), 2: ("*", *parts)}.get(len(parts), tuple(parts))
    for key, resource in universe.sources():
        if all(map(fnmatchcase, (resource.package, resource.source_name, resource.name), (package, source, table))):
            yield key
    for key, asset in universe.assets.items():
        if asset.kind != "source" and not asset.unique_id.startswith("source."):
            continue
        known = asset.unique_id.split(".")
        schema = known[2] if len(known) > 3 else asset.layer
        here = (_asset_package(universe, asset), schema, asset.name)
        if all(map(fnmatchcase, here, (package, source, table))):
            yield key


def path_pattern(glob: str) -> re.Pattern[str]:
    """A path glob as a regular expression that also matches everything below a folder."""
    pieces = []
    for part in PurePosixPath(glob).parts:
        if part == "**":
            pieces.append("(?:[^/]+/)*")
            continue
        translated = "".join("[^/]*" if char == "*" else "[^/]" if char == "?" else re.escape(char) for char in part)
        pieces.append(translated + "/")
    body = "".join(pieces).removesuffix("/")
    return re.compile(f"{body}(?:/.*)?" if body else ".*")


def by_path(universe: Universe, _argument: str, value: str) -> Iterator[str]:
    """`path:`: a file, or a folder and all below it; `*`, `?` and `**` as in a shell.

    Relative to the project or, as in dbt, to the folder of a transform.
    """
    folders = [folder for folder in universe.artifacts.search_path if folder != "."]
    patterns = [path_pattern(value), *(path_pattern(f"{folder}/{value}") for folder in folders)]
    return (key for key, path in universe.paths() if any(pattern.fullmatch(path) for pattern in patterns))


def by_file(universe: Universe, _argument: str, value: str) -> Iterator[str]:
    """`file:`: name of the defining file, with or without its extension."""
    for key, path in universe.paths():
        file = PurePosixPath(path)
        if fnmatchcase(file.name, value) or fnmatchcase(file.stem, value):
            yield key


def by_package(universe: Universe, _argument: str, value: str) -> Iterator[str]:
    """`package:`: the dbt project a node comes from; `this` is the project's own, not an installed package."""
    packages = {key: _asset_package(universe, asset) for key, asset in universe.assets.items()}
    packages |= {key: _package(key) for key in (*universe.tests, *universe.exposures)}
    own = {universe.artifacts.project.name, *universe.artifacts.dbt_packages}
    named = [*packages.items(), *((key, resource.package) for key, resource in universe.all_resources())]
    for key, package in named:
        if package in own if value == "this" else fnmatchcase(package, value):
            yield key


def by_resource_type(universe: Universe, _argument: str, value: str) -> Iterator[str]:
    """`resource_type:` model, seed, snapshot, source, python, test, unit_test, exposure, metric ...

    Raises:
        SelectionError: there is no such type.
    """
    if value not in RESOURCE_TYPES:
        raise _no_such("resource_type", value, RESOURCE_TYPES)
    return (key for key, node in universe.nodes() if resource_type(node) == value)


def resource_type(node: Node) -> str:
    """What dbt calls a node's type; Python assets are `python`."""
    if isinstance(node, Asset):
        return "snapshot" if node.kind == "dbt_snapshot" else node.kind
    if isinstance(node, Test):
        return "test" if node.unit is None else "unit_test"
    return "exposure" if isinstance(node, Exposure) else node.kind


def by_test_type(universe: Universe, _argument: str, value: str) -> Iterator[str]:
    """`test_type:` generic, singular, data for both, or unit.

    Raises:
        SelectionError: there is no such type.
    """
    if value not in _TEST_TYPES:
        raise _no_such("test_type", value, _TEST_TYPES)
    for test_id, test in universe.tests.items():
        if test.kind in _TEST_TYPES[value]:
            yield test_id


def by_test_name(universe: Universe, _argument: str, value: str) -> Iterator[str]:
    """`test_name:`: the generic test, e.g. `not_null`, with or without its package; or the name of a unit test."""
    for test_id, test in universe.tests.items():
        names = [test.fqn[-1]] if test.unit is not None else [test.type, test.type.split(".")[-1]]
        if any(name and fnmatchcase(name, value) for name in names):
            yield test_id


def _no_such(method: str, value: str, known: Iterable[str]) -> SelectionError:
    listed = ", ".join(f"`{name}`" for name in known)
    return SelectionError("FLOE-0601", f"the selection `{method}:{value}` matches nothing", f"there are {listed}")


def by_config(universe: Universe, argument: str, value: object) -> Iterator[str]:
    """`config.materialized:view`, `config.meta.owner:finance` and other settings; of lists, whether they hold it."""
    names = argument.split(".")
    for key, node in universe.configured():
        if is_set(settings_of(node), names, value):
            yield key


METHODS: dict[str, Matcher] = {
    "access": by_access,
    "config": by_config,
    "exposure": by_exposure,
    "file": by_file,
    "fqn": by_name,
    "group": by_group,
    "layer": by_layer,
    "metric": _by_resource("metric"),
    "package": by_package,
    "path": by_path,
    "resource_type": by_resource_type,
    "result": by_result,
    "saved_query": _by_resource("saved_query"),
    "semantic_model": _by_resource("semantic_model"),
    "source": by_source,
    "source_status": by_source_status,
    "state": by_state,
    "tag": by_tag,
    "test_name": by_test_name,
    "test_type": by_test_type,
    "unit_test": by_unit_test,
    "version": by_version,
}


def known_values(universe: Universe, method: str, argument: str) -> list[str]:
    """Values that would have matched, for suggestions."""
    nodes = [node for _, node in universe.nodes()]
    paths = [PurePosixPath(path) for _, path in universe.paths()]
    candidates: dict[str, Callable[[], Iterable[object]]] = {
        "access": lambda: ("private", "protected", "public"),
        "exposure": lambda: (exposure.name for exposure in universe.exposures.values()),
        "group": lambda: (asset.group for asset in universe.assets.values()),
        "version": lambda: VERSIONS,
        "config": lambda: (settings_of(node).get(argument) for _, node in universe.configured()),
        "file": lambda: (path.name for path in paths),
        "layer": lambda: (asset.layer for asset in universe.assets.values()),
        "package": lambda: (asset.fqn[0] for asset in universe.assets.values() if asset.fqn),
        "path": lambda: (str(part) for path in paths for part in (path, *path.parents[:-1])),
        "resource_type": lambda: sorted({resource_type(node) for node in nodes}),
        "metric": lambda: _names_of(universe, "metric"),
        "saved_query": lambda: _names_of(universe, "saved_query"),
        "semantic_model": lambda: _names_of(universe, "semantic_model"),
        "unit_test": lambda: (test.fqn[-1] for test in universe.tests.values() if test.unit is not None),
        "source": lambda: [
            *(f"{resource.source_name}.{resource.name}" for _, resource in universe.sources()),
            *(key for key, asset in universe.assets.items() if asset.kind == "source"),
        ],
        "tag": lambda: (tag for node in nodes for tag in node.tags),
        "test_name": lambda: (test.type for test in universe.tests.values()),
        "test_type": lambda: _TEST_TYPES,
    }
    values = candidates.get(method, universe.names)()
    return sorted({str(value) for value in values if isinstance(value, str | int | float) and value != ""})


def _names_of(universe: Universe, kind: str) -> list[str]:
    return [resource.name for resource in universe.resources.values() if resource.kind == kind]
