"""The models describe themselves, and what they allow the engine understands."""

from __future__ import annotations

import importlib
import pkgutil
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
from pydantic import ValidationError

import floe.config
from floe.config.fields import OpenProfile, Strict
from floe.config.formats import OPTIONS, format_of
from floe.config.pipeline import Pipeline, SourceConfig
from floe.config.platform import BUILT_IN, Platform, built_in_platform
from floe.config.warehouses import PARTS

if TYPE_CHECKING:
    from conftest import Project


for _module in pkgutil.iter_modules(floe.config.__path__, "floe.config."):
    importlib.import_module(_module.name)  # models are also in modules that are loaded only where they are needed

ROOMS_THAT_USE_SETTINGS = ("compiler", "deploy", "engines", "lake", "runtime", "secrets")
HANDED_ON = {
    "AzureCredentials": {"account_key"},  # an argument of Arrow's AzureFileSystem
    "RestCredentials": {"audience", "resource", "scope"},  # fields of the form that asks for a token
}
"""Fields that no code names, as they are given on with all others of their model."""
USED_IN_CONFIG = {"extends": "inheritance.py", "locked": "locks.py"}
"""Fields that are about the files themselves, and the module that follows them."""
SOURCE = Path(floe.config.__file__).parents[1]


def models(base: type[Strict] = Strict) -> list[type[Strict]]:
    found = base.__subclasses__()
    return found + [deeper for model in found for deeper in models(model)]


@pytest.mark.parametrize("model", models(), ids=lambda model: model.__name__)
def test_every_field_has_a_description_and_no_unknown_key_passes(model: type[Strict]):  # lesson 4
    assert model.model_fields
    assert [name for name, field in model.model_fields.items() if not field.description] == []
    # The settings of a catalog on a server, and of a bucket, are checked by the model of its type.
    assert model.model_config["extra"] == ("allow" if issubclass(model, OpenProfile) else "forbid")
    assert model.model_config["frozen"]


@cache
def names_used() -> frozenset[str]:
    """Every name that the code behind the configuration reads, as an attribute, an argument or a key."""
    texts = [path.read_text() for room in ROOMS_THAT_USE_SETTINGS for path in (SOURCE / room).rglob("*.py")]
    attribute, key, argument = r"\.(\w+)\b", r"[\"'](\w+)[\"']", r"\b(\w+)="
    return frozenset(name for text in texts for way in (attribute, key, argument) for name in re.findall(way, text))


@pytest.mark.parametrize("model", models(), ids=lambda model: model.__name__)
def test_every_field_is_used_by_something(model: type[Strict]):
    if model in {part for parts in PARTS.values() for part in parts}:
        return  # `settings_of` gives all fields of a warehouse to dbt
    fields = {field.alias or name for name, field in model.model_fields.items()}
    unused = fields - names_used() - set(USED_IN_CONFIG)
    assert unused == HANDED_ON.get(model.__name__, set())
    for name in fields & set(USED_IN_CONFIG):
        assert f'"{name}"' in (SOURCE / "config" / USED_IN_CONFIG[name]).read_text()


@pytest.mark.parametrize("model", [Pipeline, Platform])
def test_the_json_schema_documents_itself(model: type[Strict]):
    schema = model.model_json_schema()
    assert schema["additionalProperties"] is False
    assert all("description" in field for field in schema["properties"].values())


def test_a_loaded_model_cannot_be_changed(project: Project):
    with pytest.raises(ValidationError):
        project.load().pipeline.name = "other"


def test_the_built_in_platform_is_valid():
    assert built_in_platform() == Platform.model_validate(BUILT_IN)


def test_one_text_stands_for_a_list_of_one():
    source = SourceConfig.model_validate({"files": "a.csv", "mode": "merge", "unique_key": "id"})
    assert (source.files, source.unique_key) == (("a.csv",), ("id",))


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ("a/*.csv", "csv"),
        ("a.CSV", "csv"),
        ("a.csv.gz", "csv"),
        ("a.tsv", "csv"),
        ("a/*.parquet", "parquet"),
        ("a.json", "json"),
        ("a.jsonl", "json"),
        ("a.ndjson.gz", "json"),
        ("a.gz", None),
        ("a/*", None),
        ("a.csv/b", None),
    ],
)
def test_the_format_is_told_by_the_extension(files: str, expected: str | None):
    assert format_of(files) == expected


def test_a_given_format_goes_before_the_extension():
    assert SourceConfig.model_validate({"files": "a.txt", "format": "csv"}).file_format == "csv"
    assert SourceConfig.model_validate({"files": "a.json"}).file_format == "json"


@pytest.mark.parametrize("files", ["a.txt", ["a.csv", "b"], ["a.csv", "b.json"]])
def test_a_format_that_cannot_be_told_must_be_given(files: str | list[str]):
    with pytest.raises(ValidationError):
        SourceConfig.model_validate({"files": files})


VALUES: dict[str, Any] = {
    "comment": "#",
    "compression": "gzip",
    "dateformat": "%Y-%m-%d",
    "decimal_separator": ".",
    "delim": ";",
    "encoding": "utf-8",
    "escape": '"',
    "format": "auto",
    "new_line": "\\n",
    "nullstr": "NA",
    "quote": '"',
    "records": "auto",
    "sep": ";",
    "thousands": ",",
    "timestampformat": "%Y",
    "maximum_depth": 3,
    "skip": 0,
}


@pytest.mark.parametrize(
    ("file_format", "option"), [(file_format, option) for file_format, options in OPTIONS.items() for option in options]
)
def test_duckdb_takes_every_option_with_a_value_of_its_type(file_format: str, option: str, tmp_path: Path):
    kind = OPTIONS[file_format][option]
    value = VALUES.get(option, {bool: True, int: 1_000_000}.get(kind))
    assert type(value) is kind
    file = tmp_path / f"data.{file_format}"
    written = f"FORMAT {file_format}" + (", COMPRESSION gzip" if option == "compression" else "")
    with duckdb.connect() as connection:
        connection.execute(f"COPY (SELECT 1 AS a, 2 AS b) TO '{file}' ({written})")
        assert connection.execute(
            f"SELECT count(*) FROM read_{file_format}('{file}', {option} = $1)", [value]
        ).fetchone()


def test_loading_a_project_imports_nothing_heavy(project: Project):
    project.load()
    code = (
        "import sys; from pathlib import Path; from floe.config.load import load_configuration;"
        f"load_configuration(Path({str(project.folder)!r}));"
        "heavy = {'dbt', 'duckdb', 'pyiceberg', 'pyarrow', 'sqlglot', 'rich', 'click', 'jinja2', 'pandas'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert finished.stdout.strip() == "[]"


def test_the_place_of_the_project_does_not_matter(project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    first = project.load(project.floe, project.platform)
    monkeypatch.chdir(tmp_path)
    from floe.config.load import load_configuration

    assert load_configuration(project.folder.relative_to(tmp_path)) == first
    assert first.project_directory.is_absolute()
    assert first.platform_positions.span("layers", "bronze", "namespace").location == "platform.yaml:9"
