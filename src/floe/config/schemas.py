"""JSON Schemas of `floe.yaml` and `platform.yaml`, made of the models that `floe validate` checks the files with."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pydantic.json_schema import models_json_schema

from floe.config.fields import PROFILE_PATTERN
from floe.config.formats import OPTIONS
from floe.config.pipeline import Pipeline
from floe.config.platform import BUILT_IN, Platform
from floe.config.secrecy import is_credential_key
from floe.config.secret_backends import OTHER

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from floe.config.fields import Strict

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_REFERENCE = "#/$defs/{model}"
_EXAMPLE = re.compile(r"e\.g\. ((?:`[^`]+`(?:, | or )?)+)")
_LABELS = re.compile(r"`([^`]+)`")
_VARIABLE: Schema = {"type": "string", "pattern": r"\$\{", "description": "`${VAR}` or `${VAR:-default}`."}
_TYPE_NAMES = {str: "string", int: "integer", bool: "boolean"}
_CONSTRAINTS = ("enum", "const", "pattern", "minLength")


def pipeline_schema() -> Schema:
    """The schema of floe.yaml."""
    definitions, (top,) = _definitions(Pipeline)
    source = definitions["SourceConfig"]
    source["properties"]["options"] |= {"properties": _options(), "additionalProperties": False}
    source["properties"]["files"]["minItems"] = 1
    source["allOf"] = [_when({"mode": {"const": "merge"}}, {"required": ["unique_key"]}, _no("unique_key"))]
    given = [{"required": ["transforms"], "properties": {"transforms": {"minItems": 1}}}]
    given += [{"required": ["sources"], "properties": {"sources": {"minProperties": 1}}}]
    return _document("floe", "floe.yaml", {**definitions[top], "anyOf": given}, definitions)


def platform_schema() -> Schema:
    """The schema of platform.yaml. A file with `extends` may leave out what another one says."""
    from floe.config import secret_backends
    from floe.config.buckets import MODELS as BUCKETS
    from floe.config.server_catalogs import MODELS as CATALOGS
    from floe.config.warehouses import PARTS

    parts = dict(sorted(PARTS.items()))
    places = secret_backends.models()
    definitions, names = _definitions(
        *(Platform, *BUCKETS.values(), *CATALOGS.values(), *places.values()),
        *(model for pair in parts.values() for model in pair),
    )
    top = definitions[names[0]]
    following = iter(names[1:])
    buckets, catalogs, backends = ({kind: next(following) for kind in kinds} for kinds in (BUCKETS, CATALOGS, places))
    computes = {"duckdb": "DuckdbCompute"}
    for kind in parts:
        computes[kind] = f"{kind.capitalize()}Compute"
        definitions[computes[kind]] = _warehouse(kind, next(following), next(following), definitions)
    definitions["SecretsConfig"]["properties"]["backends"]["items"] = _backends(backends, definitions)
    sections = {
        "storage": {"local": "LocalStorage", **buckets},
        "catalogs": {"sql": "SqlCatalogConfig", **catalogs},
        "compute": computes,
    }
    for section, kinds in sections.items():
        top["properties"][section]["additionalProperties"] = _by_type(kinds)
    for unused in ("BucketConfig", "ServerCatalogConfig", "WarehouseCompute"):
        definitions.pop(unused, None)
    _walk(definitions, _with_variables)
    top["allOf"] = [_duckdb_needs("storage", "catalogs", "layers")]
    definitions |= {f"Partial{name}": _partial(value) for name, value in definitions.items() if name != names[0]}
    definitions["Variable"] = _VARIABLE
    return _document("platform", "platform.yaml", {**_extensible(top), "examples": [BUILT_IN]}, definitions)


def _extensible(top: Schema) -> Schema:
    """The schema of a whole file, of which parts may be left out where it has `extends`."""
    inner = _when({"extends": {"type": "string"}}, _without_names(_partial(top)), _without_names(top))
    return {
        "type": "object",
        "title": top["title"],
        "description": top["description"],
        "properties": {name: _head(value) for name, value in top["properties"].items()},
        "additionalProperties": False,
        "allOf": [inner],
    }


def _document(name: str, file: str, top: Schema, definitions: Mapping[str, Schema]) -> Schema:
    head = {"$schema": DIALECT, "$id": f"urn:floe:schema:{name}", **top, "title": file}
    reached = _reached(head, definitions)
    return {**head, "$defs": {key: definitions[key] for key in sorted(reached)}}


def _reached(top: Schema, definitions: Mapping[str, Schema]) -> set[str]:
    """Names of the definitions that are used."""
    reached: set[str] = set()
    waiting: list[Any] = [top]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            name = str(value.get("$ref", "")).removeprefix("#/$defs/")
            if name and name not in reached:
                reached.add(name)
                waiting.append(definitions[name])
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
    return reached


def _definitions(*models: type[Strict]) -> tuple[dict[str, Schema], list[str]]:
    """Definitions of all models and of what they hold, tidied; and the names of the models' own."""
    found, whole = models_json_schema([(model, "validation") for model in models], ref_template=_REFERENCE)
    definitions = whole["$defs"]
    _walk(definitions, _tidy)
    return definitions, [found[model, "validation"]["$ref"].removeprefix("#/$defs/") for model in models]


