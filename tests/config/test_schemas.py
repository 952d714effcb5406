"""The exported JSON Schemas: a validator agrees with `floe validate`, but for what no schema can know."""

from __future__ import annotations

import copy
import json
import os
import random
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from tests.config.test_mutations import FLOE, KINDS, PLATFORM

from floe.artifact.schema import artifacts_schema
from floe.config.fields import WAREHOUSES
from floe.config.load import load_configuration
from floe.config.reading import read_text
from floe.config.schemas import pipeline_schema, platform_schema
from floe.errors import ConfigurationError

if TYPE_CHECKING:
    from conftest import Project
    from floe.diagnostics.diagnostic import Diagnostic

ROOT = Path(__file__).parents[2]
_OF_DBT = tuple(name.capitalize() for name in WAREHOUSES)
MUTATIONS = int(os.environ.get("FLOE_TORTURE_SCHEMAS", "150"))
"""Mutations on which schema and `validate` are compared."""

YAML_ITSELF = {"FLOE-0102", "FLOE-0104", "FLOE-0119"}
"""What is wrong before there is a value: syntax, keys given twice, anchors."""
REFERENCES = {
    *(f"FLOE-01{number:02}" for number in (8, 9, 10, 11, 15, 17, 18, 20, 21)),
    *(f"FLOE-013{number}" for number in range(10)),
}
"""What depends on another place or on files: profiles, layers, paths, namespaces, extended files."""
CONTENT = {"FLOE-0112", "FLOE-0113", "FLOE-0114", "FLOE-0122", "FLOE-0160", "FLOE-0161", "FLOE-0162"}
"""What a text may not hold: credentials, endpoints, variables that are not set, templates."""
TOGETHER = {"FLOE-0124", "FLOE-0163", "FLOE-0542"}
"""Which settings of credentials belong together."""
RULES = re.compile(
    r"have the same namespace|has credentials of mode `vended`|has no meaning with mode|takes no `credentials`"
    r"|cannot be told from its extension|have different formats|unknown option `|^option `|needs a `unique_key`"
)
"""Rules over several fields that share the codes of plain mistakes."""

PLATFORMS: list[dict[str, Any]] = [
    yaml.safe_load(PLATFORM.replace("${WAREHOUSE:-warehouse}", "warehouse")),
    {
        "version": "1.0.0",
        "storage": {
            "default": {
                "type": "s3",
                "bucket": "lake-data",
                "endpoint": "https://minio.example.com",
                "path_style_access": True,
                "credentials": {
                    "mode": "static",
                    "access_key_id": {"secret_ref": "s3", "key": "id"},
                    "secret_access_key": {"secret_ref": "s3", "key": "secret"},
                },
            },
            "google": {"type": "gcs", "bucket": "lake-data", "credentials": {"mode": "vended"}},
            "azure": {"type": "azure", "account": "lakedata", "bucket": "tables", "prefix": "a/b"},
        },
        "catalogs": {
            "default": {
                "type": "polaris",
                "uri": "https://polaris.example.com/api/catalog",
                "warehouse": "lake",
                "access_delegation": "vended-credentials",
                "credentials": {
                    "mode": "oauth2",
                    "client_id": "floe",
                    "client_secret": {"secret_ref": "polaris"},
                    "scope": "PRINCIPAL_ROLE:ALL",
                },
                "properties": {"headers": {"Polaris-Realm": "a"}, "timeout_seconds": 30},
            },
            "aws": {"type": "glue", "region": "eu-west-1", "credentials": {"mode": "service_account"}},
            "rest": {"type": "rest", "uri": "https://rest.example.com", "token_refresh_enabled": False},
        },
        "compute": {"default": {"type": "duckdb", "properties": {"threads": 4, "memory_limit": "60%"}}},
        "layers": {"bronze": {"namespace": "bronze", "retention_days": 7}, "gold": {"namespace": "gold"}},
        "secrets": {
            "backends": [
                "env",
                {"type": "mount", "path": "/run/secrets"},
                {"type": "file", "path": "/etc/floe.env"},
                {"type": "vault", "url": "https://vault.example.com:8200", "kv_version": 2},
                {"type": "aws-secrets-manager", "region": "eu-west-1"},
                "keyring",
            ]
        },
    },
    {
        "version": "1.0.0",
        "compute": {
            "default": {
                "type": "postgres",
                "properties": {"host": "db.example.com", "database": "shop", "schema": "public", "port": 5432},
                "credentials": {"user": "floe", "password": {"secret_ref": "warehouse"}},
            },
            "other": {
                "type": "snowflake",
                "properties": {"account": "a-b", "database": "d", "schema": "s", "query_tag": "floe"},
                "credentials": {"user": "floe", "private_key": {"secret_ref": "snowflake"}},
            },
        },
    },
]
FLOE_VALUE: dict[str, Any] = yaml.safe_load(re.sub(r"(?m)^compute: .*\n", "", FLOE))
FLOE_VALUE["transforms"][0]["vars"]["start"] = "2024-01-01"
WAREHOUSE_FLOE = {"name": "shop", "version": "1.0.0", "transforms": [{"type": "dbt", "path": "./models"}]}
VALUES: list[Any] = [
    None,
    True,
    7,
    -1,
    2.5,
    "",
    "text",
    "a.b",
    [],
    ["x"],
    {},
    {"secret_ref": "name"},
    {"a": 1},
    "1.0.0",
]


