"""dbt's own YAML: keys that dbt lets through are shown with their place, and nothing that is right is."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from floe.compiler.properties.check import check_properties, let_through
from floe.config.load import load_configuration

if TYPE_CHECKING:
    from conftest import Project
    from floe.diagnostics.diagnostic import Diagnostic

TESTS = Path(__file__).parents[2]
OWN_PROJECT = 'name: shop\nversion: "1.0.0"\ntransforms: [{type: dbt, path: dbt}]\n'
BARE = 'name: shop\nversion: "1.0.0"\ntransforms: [{type: dbt, path: models}]\n'
SETTINGS = "name: shop\nprofile: any\n"


def shown(found: list[Diagnostic]) -> list[str]:
    """File, place, severity, message and label of each."""
    return [
        f"{item.span.location}:{item.span.column} {item.severity} {item.message} | {item.label}"
        for item in found
        if item.span is not None
    ]


def said(project: Project, **files: str) -> list[str]:
    """What is said of a bare folder of models with these files of properties."""
    project.write({"floe.yaml": BARE, "models/orders.sql": "select 1 as id"})
    project.write({f"models/{name}.yml": text for name, text in files.items()})
    return shown(check_properties(project.configuration()))


def test_a_slip_in_a_key_is_an_error_at_its_place_with_what_was_meant(project: Project):
    text = """
        models:
          - name: orders
            descripton: all of them
            columns:
              - name: id
                data_test: [unique]
    """
    assert said(project, schema=text) == [
        "models/schema.yml:3:5 error unknown key `descripton`: dbt ignores it | did you mean `description`?",
        "models/schema.yml:6:9 error unknown key `data_test`: dbt ignores it | did you mean `data_tests`?",
    ]


def test_a_key_that_may_be_someone_elses_is_a_warning(project: Project):
    found = said(project, schema="models: [{name: orders, team: sales, config: {cost_centre: 7}}]\nour_own: 1\n")
    assert found == [
        "models/schema.yml:1:25 warning unknown key `team`: dbt ignores it | dbt does not know it",
        "models/schema.yml:1:47 warning unknown config `cost_centre`: dbt ignores it | dbt does not know it",
        "models/schema.yml:2:1 warning unknown key `our_own`: dbt ignores it | dbt does not know it",
    ]


def test_a_config_that_code_of_the_project_reads_is_known(project: Project):
    project.write({"macros/own.sql": "{% macro costs() %}{{ config.get('cost_centre') }}{% endmacro %}"})
    assert said(project, schema="models: [{name: orders, config: {cost_centre: 7}}]") == []


def test_configs_of_adapters_of_packages_and_of_plugins_are_known(project: Project):
    text = """
        models:
          - name: orders
            config: {partition_by: day, sort_by: id, target_file_size: 128MB, transient: true, liquid_clustered_by: id}
        sources:
          - name: files
            config: {external_location: "x/{name}.csv", formatter: oldstyle}
            tables: [{name: sheet, config: {plugin: excel, anything_at_all: 1}}]
    """
    assert said(project, schema=text) == []


def test_a_config_beside_config_has_no_effect(project: Project):
    assert said(project, schema="models: [{name: orders, materialized: table, alias: a}]") == [
        (
            "models/schema.yml:1:25 error `materialized` is a config: dbt ignores it outside `config`"
            " | write `config: {materialized: ...}`"
        ),
        (
            "models/schema.yml:1:46 error `alias` is a config: dbt ignores it outside `config`"
            " | write `config: {alias: ...}`"
        ),
    ]


def test_the_config_of_a_generic_test_is_checked_and_its_arguments_are_not(project: Project):
    text = """
        models:
          - name: orders
            columns:
              - name: id
                data_tests:
                  - unique
                  - my_test: {whatever: 1, config: {serverity: warn}}
                  - {test_name: other, name: of_it, config: {wher: "x > 1"}}
    """
    assert said(project, schema=text) == [
        "models/schema.yml:7:45 error unknown config `serverity`: dbt ignores it | did you mean `severity`?",
        "models/schema.yml:8:54 error unknown config `wher`: dbt ignores it | did you mean `where`?",
    ]


def test_everything_is_allowed_under_meta_and_in_templates(project: Project):
    text = """
        x-common: &common
          description: as elsewhere
        models:
          - name: orders
            <<: *common
            config: {meta: {descripton: 1}, "{{ var('x') }}": 1}
            columns: [{name: id, meta: {a: {b: 1}}}]
    """
    assert said(project, schema=text) == []


def test_merged_and_aliased_mappings_are_checked_once_where_they_stand(project: Project):
    text = """
        anchors:
          - &columns [{name: id, descripton: a}]
        models:
          - {name: orders, columns: *columns}
          - {name: more, columns: *columns}
    """
    project.write({"models/more.sql": "select 1 as id"})
    assert said(project, schema=text) == [
        "models/schema.yml:2:26 error unknown key `descripton`: dbt ignores it | did you mean `description`?"
    ]


def test_a_key_that_is_given_twice_names_both_places(project: Project):
    found = said(project, schema="models:\n  - name: orders\n    description: a\n    description: b\n")
    assert found == [
        "models/schema.yml:4:5 error duplicate key `description`: dbt reads the last one only | given again here"
    ]
    (diagnostic,) = check_properties(project.configuration())
    assert diagnostic.notes[0].text == "first given at models/schema.yml:3:5"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("models: &a [*a]\n", ""),
        ("models: [\n", "models/schema.yml:1:10 error a value is missing"),
        ("models:\n\t- name: x\n", "models/schema.yml:2:1 error a tab in the indentation"),
        ("models: &m {<<: *m}\n", ""),
        ("[" * 5000, "error"),
    ],
)
def test_files_that_are_odd_or_no_yaml_have_a_diagnostic_and_no_traceback(project: Project, text: str, expected: str):
    project.write({"floe.yaml": BARE, "models/orders.sql": "select 1"})
    (project.directory / "models/schema.yml").write_text(text)
    found = shown(check_properties(project.configuration()))
    assert expected in "\n".join(found)


def test_files_that_are_empty_lists_or_no_text_are_endured(project: Project):
    project.write({"floe.yaml": BARE, "models/a.sql": "select 1", "models/a.yml": "", "models/b.yml": "- 1\n"})
    (project.directory / "models/c.yml").write_bytes(b"models: \xff\n")
    assert [item.code for item in check_properties(project.configuration())] == ["FLOE-0102"]


def test_dbt_project_yml_is_a_tree_of_folders_with_configs_in_it(project: Project):
    project.write(
        {
            "floe.yaml": OWN_PROJECT,
            "dbt/models/a.sql": "select 1 as id",
            "dbt/dbt_project.yml": SETTINGS
            + """
