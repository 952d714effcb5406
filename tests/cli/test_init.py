"""`floe init` makes a project, and never touches what is there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import yaml

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Floe


CREATED = [".schemas/floe.schema.json", "floe.yaml"]


def everything(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_new_project_is_created_and_the_next_three_commands_are_printed(floe: Floe) -> None:
    assert floe("init", "shop").filtered() == (
        "exit 0\n--- out\n--- err\n"
        "created project shop in `shop`, 8 files\n"
        "  .gitignore\n"
        "  .schemas/floe.schema.json\n"
        "  README.md\n"
        "  floe.yaml\n"
        "  models/example.sql\n"
        "  models/schema.yml\n"
        "  seeds/sample.csv\n"
        "  tests/test_example.sql\n"
        "\n"
        "Next:\n"
        "  cd shop\n"
        "  floe run\n"
        "  floe show main.example\n"
    )


def test_the_project_has_at_most_ten_files_and_its_name_in_floe_yaml(floe: Floe, tmp_path: Path) -> None:
    floe("init", "shop")
    assert len(everything(tmp_path / "shop")) <= 10
    assert yaml.safe_load((tmp_path / "shop/floe.yaml").read_text())["name"] == "shop"


def test_editors_know_the_fields_of_a_new_project_at_once(floe: Floe, tmp_path: Path) -> None:
    """The first line names the schema that lies beside: as `floe schema setup-editor` leaves it, without a network."""
    floe("init", "shop")
    first, _, rest = (tmp_path / "shop/floe.yaml").read_text().partition("\n")
    assert first == "# yaml-language-server: $schema=.schemas/floe.schema.json"
    assert "yaml-language-server" not in rest
    before = everything(tmp_path / "shop")
    outcomes = {
        item["path"]: item["outcome"]
        for item in json.loads(floe("-C", "shop", "schema", "setup-editor", "--json").out)["files"]
    }
    assert {outcomes.pop(path) for path in CREATED} == {"unchanged"}
    assert set(outcomes.values()) == {"written"}
    assert before.items() <= everything(tmp_path / "shop").items()


def test_the_current_folder_is_filled_and_names_the_project(floe: Floe, tmp_path: Path) -> None:
    (tmp_path / "My shop (2)").mkdir()
    outcome = floe("-C", "My shop (2)", "init")
    assert outcome.status == 0
    assert "created project My-shop-2 in this folder" in outcome.err
    assert "  cd 'My shop (2)'\n  floe run\n" in outcome.err


def test_a_second_init_changes_nothing_and_says_so(floe: Floe, tmp_path: Path) -> None:
    floe("init", "shop")
    (tmp_path / "shop/models/example.sql").write_text("select 1 as mine")
    (tmp_path / "shop/README.md").unlink()
    before = everything(tmp_path)
    outcome = floe("init", "shop")
    assert (outcome.status, outcome.err) == (0, "`shop` is a Floe project already: nothing was changed\n")
    assert floe("-C", "shop", "init", "--template", "football").err == (
        "this folder is a Floe project already: nothing was changed\n"
    )
    assert everything(tmp_path) == before


def test_files_in_the_way_are_listed_and_nothing_is_written(floe: Floe, tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("mine")
    (tmp_path / "models").write_text("a file where a folder has to be")
    before = everything(tmp_path)
    assert floe("init").filtered() == (
        "exit 2\n--- out\n--- err\n"
        "error[FLOE-0702]: 3 files are in the way; nothing was written\n"
        "  README.md\n"
        "  models/example.sql\n"
        "  models/schema.yml\n"
        "hint: move or rename them, or name a new folder: `floe init NAME`\n"
    )
    assert everything(tmp_path) == before


def test_other_files_in_the_folder_do_not_matter(floe: Floe, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    assert floe("init").status == 0
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_an_init_that_was_cut_off_is_completed_by_the_next(floe: Floe, tmp_path: Path) -> None:
    floe("init", "shop")
    complete = everything(tmp_path)
    for path in ("floe.yaml", "models/schema.yml"):
        (tmp_path / "shop" / path).unlink()
    assert floe("init", "shop").status == 0
    assert everything(tmp_path) == complete


@pytest.mark.parametrize(
    ("name", "way_out"),
    [
        ("2026-sales", "beginning with a letter, 100 at most: `floe init sales`"),
        ("my shop", "100 at most: `floe init my-shop`"),
        ("a/b", "give a name, not a path; `-C DIR` says where the project's folder goes"),
        ("x" * 101, f"100 at most: `floe init {'x' * 100}`"),
        ("ÄÖ", "beginning with a letter, 100 at most"),
    ],
)
def test_a_name_that_is_not_valid_is_refused_with_one_that_is(
    floe: Floe, tmp_path: Path, name: str, way_out: str
) -> None:
    outcome = floe("init", name)
    assert outcome.status == 2
    assert outcome.err.startswith(f"error[FLOE-0703]: `{name}` is not a project name\nhint: ")
    assert outcome.err.endswith(f"{way_out}\n")
    assert everything(tmp_path) == {}


def test_a_file_of_the_projects_name_is_in_the_way(floe: Floe, tmp_path: Path) -> None:
    (tmp_path / "shop").write_text("mine")
    outcome = floe("init", "shop")
    assert outcome.status == 2
    assert "`shop` is a file, not a folder" in outcome.err


def test_an_unknown_template_is_refused_with_the_nearest_and_the_list(floe: Floe) -> None:
    assert floe("init", "cup", "--template", "footbal").filtered() == (
        "exit 2\n--- out\n--- err\n"
        "error[FLOE-0704]: there is no template `footbal`\n"
        "hint: did you mean `football`? the templates are `basic`, `football`\n"
    )


def test_template_without_a_name_lists_the_templates(floe: Floe) -> None:
    listed = floe("init", "--template")
    assert listed.out.splitlines()[2].split()[0] == "basic"
    document = json.loads(floe("init", "--template", "--json").out)
    assert [template["name"] for template in document["templates"]] == ["basic", "football"]


def test_the_football_template_is_copied_without_what_runs_leave_behind(floe: Floe, tmp_path: Path) -> None:
    document = json.loads(floe("init", "cup", "--template", "football", "--json").out)
    copied = everything(tmp_path / "cup")
    assert sorted(copied) == document["created"]
    assert {"floe.yaml", "data/results.csv", "assets/elo.py"} <= set(copied)
    assert not [path for path in copied if {".floe", "target", "logs"} & set(path.split("/"))]
    assert yaml.safe_load(copied["floe.yaml"])["name"] == "cup"


def test_init_as_json_is_one_document(floe: Floe) -> None:
    created = json.loads(floe("init", "shop", "--json", "-v").out)
    assert (created["schema_version"], created["status"], created["directory"]) == (1, "created", "shop")
    again = json.loads(floe("init", "shop", "--json").out)
    assert (again["status"], again["created"]) == ("unchanged", [])


def test_a_folder_that_cannot_be_written_is_named(floe: Floe, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "link").symlink_to("/proc")
    outcome = floe("-C", "link", "init", "shop")
    assert outcome.status == 2
    assert outcome.err.startswith("error[FLOE-0902]: the system refused a file operation: no such file or directory")


def test_a_dbt_project_gets_a_floe_yaml_that_points_to_it_its_schema_and_nothing_else(
    floe: Floe, tmp_path: Path
) -> None:
    (tmp_path / "dbt_project.yml").write_text("name: 'shop'\nversion: '1.0'\nprofile: shop\n")
    (tmp_path / "packages.yml").write_text("packages: []\n")
    (tmp_path / ".gitignore").write_text("target/\n")
    before = everything(tmp_path)
    assert "hint: run `floe init`, which writes one for the dbt project that is here" in floe("run").err
    outcome = floe("init")
    assert outcome.filtered() == (
        "exit 0\n--- out\n--- err\n"
        "created floe.yaml for the dbt project shop in this folder\n"
        "add `.floe/` to .gitignore: tables and the state of runs are kept there\n"
        "\n"
        "Next:\n"
        "  floe deps\n"
        "  floe run\n"
        "  floe ls\n"
    )
    after = everything(tmp_path)
    assert sorted(set(after) - set(before)) == CREATED
    assert {name: after[name] for name in before} == before
    assert yaml.safe_load((tmp_path / "floe.yaml").read_text()) == {
        "name": "shop",
        "version": "1.0.0",
        "transforms": [{"type": "dbt", "path": "."}],
    }
    assert floe("init").err == "this folder is a Floe project already: nothing was changed\n"


def test_a_dbt_project_in_a_folder_below_is_found_and_runs(floe: Floe, tmp_path: Path) -> None:
    models = tmp_path / "warehouse" / "models"
    models.mkdir(parents=True)
    (tmp_path / "warehouse" / "dbt_project.yml").write_text("name: shop\nprofile: shop\n")
    (models / "one.sql").write_text("{{ config(materialized='table') }} select 1 as n")
    outcome = floe("init", "--json")
    document = json.loads(outcome.out)
    assert (document["name"], document["dbt_project"], document["created"]) == ("shop", "warehouse", CREATED)
    assert floe("run").status == 0


def test_a_template_or_a_name_goes_before_a_dbt_project(floe: Floe, tmp_path: Path) -> None:
    (tmp_path / "dbt_project.yml").write_text("name: shop\nprofile: shop\n")
    assert floe("init", "other").status == 0
    assert (tmp_path / "other" / "models").is_dir()
    assert floe("init", "--template", "basic").status == 0
    assert (tmp_path / "models").is_dir()
