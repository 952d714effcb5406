"""Whatever is done to a valid file, it loads or is refused with file, line, column and code (reliability T16)."""

from __future__ import annotations

import os
import random
import re
import sys
from typing import TYPE_CHECKING

import pytest

from floe.config.load import load_configuration
from floe.diagnostics.render import FORMATS, render
from floe.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Project
    from floe.diagnostics.diagnostic import Diagnostic

MUTATIONS = int(os.environ.get("FLOE_TORTURE_MUTATIONS", "600"))
"""Mutations of one test run, over all kinds of platforms; half of each of floe.yaml and platform.yaml."""

FLOE = """\
# comment
name: shop
version: "1.0.0"
description: |
  several
  lines
owner: "team é 日本"
storage: default
compute: {target: duckdb, properties: {threads: 4, memory_limit: 4GB}}
transforms:
  - type: dbt
    path: ./models
    vars: {start: 2024-01-01, flag: yes, deep: [1, {a: b}]}
  - type: python
    path: ./assets
sources:
  raw_orders: {files: "data/orders/*.csv", layer: bronze, mode: merge, unique_key: [id]}
  others:
    files:
      - data/orders/1.csv
    options: {delim: ";", header: true, skip: 1}
publish: per-asset
"""

PLATFORM = """\
version: "1.0.0"
storage:
  default: {type: local, path: "${WAREHOUSE:-warehouse}"}
catalogs:
  default: {type: sql, uri: "sqlite:///catalog.db", warehouse: lake}
compute:
  default: {type: duckdb, properties: {threads: 2}}
layers:
  bronze: {namespace: bronze, storage_ref: default, catalog_ref: default}
  gold:
    namespace: analytics.gold
"""

HEAD = 'version: "1.0.0"\n'
LAYERS = """\
layers:
  bronze: &layer {namespace: bronze, storage_ref: default, catalog_ref: default}
  gold: {<<: *layer, namespace: analytics.gold, retention_days: 7}
"""
SQL_CATALOG = """\
catalogs:
  default: {type: sql, uri: "sqlite:///catalog.db", warehouse: lake}
"""
DUCKDB = """\
compute:
  default: {type: duckdb, properties: {threads: 2}}
"""
LOCAL = """\
storage:
  default: {type: local, path: warehouse}
"""
STATIC = "credentials: {mode: static, access_key_id: {secret_ref: keys, key: id}, secret_access_key: {secret_ref: key}}"
S3 = f"""\
storage:
  default:
    type: s3
    bucket: shop-lake
    region: eu-central-1
    prefix: lake/prod
    endpoint: https://minio.example.com
    path_style_access: true
    {STATIC}
"""
GCS = """\
storage:
  default: {type: gcs, bucket: shop-lake, credentials: {mode: service_account}}
"""
AZURE = """\
storage:
  default:
    type: azure
    account: shoplake
    bucket: lake
    credentials: {mode: service_account}
"""
REST = """\
catalogs:
  default:
    type: rest
    uri: https://catalog.example.com/api/catalog
    warehouse: shop
    access_delegation: vended-credentials
    credentials: {mode: oauth2, client_id: floe, client_secret: {secret_ref: catalog}, scope: ALL}
"""
GLUE = """\
catalogs:
  default: {type: glue, region: eu-central-1, credentials: {mode: service_account}}
"""
SNOWFLAKE = """\
compute:
  default:
    type: snowflake
    properties: {account: ab12345, warehouse: load, database: shop, schema: main}
    credentials: {user: floe, password: {secret_ref: snowflake}}
"""
POSTGRES = """\
compute:
  default:
    type: postgres
    properties: {host: db.example.com, port: 5432, dbname: shop, schema: main}
    credentials: {user: floe, password: {secret_ref: postgres}}
"""
PLATFORMS = {
    "local": PLATFORM,
    "extending": HEAD + "extends: built-in\nlocked: [layers.bronze]\n" + DUCKDB,
    "s3": HEAD + S3 + SQL_CATALOG + DUCKDB + LAYERS,
    "gcs": HEAD + GCS + SQL_CATALOG + DUCKDB + LAYERS,
    "azure": HEAD + AZURE + SQL_CATALOG + DUCKDB + LAYERS,
    "rest": HEAD + S3 + REST + DUCKDB + LAYERS,
    "polaris": HEAD + S3 + REST.replace("type: rest", "type: polaris") + DUCKDB + LAYERS,
    "glue": HEAD + S3 + GLUE + DUCKDB + LAYERS,
    "snowflake": HEAD + SNOWFLAKE,
    "postgres": HEAD + POSTGRES,
}
WAREHOUSE_FLOE = 'name: shop\nversion: "1.0.0"\ntransforms: [{type: dbt, path: models}]\n'

