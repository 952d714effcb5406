"""Derives what dbt knows of its own YAML, from its JSON schemas and the classes that its parser fills.

`python -m tests.compiler.properties.dbt_keys` writes the table that Floe ships. Adapters that are not installed
keep what the table has of them; run it where all adapters are to renew that.
"""

from __future__ import annotations

import dataclasses
import importlib
import json
import re
import typing
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from dbt.contracts import project as projects
from dbt.contracts import selection
from dbt.contracts.graph import unparsed
from dbt_common.contracts.config.properties import AdditionalPropertiesAllowed

TABLE = Path(__file__).parents[3] / "src/floe/compiler/properties/keys.json"
DBT = Path(next(iter(find_spec("dbt").submodule_search_locations)))
INTERNAL = {"package_name", "original_file_path", "yaml_key", "project_root", "unrendered", "profile_name"}
TOP = {
    "analyses": unparsed.UnparsedAnalysisUpdate,
    "data_tests": unparsed.UnparsedSingularTestUpdate,
    "exposures": unparsed.UnparsedExposure,
    "functions": unparsed.UnparsedFunctionUpdate,
    "groups": unparsed.UnparsedGroup,
    "macros": unparsed.UnparsedMacroUpdate,
    "metrics": unparsed.UnparsedMetric,
    "models": unparsed.UnparsedModelUpdate,
    "saved_queries": unparsed.UnparsedSavedQuery,
    "seeds": unparsed.UnparsedNodeUpdate,
    "semantic_models": unparsed.UnparsedSemanticModel,
    "snapshots": unparsed.UnparsedNodeUpdate,
    "sources": unparsed.UnparsedSourceDefinition,
    "unit_tests": unparsed.UnparsedUnitTest,
}
MOVED = ("access", "contract", "docs", "group", "meta")
"""What dbt's parser moves from a resource to its config."""
MOVING = ("analyses", "data_tests", "functions", "models", "seeds", "snapshots")
ADDED = {"sources": ("overrides", "project", "dataset")}
"""Keys that dbt reads by name, without a field of that name."""
FREE = {"meta", "vars", "arguments", "rows"}
PACKAGES = (
    projects.LocalPackage,
    projects.TarballPackage,
    projects.GitPackage,
    projects.PrivatePackage,
    projects.RegistryPackage,
)

Source = tuple[str, Any]


