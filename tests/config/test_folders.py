"""Paths of floe.yaml lead to something that can be run."""

# ruff: noqa: E501 - an expected line stands here as users read it

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Project

HEAD = 'name: shop\nversion: "1.0.0"\n'


def transform(kind: str, path: str) -> str:
    return f'{HEAD}transforms:\n  - type: {kind}\n    path: "{path}"\n'


def source(files: str) -> str:
    return f'{HEAD}sources:\n  x: {{format: csv, files: "{files}"}}\n'


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("dbt", "models"),
        ("dbt", "./models/"),
        ("dbt", "."),
        ("dbt", "project"),
        ("python", "assets"),
        ("python", "deep"),
    ],
)
def test_folders_that_hold_what_their_type_says_are_right(kind: str, path: str, project: Project):
    project.write("project/dbt_project.yml", "name: x")
    project.write("deep/er/still/asset.py", "")
    assert project.report(transform(kind, path)) == "found no errors"


@pytest.mark.parametrize(
    ("kind", "path", "message"),
    [
        ("dbt", "./modles", "FLOE-0109 folder `./modles` does not exist (did you mean `./models`?)"),
        ("dbt", "shop/modles/x", "FLOE-0109 folder `shop/modles/x` does not exist (did you mean `shop/models`?)"),
        ("dbt", "shop/modles/er", "FLOE-0109 folder `shop/modles/er` does not exist (did you mean `shop/models/er`?)"),
        ("dbt", "warehouse", "FLOE-0109 folder `warehouse` does not exist (not found)"),
        ("dbt", "../../../../../../../../nowhere-at-all", "FLOE-0109 folder `../../../../../../../../nowhere-at-all` does not exist (not found)"),
        ("dbt", "models/orders.sql", "FLOE-0110 `models/orders.sql` is a file, not a folder (expected a folder)"),
        ("dbt", "assets", "FLOE-0110 `assets` is no dbt project and holds no SQL model (expected .sql files)"),
        ("python", "models", "FLOE-0110 no Python file in `models` (expected functions with `@floe.asset`)"),
        ("python", "hidden", "FLOE-0110 no Python file in `hidden` (expected functions with `@floe.asset`)"),
        ("dbt", "a\\0b", "FLOE-0109 folder `a\ufffdb` does not exist (not found)"),
        ("dbt", "x" * 5000, f"FLOE-0109 folder `{'x' * 57}...` does not exist (not found)"),
    ],
)  # fmt: skip
def test_folders_that_do_not_are_reported_with_the_nearest_that_exists(  # lesson 4
    kind: str, path: str, message: str, project: Project
):
    project.write("shop/models/er/x.sql", "select 1")
    project.write("hidden/.venv/x.py", "")
    assert project.report(transform(kind, path)).splitlines() == [
        f"floe.yaml:5:11: {message}",
        "found 1 error in 1 file",
    ]


def test_a_missing_folder_names_the_deepest_that_exists(project: Project, lines: Callable[[str], str]):
    assert project.report(transform("dbt", "models/staging"), output_format="full") == lines(
        """
        error[FLOE-0109]: folder `models/staging` does not exist
          --> floe.yaml:5:11
           |
         5 |     path: "models/staging"
           |           ^^^^^^^^^^^^^^^^ not found
           |
        note: the nearest that exists is `models`
        hint: run `floe explain FLOE-0109`

        found 1 error in 1 file
        """
    )


def test_one_folder_is_not_named_twice(project: Project):
    text = HEAD + "transforms:\n  - {type: dbt, path: models}\n  - {type: dbt, path: ./models/}\n"
    (found,) = project.diagnostics(text)
    assert (found.code, found.span.line) == ("FLOE-0117", 5)
    assert found.notes[0].text == "first given at floe.yaml:4"


def test_a_folder_may_hold_sql_and_python(project: Project):
    project.write("models/asset.py", "")
    text = HEAD + "transforms:\n  - {type: dbt, path: models}\n  - {type: python, path: models}\n"
    assert project.report(text) == "found no errors"


@pytest.mark.parametrize(
    "files", ["data/orders/1.csv", "data/orders/*.csv", "./data/*/*.csv", "data/**/*.csv", "data/orders/[0-9].csv"]
)
def test_files_and_globs_that_find_a_file_are_right(files: str, project: Project):
    assert project.report(source(files)) == "found no errors"


def test_a_glob_outside_of_the_project_is_right_where_it_finds_a_file(project: Project):
    project.write("../elsewhere/x.csv", "a")
    elsewhere = project.folder.parent / "elsewhere"
    assert project.report(source("../elsewhere/*.csv")) == "found no errors"
    assert project.report(source(f"{elsewhere}/*.csv")) == "found no errors"


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ("data/orders/2.csv", "FLOE-0109 file `data/orders/2.csv` does not exist (did you mean `data/orders/1.csv`?)"),
        ("data/ordres/*.csv", "FLOE-0109 folder `data/ordres` does not exist (did you mean `data/orders`?)"),
        ("data/ordres/1.csv", "FLOE-0109 folder `data/ordres` does not exist (did you mean `data/orders`?)"),
        ("data/orders", "FLOE-0109 `data/orders` is a folder, not a file (write e.g. `data/orders/*.csv`)"),
        ("data/orders/*.tsv", "FLOE-0111 no file matches `data/orders/*.tsv` (`data/orders` holds none)"),
        ("data/*", "FLOE-0111 no file matches `data/*` (`data` holds none)"),
        ("*.csv", "FLOE-0111 no file matches `*.csv` (`.` holds none)"),
        ("data/a\\0*.csv", "FLOE-0111 no file matches `data/a\ufffd*.csv` (`data` holds none)"),
    ],
)
def test_files_and_globs_that_find_none_are_errors(files: str, message: str, project: Project):
    (line, count) = project.report(source(files)).splitlines()
    assert line == f"floe.yaml:4:27: {message}"
    assert count == "found 1 error in 1 file"


def test_every_entry_of_a_list_of_files_is_checked(project: Project):
    text = f"{HEAD}sources:\n  x:\n    files:\n      - data/orders/*.csv\n      - data/none/*.csv\n"
    assert project.report(text).splitlines()[0].startswith("floe.yaml:7:9: FLOE-0109 folder `data/none`")
