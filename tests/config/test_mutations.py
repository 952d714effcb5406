"""Whatever is done to a valid file, it loads or is refused with file, line, column and code (reliability T16)."""

from __future__ import annotations

import random
import re
from typing import TYPE_CHECKING

import pytest

from floe.config.load import load_configuration
from floe.diagnostics.render import FORMATS, render
from floe.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Project
    from floe.diagnostics.diagnostic import Diagnostic

MUTATIONS = 600
"""Mutations of one test run, half of each file."""

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
        re.fullmatch(r"FLOE-01\d\d", diagnostic.code)
        and span.file in {"floe.yaml", "platform.yaml", "base.yaml", "the built-in platform"}
        and span.line >= 1
        and 1 <= span.column <= span.end_column
        and not JARGON.search(re.sub("`[^`]*`", "", message))
    )


@pytest.mark.parametrize("seed", range(6))
def test_mutated_files_load_or_are_refused_with_a_place_and_a_code(seed: int, project: Project):
    dice = random.Random(seed)
    floe_without_compute = re.sub(r"(?m)^compute: .*\n", "", FLOE)
    assert not refused(project, floe_without_compute.encode(), PLATFORM.encode())
    count = 0
    for number in range(MUTATIONS // 6):
        texts = [floe_without_compute, PLATFORM]
        for _ in range(dice.choice([1, 1, 1, 2, 4])):
            texts[number % 2] = dice.choice(KINDS)(texts[number % 2] or "x", dice)
        count += refused(project, texts[0].encode(errors="replace"), texts[1].encode(errors="replace"))
    assert count > MUTATIONS // 6 // 2


HEIR = """\
extends: base.yaml
locked: [storage.default]
compute:
  default: {properties: {memory_limit: 2GB}}
  other: {type: duckdb}
layers:
  gold: {retention_days: 120}
"""


def test_mutated_files_that_extend_one_another_load_or_are_refused_in_the_same_way(project: Project):
    dice = random.Random(5)
    floe = re.sub(r"(?m)^compute: .*\n", "", FLOE).encode()
    base = "locked: {layers.gold.retention_days: at_least, catalogs: fixed}\n" + PLATFORM + "    retention_days: 90\n"
    (project.folder / "base.yaml").write_text(base)
    assert not refused(project, floe, HEIR.encode())
    count = 0
    for number in range(MUTATIONS // 4):
        texts = [base, HEIR]
        for _ in range(dice.choice([1, 1, 1, 2, 4])):
            texts[number % 2] = dice.choice(KINDS)(texts[number % 2] or "x", dice)
        (project.folder / "base.yaml").write_bytes(texts[0].encode(errors="replace"))
        count += refused(project, floe, texts[1].encode(errors="replace"))
    assert count > MUTATIONS // 4 // 2


def test_mutated_bytes_load_or_are_refused_with_a_place_and_a_code(project: Project):
    dice = random.Random(16)
    for _ in range(100):
        content = bytearray(FLOE.encode())
        for _ in range(dice.choice([1, 3])):
            content[dice.randrange(len(content))] = dice.randrange(256)
        refused(project, bytes(content), PLATFORM.encode())