class Derivation:
    """Joins schemas and classes to places; a place is known by what it was joined from."""

    def __init__(self) -> None:
        self.schemas = {
            name: json.loads((DBT / "jsonschemas" / file).read_text())
            for name, file in (("resources", "resources/latest.json"), ("project", "project/0.0.110.json"))
        }
        self.places: dict[str, dict[str, Any]] = {}
        self.open: set[str] = set()
        """Places that may hold keys of the user's own."""

    def place(self, sources: frozenset[Source]) -> str:
        """The name of the place, made if it is new; empty where everything is free."""
        if not sources:
            return ""
        unique = "+".join(sorted({what if isinstance(what, str) else what.__name__ for _, what in sources}))
        if unique in self.places:
            return unique
        if any(issubclass(what, AdditionalPropertiesAllowed) for kind, what in sources if kind == "class"):
            self.open.add(unique)
        self.places[unique] = {}
        keys: dict[str, set[Source]] = {}
        for source in sources:
            for key, children in self._keys(source).items():
                keys.setdefault(key, set()).update(children)
        self.places[unique] = {key: self._child(key, found) for key, found in sorted(keys.items())}
        return unique

    def _child(self, key: str, sources: set[Source]) -> str:
        if key in {"tests", "data_tests"}:
            return "@tests"
        return "" if key in FREE else self.place(frozenset(sources))

    def _keys(self, source: Source) -> dict[str, set[Source]]:
        kind, what = source
        if kind == "class":
            hints = typing.get_type_hints(what)
            named = {field.metadata.get("alias", field.name): field.name for field in dataclasses.fields(what)}
            named |= {field.name: field.name for field in dataclasses.fields(what)}
            return {
                key: self._of_type(hints[name])
                for key, name in named.items()
                if name not in INTERNAL
                and not (name == "path" and what.__module__ == unparsed.__name__)
                and not name.startswith(("_", "unrendered_"))
                and not name.endswith("_present")
            }
        definition = self.schemas[kind]["definitions"][what]
        return {key: self._of_schema(kind, value) for key, value in definition["properties"].items()}

    def _of_type(self, hint: object) -> set[Source]:
        if dataclasses.is_dataclass(hint):
            return {("class", hint)}
        if typing.get_origin(hint) is dict:
            return set()
        return {source for argument in typing.get_args(hint) for source in self._of_type(argument)}

    def _of_schema(self, kind: str, value: object) -> set[Source]:
        if not isinstance(value, dict):
            return set()
        if "$ref" in value:
            name = value["$ref"].rpartition("/")[2]
            definition = self.schemas[kind]["definitions"][name]
            if isinstance(definition, dict) and "properties" in definition:
                return {(kind, name)}
            return self._of_schema(kind, definition)
        parts = [*value.get("anyOf", ()), *value.get("oneOf", ()), value.get("items")]
        return {source for part in parts for source in self._of_schema(kind, part)}

    def resources(self) -> str:
        """The place of a file of properties."""
        top = self.schemas["resources"]["properties"]
        keys = {key: self._of_schema("resources", value) for key, value in top.items()}
        for key, kind in TOP.items():
            keys.setdefault(key, set()).add(("class", kind))
        keys["sources"].add(("class", unparsed.SourcePatch))
        root = {key: self.place(frozenset(sources)) for key, sources in sorted(keys.items())}
        for key in TOP:
            for added in (*(MOVED if key in MOVING else ()), *ADDED.get(key, ())):
                self.places[root[key]].setdefault(added, "")
        root["tests"] = root["data_tests"]
        self.places["file"] = root
        model = self.places[root["models"]]
        self.places[model["versions"]].update(columns=self._version_columns(root), config=model["config"])
        return "file"

    def _version_columns(self, root: dict[str, str]) -> str:
        columns = dict(self.places[self.places[root["models"]]["columns"]])
        self.places["version columns"] = {**columns, "include": "", "exclude": ""}
        return "version columns"

    def project(self) -> str:
        """The place of dbt_project.yml. The sections that configure resources are trees of folders."""
        top = self.schemas["project"]["properties"]
        place = dict.fromkeys(top, "")
        for name, field in ((f.name.replace("_", "-"), f) for f in dataclasses.fields(projects.Project)):
            plain = field.name if field.name in top or name in {"unit-tests", "data-tests", "query-comment"} else name
            if field.name not in INTERNAL:
                place.setdefault(name if plain == name else field.name, "")
        for key, value in top.items():
            for _, definition in self._of_schema("project", value):
                properties = self.schemas["project"]["definitions"][definition]["properties"]
                if any(name.startswith("+") for name in properties):
                    place[key] = self._tree(key, properties)
                elif key not in {"dbt-cloud", "vars"}:
                    place[key] = self.place(frozenset({("project", definition)}))
        place["flags"] = self.place(frozenset({("class", projects.ProjectFlags)}))
        place["query-comment"] = self.place(frozenset({("class", projects.QueryComment)}))
        self.places[place["query-comment"]]["job-label"] = ""
        for written in ("semantic_models", "saved_queries", "data-tests", "unit-tests"):
            place[written] = place.get(written) or place[swapped(written)]
        self.places["project"] = dict(sorted(place.items()))
        return "project"

    def _tree(self, section: str, properties: dict[str, Any]) -> str:
        keys = {
            key.lstrip("+").replace("-", "_"): self._of_schema("project", value) for key, value in properties.items()
        }
        resource = self.places.get(self.places["file"].get(section, ""), {}).get("config", "")
        keys |= {key: set() for key in self.places.get(resource, ()) if key not in keys}
        self.places[f"+{section}"] = {key: self.place(frozenset(sources)) for key, sources in sorted(keys.items())}
        return f"+{section}"

    def lists(self) -> dict[str, str]:
        """The places of the smaller files."""
        entry = self.place(frozenset(("class", kind) for kind in PACKAGES))
        self.places[entry] |= {"warn-unpinned": "", "install-prerelease": "", "unrendered": ""}
        self.places["project reference"] = {"name": ""}
        self.places["packages"] = {"packages": entry}
        self.places["dependencies"] = {"packages": entry, "projects": "project reference"}
        self.places["selectors"] = {}
        self.places["selectors"] = {
            field.name: self.place(frozenset({("class", selection.SelectorDefinition)}))
            if field.name == "selectors"
            else ""
            for field in dataclasses.fields(selection.SelectorFile)
        }
        self.places["profile"] = {"target": "", "outputs": ""}
        credentials = importlib.import_module("dbt.adapters.duckdb.credentials").DuckDBCredentials
        place = self.place(frozenset({("class", credentials)}))
        self.places[place] |= dict.fromkeys(("type", "threads", *credentials._ALIASES), "")
        return {"packages.yml": "packages", "dependencies.yml": "dependencies", "selectors.yml": "selectors"}