def _walk(value: Any, change: Callable[[Schema, str], None], key: str = "") -> None:  # noqa: ANN401 - JSON
    """Change every schema in place, the innermost first; `key` is the property whose schema it is."""
    if isinstance(value, list):
        for item in value:
            _walk(item, change, key)
    elif isinstance(value, dict):
        for name, inner in value.items():
            if name == "properties" and isinstance(inner, dict):
                for field, schema in inner.items():
                    _walk(schema, change, field)
            elif name not in ("default", "examples", "enum", "const"):
                _walk(inner, change, key)
        change(value, key)


def _tidy(schema: Schema, _: str) -> None:
    """Say the same in fewer words, and give the examples that a description names a place of their own."""
    if schema.get("default", 0) is None:
        del schema["default"]
    if isinstance(schema.get("default"), dict):
        schema["default"] = {name: value for name, value in schema["default"].items() if value is not None}
    if "patternProperties" in schema:  # it would let other names pass
        ((pattern, value),) = schema.pop("patternProperties").items()
        schema |= {"propertyNames": {"pattern": pattern}, "additionalProperties": value}
    if "oneOf" in schema:  # the alternatives of a union whose tag a function finds overlap
        alternatives = schema.pop("oneOf")
        schema["anyOf"] = [item for number, item in enumerate(alternatives) if item not in alternatives[:number]]
    named = _EXAMPLE.search(schema.get("description", "")) if isinstance(schema.get("description"), str) else None
    if named is not None and _is_text(schema):
        schema["examples"] = _LABELS.findall(named[1])


def _is_text(schema: Schema) -> bool:
    return schema.get("type") == "string" or any(_is_text(item) for item in schema.get("anyOf", ()))


def _with_variables(schema: Schema, key: str) -> None:
    """Let `${VAR}` stand for any value that is no credential: it is filled in before the value is checked."""
    if "$ref" in schema or schema.get("type") in ("object", "array", "null") or is_credential_key(key):
        return
    if schema.get("type") == "string" and not any(name in schema for name in _CONSTRAINTS[:-1]):
        return
    if schema.get("type") in ("string", "integer", "number", "boolean"):
        rules = {name: schema.pop(name) for name in list(schema) if name not in ("title", "description", "default")}
        examples = {"examples": rules.pop("examples")} if "examples" in rules else {}
        schema |= {**examples, "anyOf": [rules, {"$ref": "#/$defs/Variable"}]}


def _warehouse(kind: str, properties: str, credentials: str, definitions: Mapping[str, Schema]) -> Schema:
    parts = {"properties": properties, "credentials": credentials}
    needed = [name for name, part in parts.items() if definitions[part].get("required")]
    return {
        "title": f"{kind.capitalize()}Compute",
        "description": f"A warehouse that dbt-{kind} drives.",
        "type": "object",
        "properties": {
            "type": {"const": kind, "type": "string", "description": "Kind of warehouse, as dbt's adapter is called."},
            "properties": {"$ref": f"#/$defs/{properties}", "description": "Where it is, and how it is used."},
            "credentials": {"$ref": f"#/$defs/{credentials}", "description": "Who connects; secrets by reference."},
        },
        "required": ["type", *needed],
        "additionalProperties": False,
    }


