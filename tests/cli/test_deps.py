"""`floe deps` installs packages with dbt itself, here from local folders, without the network."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Floe

FLOE_YAML = 'name: t\nversion: "1.0.0"\ntransforms: [{type: dbt, path: PATH}]\n'
PROJECT = "name: {}\nversion: '1.0'\nprofile: any\n"


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    write(
        tmp_path,
        {
            "shared/dbt_project.yml": PROJECT.format("shared"),
            "shared/macros/one.sql": "{% macro one() %}1{% endmacro %}",
        },
    )
    return tmp_path


@pytest.fixture
def full(shared: Path) -> Path:
    """A dbt project that uses the package."""
    files = {
        "floe.yaml": FLOE_YAML.replace("PATH", "dbt"),
        "dbt/dbt_project.yml": PROJECT.format("own"),
        "dbt/packages.yml": "packages: [{local: ../shared}]",
        "dbt/models/orders.sql": "select {{ shared.one() }} as id",
    }
    write(shared, files)
    return shared


def test_a_project_without_its_packages_says_to_run_deps_and_then_runs(full: Path, floe: Floe) -> None:
    refused = floe("run")
    assert refused.status == 1
    assert refused.err.startswith("error[FLOE-0203]: the packages of the dbt project in `dbt` are not installed\n")
    assert refused.err.endswith("hint: run `floe deps`\n")
    before = Path.cwd()
    installed = floe("deps")
    assert (installed.status, installed.out) == (0, "")
    assert installed.err.splitlines() == [
        "dbt deps dbt",
        "  Updating lock file in file path: dbt/package-lock.yml",
        "  Installing ../shared",
        "  Installed from <local @ ../shared>",
    ]
    assert Path.cwd() == before
    assert (full / "dbt/dbt_packages/shared/dbt_project.yml").is_file()
    assert floe("build", "-q").status == 0


def test_a_bare_folder_names_packages_relative_to_floe_yaml(shared: Path, floe: Floe) -> None:
    files = {
        "floe.yaml": FLOE_YAML.replace("PATH", "models"),
        "packages.yml": "packages:\n  - local: shared\n",
        "models/orders.sql": "select {{ shared.one() }} as id",
    }
    write(shared, files)
    assert floe("compile").err.endswith("hint: run `floe deps`\n")
    assert floe("deps", "-q").status == 0
    assert floe("run", "-q").status == 0
    (shared / "packages.yml").write_text("packages:\n  - local: ./shared\n")
    assert floe("deps", "-q").status == 0
    assert floe("run", "-q").status == 0
    (shared / "packages.yml").unlink()
    assert floe("run", "-q", "-s", "orders").status == 0


def test_a_package_that_is_not_there_is_the_projects_fault_in_dbts_words(full: Path, floe: Floe) -> None:
    (full / "dbt/packages.yml").write_text("packages: [{local: ../shraed}]")
    refused = floe("deps")
    assert refused.status == 1
    assert "error[FLOE-0217]: dbt cannot install the packages of the dbt project in `dbt`" in refused.err
    assert "found at expected path shraed/dbt_project.yml" in refused.err


def test_a_repository_that_does_not_answer_is_not_the_projects_fault(full: Path, floe: Floe) -> None:
    (full / "dbt/packages.yml").write_text("packages: [{git: 'file:///nowhere/shared.git', revision: main}]")
    refused = floe("deps")
    assert refused.status == 2
    assert "'/nowhere/shared.git' does not appear to be a git repository" in refused.err
    assert refused.err.endswith("hint: check the network and the address of the package, then run `floe deps` again\n")


def test_a_project_without_packages_needs_none(shop: Path, floe: Floe) -> None:
    outcome = floe("deps")
    assert (outcome.status, outcome.out) == (0, "")
    assert outcome.err == "dbt deps models\n  Warning: No packages were found in packages.yml\n"
    assert floe("run", "-q").status == 0


def test_deps_as_json_is_one_document_that_says_what_is_installed_where(full: Path, floe: Floe) -> None:
    assert json.loads(floe("deps", "--json").out)["projects"] == [
        {"path": "dbt", "folder": "dbt/dbt_packages", "lock": "dbt/package-lock.yml", "packages": ["shared"]}
    ]


def test_lock_only_writes_the_lock(full: Path, floe: Floe) -> None:
    assert floe("deps", "--lock").status == 0
    assert (full / "dbt/package-lock.yml").is_file()
    assert not (full / "dbt/dbt_packages").exists()


def test_build_is_run_under_another_name(shop: Path, floe: Floe) -> None:
    def options(name: str) -> list[str]:
        return floe(name, "--help").out.split("Options:")[1].split("Examples:")[0].splitlines()

    assert options("build") == options("run")
    assert "the same as `floe run`" in floe("build", "--help").out.lower()
    document = json.loads(floe("build", "--json", "-s", "+example").out)
    assert document["status"] == "SUCCEEDED"
    assert sorted(table["asset"] for table in document["tables"]) == ["main.example", "main.sample"]