@pytest.fixture(scope="module")
def validators() -> dict[str, Draft202012Validator]:
    made = {"floe.yaml": pipeline_schema(), "platform.yaml": platform_schema()}
    for schema in made.values():
        Draft202012Validator.check_schema(schema)
    return {name: Draft202012Validator(schema) for name, schema in made.items()}


def found_in(project: Project, floe: str, platform: str) -> list[Diagnostic]:
    (project.folder / "floe.yaml").write_text(floe)
    (project.folder / "platform.yaml").write_text(platform)
    try:
        load_configuration(project.folder)
    except ConfigurationError as error:
        return list(error.diagnostics)
    return []


def disagreement(
    validator: Draft202012Validator, name: str, text: str, found: list[Diagnostic], variables: dict[str, str] | None
) -> str:
    """How a schema and `validate` differ over one file; empty where they agree, or the file is no YAML to compare."""
    mine = [item for item in found if item.span is not None and item.span.file == name]
    document = read_text(text, name, variables).document
    if document is None or any(item.code in YAML_ITSELF for item in mine) or holds_odd_numbers(document.value):
        return ""
    errors = [error.message[:150] for error in validator.iter_errors(document.value)]
    plain = [
        item for item in mine if item.code not in REFERENCES | CONTENT | TOGETHER and not RULES.search(item.message)
    ]
    if errors and not mine:
        return f"only the schema refuses:\n{errors}\n{text}"
    if plain and not errors:
        return f"only validate refuses:\n{[(item.code, item.message) for item in plain]}\n{text}"
    return ""


def holds_odd_numbers(value: object) -> bool:
    """Whether there is a number such as `4.0`: whole for JSON Schema, and none for Floe."""
    if isinstance(value, dict):
        return any(map(holds_odd_numbers, value.values()))
    if isinstance(value, list):
        return any(map(holds_odd_numbers, value))
    return isinstance(value, float) and value.is_integer()


def mutated(value: dict[str, Any], dice: random.Random) -> dict[str, Any]:
    """The value with one place changed: a key gone, new or misspelt, or another value."""
    whole = copy.deepcopy(value)
    holder: Any = whole
    while True:
        keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
        key = dice.choice(keys)
        if isinstance(holder[key], (dict, list)) and holder[key] and dice.random() < 0.8:
            holder = holder[key]
            continue
        break
    kind = dice.randrange(4)
    if kind == 0:
        del holder[key]
    elif kind == 1 and isinstance(holder, dict):
        holder[dice.choice(["unknown", "", "a b", "type", "mode", f"{key}s", "1"])] = dice.choice(VALUES)
    elif kind == 2 and isinstance(holder, dict):
        letters = list(str(key))
        dice.shuffle(letters)
        holder["".join(letters)] = holder.pop(key)
    else:
        holder[key] = dice.choice(VALUES)
    return whole


def test_schema_and_validate_agree_on_mutations(project: Project, validators: dict[str, Draft202012Validator]):
    dice = random.Random(42)
    refused = compared = 0
    differences = []
    for number in range(MUTATIONS):
        platform = PLATFORMS[number % 3]
        floe = WAREHOUSE_FLOE if number % 3 == 2 else FLOE_VALUE
        of_platform = number % 2 == 0
        name, value = ("platform.yaml", platform) if of_platform else ("floe.yaml", floe)
        text = yaml.safe_dump(mutated(value, dice), sort_keys=False, allow_unicode=True)
        if number % 5 == 0:
            text = dice.choice(KINDS)(yaml.safe_dump(value, sort_keys=False, allow_unicode=True), dice)
        texts = {"floe.yaml": yaml.safe_dump(floe), "platform.yaml": yaml.safe_dump(platform), name: text}
        found = found_in(project, texts["floe.yaml"], texts["platform.yaml"])
        difference = disagreement(validators[name], name, text, found, {} if of_platform else None)
        differences += [difference] if difference else []
        refused += bool(found)
        compared += 1
    print(f"\n{compared} mutations, {refused} refused, {len(differences)} disagreements")  # noqa: T201 - the count of a torture run
    assert not differences, "\n\n".join(differences[:5])
    assert refused > MUTATIONS // 2


