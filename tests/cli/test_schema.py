"""`floe schema`: schemas as files, and editors that use them, without losing anything of the user's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml
from jsonschema import Draft202012Validator

from floe.cli.editors import merged_settings, with_header

if TYPE_CHECKING:
    from conftest import Floe

ROOT = Path(__file__).parents[2]
VALID = 'name: shop\nversion: "1.0.0"\ntransforms: [{type: dbt, path: models}]\n'
HEADER = "# yaml-language-server: $schema=.schemas/floe.schema.json"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "models").mkdir()
    (tmp_path / "models/orders.sql").write_text("select 1 as id\n")
    (tmp_path / "floe.yaml").write_text(VALID)
    (tmp_path / "platform/prod").mkdir(parents=True)
    (tmp_path / "platform/prod/platform.yaml").write_text('version: "1.0.0"\n')
    return tmp_path


@pytest.mark.parametrize("name", ["floe", "platform", "artifacts"])
def test_the_schemas_of_the_repository_are_those_that_the_models_give(floe: Floe, name: str) -> None:
    exported = floe("schema", "export", name)
    assert (exported.status, exported.err) == (0, "")
    committed = (ROOT / f"schemas/{name}.schema.json").read_text()
    assert exported.out == committed, "run `floe schema export --output schemas`"
    schema = json.loads(committed)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    Draft202012Validator.check_schema(schema)


def test_the_schema_of_artifacts_fits_what_is_compiled(floe: Floe, project: Path) -> None:
    assert floe("compile").status == 0
    document = json.loads((project / ".floe/artifacts.json").read_text())
    schema = json.loads(floe("schema", "export", "artifacts").out)
    assert list(Draft202012Validator(schema).iter_errors(document)) == []
    assert list(Draft202012Validator(schema).iter_errors({**document, "unknown": 1})) != []
    assert "dbt's names of the projects" in schema["properties"]["dbt_packages"]["description"]


def test_export_writes_one_file_or_a_folder_of_all(floe: Floe, tmp_path: Path) -> None:
    assert floe("schema", "export", "floe", "--output", "deep/one.json").err == "wrote deep/one.json\n"
    written = json.loads(floe("schema", "export", "--output", "all", "--json").out)["written"]
    assert written == ["all/floe.schema.json", "all/platform.schema.json", "all/artifacts.schema.json"]
    assert (tmp_path / "deep/one.json").read_bytes() == (tmp_path / "all/floe.schema.json").read_bytes()


@pytest.mark.parametrize(
    "words",
    [
        ("export",),
        ("export", "floe", "--dry-run"),
        ("setup-editor", "floe"),
        ("setup-editor", "--output", "x"),
    ],
)
def test_what_does_not_fit_the_action_is_refused(floe: Floe, project: Path, words: tuple[str, ...]) -> None:
    outcome = floe("schema", *words)
    assert (outcome.status, outcome.out) == (2, "")
    assert outcome.err.startswith("error[FLOE-0156]: ")


def test_editors_are_set_up_once_and_the_files_stay_valid(floe: Floe, project: Path) -> None:
    before = sorted(project.rglob("*"))
    rehearsed = floe("schema", "setup-editor", "--dry-run")
    assert sorted(project.rglob("*")) == before
    assert rehearsed.err == (
        "would write  .schemas/floe.schema.json\n"
        "would write  .schemas/platform.schema.json\n"
        "would write  floe.yaml\n"
        "would write  platform/prod/platform.yaml\n"
        "would write  .vscode/settings.json\n"
    )
    assert floe("schema", "setup-editor").err.count("      wrote  ") == 5
    assert (project / "floe.yaml").read_text() == f"{HEADER}\n{VALID}"
    header = (project / "platform/prod/platform.yaml").read_text().partition("\n")[0]
    assert header == "# yaml-language-server: $schema=../../.schemas/platform.schema.json"
    settings = json.loads((project / ".vscode/settings.json").read_text())
    assert settings["yaml.schemas"]["./.schemas/floe.schema.json"] == ["floe.yaml"]
    assert floe("validate").status == 0
    contents = {path: path.read_bytes() for path in project.rglob("*") if path.is_file()}
    again = json.loads(floe("schema", "setup-editor", "--json").out)
    assert {file["outcome"] for file in again["files"]} == {"unchanged"}
    assert {path: path.read_bytes() for path in project.rglob("*") if path.is_file()} == contents


def test_settings_with_comments_are_left_alone_and_what_to_add_is_said(floe: Floe, project: Path) -> None:
    (project / ".vscode").mkdir()
    mine = '{\n  // mine\n  "editor.tabSize": 2,\n}\n'
    (project / ".vscode/settings.json").write_text(mine)
    outcome = floe("schema", "setup-editor")
    assert outcome.status == 0
    assert (project / ".vscode/settings.json").read_text() == mine
    assert "left alone  .vscode/settings.json\n" in outcome.err
    assert '"./.schemas/floe.schema.json"' in outcome.err


def test_a_file_that_is_no_text_is_left_alone(floe: Floe, project: Path) -> None:
    (project / "platform/prod/platform.yaml").write_bytes(b"version: \xff\n")
    assert "left alone  platform/prod/platform.yaml\n" in floe("schema", "setup-editor").err
    assert (project / "platform/prod/platform.yaml").read_bytes() == b"version: \xff\n"


def test_settings_keep_what_is_there_and_their_indentation() -> None:
    text = '{\n    "editor.tabSize": 2,\n    "yaml.schemas": {\n        "mine.json": "*.yml"\n    }\n}\n'
    merged = merged_settings(text, {"floe.json": ["floe.yaml"]})
    assert merged is not None
    assert json.loads(merged) == {
        "editor.tabSize": 2,
        "yaml.schemas": {"mine.json": "*.yml", "floe.json": ["floe.yaml"]},
    }
    assert '\n    "editor.tabSize"' in merged
    assert merged_settings(merged, {"floe.json": ["floe.yaml"]}) == merged
    assert merged_settings("[]", {}) is None
    assert merged_settings('{"yaml.schemas": 1}', {}) is None
    assert json.loads(merged_settings("", {"a": []}) or "") == {"yaml.schemas": {"a": []}}


def test_the_line_takes_the_place_of_an_older_one_and_keeps_line_ends() -> None:
    assert with_header("a: 1\r\n", "x.json") == "# yaml-language-server: $schema=x.json\r\na: 1\r\n"
    older = "# mine\n#yaml-language-server: $schema=https://example.com/old.json\na: 1\n"
    assert with_header(older, "x.json") == "# mine\n# yaml-language-server: $schema=x.json\na: 1\n"
    below = "a: 1\n# yaml-language-server: $schema=old\n"
    assert with_header(below, "x.json") == f"# yaml-language-server: $schema=x.json\n{below}"
    assert yaml.safe_load(with_header("a: 1", "x.json")) == {"a": 1}