def swapped(key: str) -> str:
    return key.replace("_", "-") if "_" in key else key.replace("-", "_")


def compact(keys: dict[str, str]) -> list[Any]:
    """The keys whose values are free as one text, the others with the place of what they hold."""
    return [" ".join(sorted(key for key, held in keys.items() if not held)), {k: v for k, v in keys.items() if v}]


_CONFIG_CALL = re.compile(r"config\.(?:get|require|meta_get)\(\s*['\"]([a-zA-Z]\w+)['\"]")
_CONFIG_READ = re.compile(r"config(?:\.get\(|\[|\.extra\.get\()\s*\"([a-z]\w+)\"|\"([a-z]\w+)\" in source_config")
_CONFIG_CLASS = re.compile(r"class \w+\(AdapterConfig\):\n((?:[ \t]+.*\n|\n)+)")
_FIELD = re.compile(r"^    (\w+):", re.MULTILINE)
_FLAG = re.compile(r"BehaviorFlag\(\s*name=\"(\w+)\"|\"name\": \"(\w+)\"")


def adapters() -> tuple[set[str], set[str]]:
    """Names of configs and of flags that the installed adapters know."""
    configs: set[str] = set()
    flags: set[str] = set()
    for file in (DBT / "include").rglob("*.sql"):
        configs.update(_CONFIG_CALL.findall(file.read_text()))
    for file in (DBT / "adapters").glob("*/impl.py"):
        text = file.read_text()
        for body in _CONFIG_CLASS.findall(text):
            configs.update(_FIELD.findall(body))
        flags.update(name for pair in _FLAG.findall(text) for name in pair if name)
    for file in (DBT / "adapters").rglob("*.py"):
        configs.update(name for pair in _CONFIG_READ.findall(file.read_text()) for name in pair if name)
    return configs, flags


def derive() -> dict[str, Any]:
    """The whole table, with what the shipped one has of adapters that are not installed."""
    before = json.loads(TABLE.read_text()) if TABLE.exists() else {"adapter_configs": [], "adapter_flags": []}
    derivation = Derivation()
    derivation.resources()
    derivation.project()
    derivation.lists()
    configs, flags = adapters()
    return {
        "adapter_configs": sorted({*before["adapter_configs"], *configs}),
        "adapter_flags": sorted({*before["adapter_flags"], *flags}),
        "open": sorted(derivation.open),
        "places": {name: compact(keys) for name, keys in derivation.places.items()},
    }


def written(table: dict[str, Any]) -> str:
    """The table as the file holds it: a line a place."""
    places = ",\n".join(f"  {json.dumps(name)}: {json.dumps(keys)}" for name, keys in sorted(table["places"].items()))
    heads = "".join(f" {json.dumps(key)}: {json.dumps(value)},\n" for key, value in table.items() if key != "places")
    return f'{{\n{heads} "places": {{\n{places}\n }}\n}}\n'


if __name__ == "__main__":
    TABLE.write_text(written(derive()))