def test_the_files_that_mutations_start_from_are_valid(project: Project, validators: dict[str, Draft202012Validator]):
    for platform in PLATFORMS:
        floe = WAREHOUSE_FLOE if "storage" not in platform else FLOE_VALUE
        assert found_in(project, yaml.safe_dump(floe), yaml.safe_dump(platform)) == []
        assert [error.message for error in validators["platform.yaml"].iter_errors(platform)] == []
        assert [error.message for error in validators["floe.yaml"].iter_errors(floe)] == []


def all_files() -> list[Path]:
    places = ("examples", "tests", "conformance", "src", "benchmarks")
    return sorted(
        path for place in places for name in ("floe", "platform") for path in (ROOT / place).rglob(f"{name}.yaml")
    )


@pytest.mark.parametrize("path", all_files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_file_of_the_repository_fits_its_schema(path: Path, validators: dict[str, Draft202012Validator]):
    document = yaml.safe_load(path.read_text())
    assert [error.message for error in validators[path.name].iter_errors(document)] == []


def test_yaml_of_the_documentation_fits_its_schema(validators: dict[str, Draft202012Validator]):
    from tests.docs.pages import PAGES, blocks

    count = 0
    for page in PAGES:
        for block in blocks(page, "yaml"):
            name = block.first_line.removeprefix("# ").strip()
            document = yaml.safe_load(block.text)
            if name not in validators or not isinstance(document, dict):
                continue
            partial = {"required", "anyOf", "allOf", "if"}
            errors = [error for error in validators[name].iter_errors(document) if error.validator not in partial]
            assert [error.message for error in errors] == [], f"{page}: {block.text}"
            count += 1
    assert count > 20


def test_variables_may_stand_where_they_are_filled_in(validators: dict[str, Draft202012Validator]):
    platform = copy.deepcopy(PLATFORMS[1])
    platform["storage"]["default"] |= {"bucket": "${BUCKET}", "path_style_access": "${PATH_STYLE:-true}"}
    platform["layers"]["bronze"]["retention_days"] = "${DAYS}"
    assert list(validators["platform.yaml"].iter_errors(platform)) == []
    platform["storage"]["default"]["credentials"]["secret_access_key"] = "${KEY}"
    assert list(validators["platform.yaml"].iter_errors(platform)) != []


def test_a_file_that_extends_another_may_leave_out_what_that_one_says(validators: dict[str, Draft202012Validator]):
    heir = {"extends": "base.yaml", "layers": {"gold": {"retention_days": 120}}, "compute": {"default": None}}
    assert list(validators["platform.yaml"].iter_errors(heir)) == []
    assert list(validators["platform.yaml"].iter_errors({**heir, "extends": None})) != []
    assert list(validators["platform.yaml"].iter_errors({**heir, "layers": {"gold": {"retentiondays": 1}}})) != []


def test_every_value_that_floe_lets_choose_from_is_explained():
    """Those of warehouses are dbt's own, and explained there."""
    for schema in (pipeline_schema(), platform_schema()):
        parts = {name: part for name, part in schema["$defs"].items() if not name.startswith(("Partial", *_OF_DBT))}
        for name, part in {**parts, "the whole file": schema}.items():
            for field, inner in part.get("properties", {}).items():
                for value in (value for item in (inner, *inner.get("anyOf", ())) for value in item.get("enum", ())):
                    assert f"`{value}`" in inner["description"], (name, field)


def test_every_field_is_described():
    for schema in (pipeline_schema(), platform_schema(), artifacts_schema()):
        strict = {name: part for name, part in schema["$defs"].items() if not name.startswith("Partial")}
        for name, part in {**strict, "the whole file": {"properties": schema["properties"]}}.items():
            fields = part.get("properties", {}).items()
            assert [field for field, inner in fields if not inner.get("description")] == [], name
    for schema in (pipeline_schema(), platform_schema()):
        assert '"examples"' in json.dumps(schema)