modle-paths: [models]
require-dbt-version: ">=1.8"
models:
  +persist_docs: {relation: true, colums: true}
  shop:
    +materialised: table
    tags: {+enabled: true}
    marts:
      enabled: true
      materialzed: view
      +meta: {own: 1}
      +our_own: 1
flags: {use_materialization_v2: true, partial_prase: false}
vars: {anything: {at: all}}
""",
        }
    )
    assert shown(check_properties(project.configuration())) == [
        "dbt/dbt_project.yml:4:1 error unknown key `modle-paths`: dbt ignores it | did you mean `model-paths`?",
        "dbt/dbt_project.yml:7:35 error unknown key `colums`: dbt ignores it | did you mean `columns`?",
        "dbt/dbt_project.yml:9:5 error unknown config `+materialised`: dbt ignores it | did you mean `+materialized`?",
        "dbt/dbt_project.yml:13:7 error unknown config `materialzed`: dbt ignores it | did you mean `materialized`?",
        "dbt/dbt_project.yml:15:7 warning unknown config `+our_own`: dbt ignores it | dbt does not know it",
        "dbt/dbt_project.yml:16:39 error unknown key `partial_prase`: dbt ignores it | did you mean `partial_parse`?",
    ]


def test_lists_of_packages_selectors_and_profiles_are_checked(project: Project):
    project.write(
        {
            "floe.yaml": OWN_PROJECT.replace("path: dbt", "path: dbt, profiles_dir: dbt"),
            "dbt/dbt_project.yml": SETTINGS,
            "dbt/models/a.sql": "select 1 as id",
            "dbt/packages.yml": "packages: [{package: a/b, verison: 1.0.0}, {local: ../x, warn-unpinned: false}]\n",
            "dbt/dependencies.yml": "projects: [{nam: x}, {name: y}]\npackages: []\n",
            "dbt/selectors.yml": "selectors: [{name: a, definiton: {method: tag, value: x}, definition: 'tag:x'}]\n",
            "dbt/profiles.yml": "any: {targt: dev, outputs: {dev: {type: duckdb, path: x, extentions: []}}}\n"
            "other: {target: a, outputs: {a: {type: postgres, whatever: 1}}}\n",
        }
    )
    assert [line.partition(" | ")[0] for line in shown(check_properties(project.configuration()))] == [
        "dbt/dependencies.yml:1:13 error unknown key `nam`: dbt ignores it",
        "dbt/packages.yml:1:27 error unknown key `verison`: dbt ignores it",
        "dbt/profiles.yml:1:7 error unknown key `targt`: dbt ignores it",
        "dbt/profiles.yml:1:58 error unknown key `extentions`: dbt ignores it",
        "dbt/selectors.yml:1:23 error unknown key `definiton`: dbt ignores it",
    ]


def test_files_outside_the_projects_own_folders_are_left_alone(project: Project):
    wrong = "models: [{name: orders, descripton: a}]"
    project.write(
        {
            "floe.yaml": OWN_PROJECT,
            "dbt/dbt_project.yml": SETTINGS + 'model-paths: ["sql"]\npackages-install-path: "sql/installed"\n',
            "dbt/.dbtignore": "drafts/\n",
            "dbt/sql/orders.sql": "select 1 as id",
            "dbt/models/a.yml": wrong,
            "dbt/sql/drafts/a.yml": wrong,
            "dbt/sql/installed/other/a.yml": wrong,
        }
    )
    assert check_properties(project.configuration()) == []
    project.write({"dbt/sql/deep/down/a.yaml": wrong})
    assert [line.split()[0] for line in shown(check_properties(project.configuration()))] == [
        "dbt/sql/deep/down/a.yaml:1:25"
    ]


def test_a_run_is_told_only_what_dbt_says_nothing_of(project: Project):
    text = "models:\n  - {name: nowhere, team: a}\n  - {name: orders, tests: [a], data_tests: [b]}\n"
    said(project, schema=text)
    assert [item.code for item in check_properties(project.configuration())] == ["FLOE-0153", "FLOE-0150", "FLOE-0155"]
    assert [item.code for item in let_through(project.configuration())] == ["FLOE-0150"]


PROJECTS = [
    *sorted(path for path in (TESTS / "equivalence/features").iterdir() if path.is_dir()),
    *sorted(path for path in (TESTS / "equivalence/projects").iterdir() if path.is_dir()),
    *sorted((TESTS.parent / "examples").iterdir()),
    TESTS.parent / "src/floe/templates/basic",
    TESTS.parent / "conformance/projects/shop",
]
UNUSED = {("versions_groups", "alias_is"), ("python_models", "multiplier")}
"""Configs that these projects have and nothing reads."""


def test_no_project_of_ours_has_a_false_finding(tmp_path: Path):
    count = 0
    for path in PROJECTS:
        copy = tmp_path / path.name
        shutil.copytree(path, copy, ignore=shutil.ignore_patterns(".floe", "target", "data"))
        transform = "." if (copy / "dbt_project.yml").is_file() else "models"
        if (copy / "dbt" / "dbt_project.yml").is_file():
            transform = "dbt"
        (copy / transform).mkdir(exist_ok=True)
        (copy / transform / "placeholder.sql").write_text("select 1 as id")
        (copy / "floe.yaml").write_text(BARE.replace("path: models", f"path: {transform}"))
        found = [
            item
            for item in check_properties(load_configuration(copy))
            if not any(path.name == name and f"`{key}`" in item.message for name, key in UNUSED)
        ]
        assert shown(found) == []
        count += 1
    assert count > 50


def test_two_thousand_lines_of_properties_take_less_than_a_second(project: Project):
    lines = ["models:"]
    for number in range(200):
        project.write({f"models/model_{number}.sql": "select 1 as id"})
        lines += [f"  - name: model_{number}", "    description: text", "    columns:"]
        for column in range(3):
            lines += [f"      - name: column_{column}", "        data_tests: [not_null]"]
    project.write({"floe.yaml": BARE, "models/schema.yml": "\n".join(lines)})
    configuration = project.configuration()
    started = time.process_time()
    assert check_properties(configuration) == []
    assert time.process_time() - started < 1