PIECES = [
    *"\t\n\r:{}[]#&*!|>'\"%@`,-?~<= \\\x00\x85\u2028\ufeff日",
    "${X}", "${", "<<: ", "- ", ": ", "&a ", "*a", "!!int ", "---\n", "...\n", "null", "yes", "1.0", "0x_", "1e999",
    ".nan", "<", "[", "99999999999999999999", "{}", "[]", '""', "[[[[[", "http://h:1/", "password: x\n",
    "../", "/", "  ",
]  # fmt: skip

JARGON = re.compile(
    r"[Ii]nput should|[Ff]ield required|[Ee]xtra inputs|valid dictionary|discriminator|pydantic"
    r"|holds a value that cannot be used|not valid YAML"
)
"""Words of libraries, and of what is said where no better words were found."""


def insert(text: str, dice: random.Random) -> str:
    place = dice.randrange(len(text) + 1)
    return text[:place] + dice.choice(PIECES) + text[place:]


def delete(text: str, dice: random.Random) -> str:
    place = dice.randrange(len(text))
    return text[:place] + text[place + dice.choice([1, 1, 2, 5, 30]) :]


def replace_value(text: str, dice: random.Random) -> str:
    values = list(re.finditer(r"(?<=: )[^\n,}]+", text)) or list(re.finditer(r"(?s).+", text))
    value = dice.choice(values)
    return text[: value.start()] + dice.choice(PIECES) + text[value.end() :]


def misspell_key(text: str, dice: random.Random) -> str:
    key = dice.choice(list(re.finditer(r"\w+(?=:)", text)) or list(re.finditer(r"(?s).+", text)))
    letters = list(key[0])
    dice.shuffle(letters)
    return text[: key.start()] + "".join(letters) + text[key.end() :]


def move_line(text: str, dice: random.Random) -> str:
    lines = text.splitlines(keepends=True)
    line = lines.pop(dice.randrange(len(lines)))
    lines.insert(dice.randrange(len(lines) + 1), dice.choice(["", " ", "  ", "\t"]) + line)
    return "".join(lines)


def repeat_line(text: str, dice: random.Random) -> str:
    lines = text.splitlines(keepends=True)
    place = dice.randrange(len(lines))
    return "".join([*lines[:place], lines[place], *lines[place:]])


def cut(text: str, dice: random.Random) -> str:
    return text[: dice.randrange(len(text))]


KINDS: list[Callable[[str, random.Random], str]] = [
    insert, delete, replace_value, misspell_key, move_line, repeat_line, cut,
]  # fmt: skip


def refused(project: Project, floe: bytes, platform: bytes) -> bool:
    """Load the files; True where they were refused, and refused well."""
    (project.folder / "floe.yaml").write_bytes(floe)
    (project.folder / "platform.yaml").write_bytes(platform)
    try:
        load_configuration(project.folder)
    except ConfigurationError as error:
        found = error.diagnostics
    else:
        return False
    assert all(is_clear(diagnostic) for diagnostic in found), found
    assert all(render(found, output_format) for output_format in FORMATS)
    return True


def is_clear(diagnostic: Diagnostic) -> bool:
    """A code, a place that exists, and a message in Floe's own words."""
    span, message = diagnostic.span, diagnostic.message
    return bool(
        re.fullmatch(r"FLOE-(01\d\d|0542)", diagnostic.code)
        and span.file in {"floe.yaml", "platform.yaml", "base.yaml", "the built-in platform"}
        and span.line >= 1
        and 1 <= span.column <= span.end_column
        and not JARGON.search(re.sub("`[^`]*`", "", message))
    )


def mutated_bytes(text: str, dice: random.Random) -> bytes:
    content = bytearray(text.encode())
    for _ in range(dice.choice([1, 1, 3])):
        content[dice.randrange(len(content))] = dice.randrange(256)
    return bytes(content)


def mutated_text(text: str, dice: random.Random) -> bytes:
    for _ in range(dice.choice([1, 1, 1, 2, 4])):
        text = dice.choice(KINDS)(text or "x", dice)
    return text.encode(errors="replace")


@pytest.mark.parametrize("kind", PLATFORMS)
def test_mutated_files_load_or_are_refused_with_a_place_and_a_code(kind: str, project: Project):
    dice = random.Random(kind)
    on_duckdb = re.sub(r"(?m)^compute: .*\n", "", FLOE)
    texts = (WAREHOUSE_FLOE if kind in {"snowflake", "postgres"} else on_duckdb, PLATFORMS[kind])
    assert not refused(project, texts[0].encode(), texts[1].encode())
    rounds, count = MUTATIONS // len(PLATFORMS), 0
    for number in range(rounds):
        files = [text.encode() for text in texts]
        mutate = mutated_bytes if number % 5 == 4 else mutated_text
        files[number % 2] = mutate(texts[number % 2], dice)
        count += refused(project, files[0], files[1])
    sys.stdout.write(
        f"T16, {kind}: {rounds} mutations, {count} refused with file, line, column and code, 0 tracebacks\n"
    )
    assert count > rounds // 2
