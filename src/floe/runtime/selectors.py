"""The methods of dbt's selector grammar (`tag:`, `path:`, `source:` ...), each over the artifact's assets and tests.

Semantics follow dbt's own (dbt-core, `dbt/graph/selector_methods.py`); `layer:` and exact keys are Floe's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from floe.artifact.models import Exposure, Test
from floe.errors import SelectionError
from floe.runtime.comparison import by_result, by_state

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from floe.artifact.models import Asset, CompiledArtifacts

    Node = Asset | Test | Exposure
    Matcher = Callable[["Universe", str, str], Iterable[str]]

_WILDCARDS = re.compile(r"[*?\[\]]")
_DBT_MATERIALIZED = {"seed": "seed", "dbt_snapshot": "snapshot"}
_RESOURCE_TYPES = {"dbt_snapshot": "snapshot"}


@dataclass(frozen=True)
class History:
    """What was before: for `state:` an earlier artifact, for `result:` what became of each node in the last run."""

    artifacts: CompiledArtifacts | None = None
    results: Callable[[], Mapping[str, str] | None] | None = None
    """Gives asset key or test id -> status; None when nothing has run."""


class Universe:
    """Everything that can be selected, with the names under which it is found."""

    def __init__(self, artifacts: CompiledArtifacts, history: History) -> None:
        self.artifacts = artifacts
        self.history = history
        self.exposures = artifacts.exposures
        self.assets = artifacts.assets
        self.tests = artifacts.tests

    def nodes(self) -> Iterator[tuple[str, Node]]:
        """Every asset, test and exposure with its identifier."""
        yield from self.assets.items()
        yield from self.tests.items()
        yield from self.exposures.items()

    def names(self) -> list[str]:
        """Names a user may have meant: asset keys, asset names, test names."""
        keys = [name for asset in self.assets.values() for name in (asset.key, asset.name)]
        return sorted({*keys, *(test.name for test in self.tests.values())})

    def paths(self) -> Iterator[tuple[str, str]]:
        """Identifier and defining file of everything that has one."""
        yield from ((key, asset.path) for key, asset in self.assets.items() if asset.path)
        yield from ((key, test.path) for key, test in self.tests.items() if test.path)
        yield from ((key, exposure.path) for key, exposure in self.exposures.items())


def asset_fqn(artifacts: CompiledArtifacts, asset: Asset) -> tuple[str, ...]:
    """The fully qualified name of dbt; project, layer and name for assets that dbt does not know."""
    return asset.fqn or (artifacts.project.name, asset.layer, asset.name)


def test_fqns(test: Test) -> list[tuple[str, ...]]:
    """The names under which dbt finds a test: package, any tail of its folders, name."""
    package = _package(test.id)
    folders = PurePosixPath(test.path).parts[:-1]
    return [(package, *folders[start:], test.name) for start in range(len(folders) + 1)]


def matches_fqn(fqn: Sequence[str], selector: str) -> bool:
    """Whether a dotted selector names this node or a folder above it; wildcards match the rest of the name."""
    if fqn[-1] == selector:
        return True
    names = [part for segment in fqn for part in segment.split(".")]
    wanted = selector.split(".")
    if len(names) < len(wanted):
        return False
    for index, part in enumerate(wanted):
        if _WILDCARDS.search(part):
            rest_matches = fnmatchcase(".".join(names[index:]), ".".join(wanted[index:]))
            return rest_matches or (len(wanted) == 1 and fnmatchcase(fqn[-1], selector))
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
        fqn = asset_fqn(universe.artifacts, asset)
        by_key = "." in value and fnmatchcase(key, value)
        if by_key or asset.name == value or matches_fqn(fqn, value) or matches_fqn(fqn[1:], value):
            yield key
    for test_id, test in universe.tests.items():
        fqns = test_fqns(test)
        if test_id == value or any(matches_fqn(fqn, value) or matches_fqn(fqn[1:], value) for fqn in fqns):
            yield test_id
    for key, exposure in universe.exposures.items():
        if matches_fqn(exposure.fqn, value) or matches_fqn(exposure.fqn[1:], value):
            yield key


def by_exposure(universe: Universe, _argument: str, value: str) -> Iterator[str]:
    """`exposure:name` or `exposure:package.name`, with wildcards; `+exposure:name` is what it uses."""
    package, _, name = value.rpartition(".")
    for key, exposure in universe.exposures.items():
        if fnmatchcase(exposure.name, name) and fnmatchcase(exposure.package, package or "*"):
            yield key


def by_group(universe: Universe, _argument: str, value: str) -> Iterator[str]:
    """`group:`: the members of a dbt group."""
    return (key for key, asset in universe.assets.items() if asset.group == value)


def by_access(universe: Universe, _argument: str, value: str) -> Iterator[str]:
    """`access:` public, protected or private."""
    return (key for key, asset in universe.assets.items() if asset.access == value)


def by_version(universe: Universe, _argument: str, value: str) -> Iterator[str]:
    """`version:` latest, old or prerelease of dbt models that have versions; none for those that have not."""
    for key, asset in universe.assets.items():
        if asset.kind == "model" and (asset.version_standing or "none") == value:
            yield key


def by_tag(universe: Universe, _argument: str, value: str) -> Iterator[str]:
    """`tag:` with wildcards."""
    for key, node in universe.nodes():
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
    for key, package in packages.items():
        if package in own if value == "this" else fnmatchcase(package, value):
            yield key


def by_resource_type(universe: Universe, _argument: str, value: str) -> Iterator[str]:
    """`resource_type:` model, seed, snapshot, source, python or test."""
    for key, asset in universe.assets.items():
        if _RESOURCE_TYPES.get(asset.kind, asset.kind) == value:
            yield key
    if value == "test":
        yield from universe.tests
    elif value == "exposure":
        yield from universe.exposures


def by_test_type(universe: Universe, _argument: str, value: str) -> Iterator[str]:
    """`test_type:` generic, singular, or data for both."""
    for test_id, test in universe.tests.items():
        if value in ("data", test.kind):
            yield test_id


def by_test_name(universe: Universe, _argument: str, value: str) -> Iterator[str]:
    """`test_name:`: the generic test, e.g. `not_null`, with or without its package."""
    for test_id, test in universe.tests.items():
        if test.type and (fnmatchcase(test.type, value) or fnmatchcase(test.type.split(".")[-1], value)):
            yield test_id


def _settings_of(node: Node) -> dict[str, object]:
    """What `config.<setting>:` compares with, as far as the artifact keeps it."""
    if isinstance(node, Exposure):
        return {"tags": node.tags}
    if isinstance(node, Test):
        test_settings = {"severity": node.severity, "store_failures": node.store_failures}
        return {"materialized": "test", "tags": node.tags, **test_settings}
    settings: dict[str, object] = {
        "materialized": _DBT_MATERIALIZED.get(node.kind, node.materialization),
        "schema": node.relation.schema_name,
        "alias": node.relation.identifier,
        "tags": node.tags,
        "full_refresh": node.full_refresh,
        "group": node.group,
        "access": node.access,
    }
    if node.incremental:
        settings["incremental_strategy"] = node.incremental.strategy
        settings["unique_key"] = node.incremental.unique_key
        settings["on_schema_change"] = node.incremental.on_schema_change
    return settings


def _equals(actual: object, wanted: str) -> bool:
    if isinstance(actual, tuple):
        return wanted in actual
    if isinstance(actual, bool):
        return wanted.lower() == str(actual).lower()
    return actual == wanted


def by_config(universe: Universe, argument: str, value: str) -> Iterator[str]:
    """`config.materialized:view` and other settings that the artifact keeps."""
    wanted = value.lower() if argument == "severity" else value
    for key, node in universe.nodes():
        if _equals(_settings_of(node).get(argument), wanted):
            yield key


METHODS: dict[str, Matcher] = {
    "access": by_access,
    "config": by_config,
    "exposure": by_exposure,
    "file": by_file,
    "fqn": by_name,
    "group": by_group,
    "layer": by_layer,
    "package": by_package,
    "path": by_path,
    "resource_type": by_resource_type,
    "result": by_result,
    "source": by_source,
    "state": by_state,
    "tag": by_tag,
    "test_name": by_test_name,
    "test_type": by_test_type,
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
        "version": lambda: ("latest", "none", "old", "prerelease"),
        "config": lambda: (_settings_of(node).get(argument) for node in nodes),
        "file": lambda: (path.name for path in paths),
        "layer": lambda: (asset.layer for asset in universe.assets.values()),
        "package": lambda: (asset.fqn[0] for asset in universe.assets.values() if asset.fqn),
        "path": lambda: (str(part) for path in paths for part in (path, *path.parents[:-1])),
        "resource_type": lambda: ("model", "python", "seed", "snapshot", "source", "test"),
        "source": lambda: (key for key, asset in universe.assets.items() if asset.kind == "source"),
        "tag": lambda: (tag for node in nodes for tag in node.tags),
        "test_name": lambda: (test.type for test in universe.tests.values()),
        "test_type": lambda: ("data", "generic", "singular"),
    }
    values = candidates.get(method, universe.names)()
    return sorted({str(value) for value in values if value not in ("", None)})