def _by_type(kinds: Mapping[str, str]) -> Schema:
    """A profile: which of the definitions it must fit depends on its `type`."""
    variable = {"$ref": "#/$defs/Variable"}
    return {
        "type": "object",
        "required": ["type"],
        "properties": {"type": {"description": "Kind of profile.", "anyOf": [{"enum": list(kinds)}, variable]}},
        "allOf": [
            _when({"type": {"const": kind}}, {"$ref": f"#/$defs/{definition}"}) for kind, definition in kinds.items()
        ],
    }


def _backends(kinds: Mapping[str, str], definitions: Mapping[str, Schema]) -> Schema:
    """A place of secrets: its settings by type; or its type alone, where it needs no settings, or an installed one."""
    own = {kind: name for kind, name in kinds.items() if kind != OTHER}
    settings = _by_type(own)
    free = {"type": "string", "pattern": PROFILE_PATTERN}
    settings["properties"]["type"]["anyOf"].append(free)
    known = {"anyOf": [{"enum": list(own)}, {"$ref": "#/$defs/Variable"}]}
    settings["allOf"].append({**_when({"type": known}, {}), "else": {"$ref": f"#/$defs/{kinds[OTHER]}"}})
    alone = [kind for kind, name in own.items() if set(definitions[name].get("required", ())) <= {"type"}]
    return {"anyOf": [{"enum": alone}, {**free, "not": {"enum": list(own)}}, settings]}


def _when(properties: Schema, then: Schema, otherwise: Schema | None = None) -> Schema:
    condition = {"properties": properties, "required": list(properties)}
    return {"if": condition, "then": then, **({"else": otherwise} if otherwise else {})}


def _no(name: str) -> Schema:
    """Nothing in the list or text of that name."""
    return {"properties": {name: {"maxItems": 0, "type": "array"}}}


def _duckdb_needs(*sections: str) -> Schema:
    """A platform with a compute profile of DuckDB needs the sections that Floe keeps tables by."""
    is_duckdb = {"properties": {"type": {"const": "duckdb"}}, "required": ["type"]}
    some = {"compute": {"type": "object", "not": {"additionalProperties": {"not": is_duckdb}}}}
    filled = {name: {"minProperties": 1} for name in sections}
    return _when(some, {"required": list(sections), "properties": filled})


def _partial(schema: Any) -> Any:  # noqa: ANN401 - JSON
    """The same for a file that extends another: nothing is required, and `null` takes a value away."""
    if isinstance(schema, list):
        return [_partial(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    result: Schema = {}
    for name, value in schema.items():
        if name == "$ref" and not value.endswith(("/Variable", "/SecretRef")):
            result[name] = value.replace("#/$defs/", "#/$defs/Partial")
        elif name == "properties":
            result[name] = {key: {"anyOf": [_partial(inner), {"type": "null"}]} for key, inner in value.items()}
        elif name == "additionalProperties" and isinstance(value, dict):
            result[name] = {"anyOf": [_partial(value), {"type": "null"}]}
        elif name in ("required", "default", "enum", "const", "if", "minProperties"):
            result |= {name: value} if name not in ("required", "default", "minProperties") else {}
        else:
            result[name] = _partial(value)
    return result


def _without_names(schema: Schema) -> Schema:
    return {key: value for key, value in schema.items() if key not in ("title", "description", "examples")}


def _head(schema: Schema) -> Schema:
    """What an editor shows of a section before it knows whether the file extends another."""
    return {key: value for key, value in schema.items() if key in ("title", "description", "default")}


def _options() -> Schema:
    """Options of all readers; which of them fit together depends on the format of the files."""
    known: dict[str, type] = {}
    for options in OPTIONS.values():
        known |= options
    formats = {name: [kind for kind, options in OPTIONS.items() if name in options] for name in known}
    return {
        name: {"type": _TYPE_NAMES[known[name]], "description": f"For {' and '.join(formats[name])} files."}
        for name in sorted(known)
    }
