"""What a dbt project may do wrong, and how it is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Project


def test_a_missing_reference_keeps_dbts_words_and_adds_the_line_and_a_suggestion(bare: Project):
    bare.write({"models/gold/top.sql": "select 1\nfrom {{ ref('ordres') }}"})
    error = bare.refused()
    assert error.code == "FLOE-0201"
    assert error.reason == "dbt cannot compile `models/gold/top.sql`"
    assert error.instruction == "did you mean `orders`?"
    assert any("depends on a node named 'ordres' which was not found" in line for line in error.details)
    assert "  it is used in models/gold/top.sql:2" in error.details


def test_a_syntax_error_in_jinja_keeps_dbts_message_and_line(bare: Project):
    bare.write({"models/top.sql": "select 1\nfrom {{ ref('orders' }}"})
    error = bare.refused()
    assert error.reason == "dbt cannot compile model `top` in `models/top.sql`"
    assert [line.strip() for line in error.details] == [
        "Compilation Error in model top (models/top.sql)",
        "unexpected '}', expected ')'",
        "line 2",
        "from {{ ref('orders' }}",
    ]


def test_messages_name_the_users_file_where_the_folder_has_another_name(project: Project):
    project.write(
        {
            "floe.yaml": """
                name: shop
                version: "1.0.0"
                transforms: [{type: dbt, path: sql/transformations}]
            """,
            "sql/transformations/a.sql": "{{ nope() }}",
        }
    )
    error = project.refused()
    text = "\n".join((error.reason, *error.details))
    assert "in `sql/transformations/a.sql`" in error.reason
    assert "it is used in sql/transformations/a.sql:1" in text
    assert ".floe" not in text
    assert "(models/" not in text


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("{{ nope() }}", "'nope' is undefined"),
        ("{{ var('nope') }}", "Required var 'nope' not found"),
        ("{{ env_var('NOPE_NOPE') }}", "Env var required but not provided: 'NOPE_NOPE'"),
        ("{{ env_var('DBT_ENV_SECRET_KEY') }}", "Secret env vars are allowed only in"),
    ],
)
def test_what_does_not_exist_is_named_with_the_line_that_uses_it(full: Project, expression: str, said: str):
    full.write({"dbt/models/top.sql": f"select 1 as a,\n {expression} as b"})
    error = full.refused()
    assert any(said in line for line in error.details)
    assert "  it is used in dbt/models/top.sql:2" in error.details


def test_all_models_that_cannot_be_rendered_are_reported_at_once(bare: Project):
    bare.write(
        {
            name: "{% if execute %}{{ exceptions.raise_compiler_error('no " + name[-5] + "') }}{% endif %}"
            for name in ("models/a.sql", "models/b.sql")
        }
    )
    error = bare.refused()
    assert error.reason == "dbt cannot compile 2 nodes of the dbt project in `models`"
    assert [line.strip() for line in error.details if line.strip().startswith("no ")] == ["no a", "no b"]


def test_broken_yaml_names_the_file(bare: Project):
    bare.write({"models/gold/s.yml": "models:\n  - name: orders\n   columns: [\n"})
    error = bare.refused()
    assert error.reason == "dbt cannot read `models/gold/s.yml`"
    assert any("Syntax error near line 3" in line for line in error.details)


@pytest.mark.parametrize(
    "text", ["name: [shop\n", "name: shop\nversion: '1.0'\nmodel-paths: 3\n", "version: '1.0'\n", "just text"]
)
def test_a_bad_project_file_is_named(full: Project, text: str):
    full.write({"dbt/dbt_project.yml": text})
    error = full.refused()
    assert (error.code, error.reason) == ("FLOE-0202", "dbt cannot read `dbt/dbt_project.yml`")
    assert error.details


def test_packages_that_are_not_installed_are_said_to_be(full: Project):
    full.write({"dbt/packages.yml": "packages: [{package: dbt-labs/dbt_utils, version: 1.0.0}]"})
    error = full.refused()
    assert error.code == "FLOE-0203"
    assert error.reason == "the packages of the dbt project in `dbt` are not installed"
    assert error.instruction == "run `floe deps`"


def test_a_cycle_of_models_names_the_path_and_the_files(bare: Project):
    bare.write({"models/a.sql": "select * from {{ ref('b') }}", "models/b.sql": "select * from {{ ref('a') }}"})
    error = bare.refused()
    assert error.code == "FLOE-0209"
    assert error.reason == "the models depend on each other in a cycle: `a` -> `b` -> `a`"
    assert set(error.details) == {"`a` is models/a.sql", "`b` is models/b.sql"}


def test_a_cycle_of_ephemeral_models_is_found_too(bare: Project):
    bare.write(
        {
            "models/a.sql": "{{ config(materialized='ephemeral') }} select * from {{ ref('b') }}",
            "models/b.sql": "{{ config(materialized='ephemeral') }} select * from {{ ref('a') }}",
        }
    )
    assert bare.refused().code == "FLOE-0209"


def test_two_models_of_one_name_are_dbts_error_with_both_files(bare: Project):
    bare.write({"models/gold/orders.sql": "select 1 as id"})
    text = "\n".join(bare.refused().details)
    assert "models/silver/orders.sql" in text
    assert "models/gold/orders.sql" in text


def test_a_seed_with_a_broken_row_names_the_file_and_the_line(bare: Project):
    bare.write({"seeds/bad.csv": 'a,b\n1,"two\nlines"\n1,2,3\n'})
    error = bare.refused()
    reason = "the seed `seeds/bad.csv` is not a table in CSV: line 4 has 3 values, its header has 2 names"
    assert (error.code, error.reason, error.details) == ("FLOE-0214", reason, ("--> seeds/bad.csv:4",))


@pytest.mark.parametrize("file", ["seeds/bad.csv", "models/bad.sql", "models/bad.yml"])
def test_a_file_that_is_not_utf_8_is_named_with_the_line(bare: Project, file: str):
    bare.write({file: ""})
    (bare.directory / file).write_bytes("a\nok\ncaf\u00e9\n".encode("latin-1"))
    error = bare.refused()
    assert error.reason == f"dbt cannot read `{file}`, which is not text in UTF-8"
    assert error.details == (f"--> {file}:3",)


def test_a_bare_folder_that_contains_floe_yaml_is_refused(project: Project):
    project.write({"floe.yaml": "name: s\nversion: 1.0.0\ntransforms: [{type: dbt, path: .}]", "a.sql": "select 1"})
    error = project.refused()
    assert error.code == "FLOE-0207"


def test_a_failed_compile_leaves_the_artifact_as_it_was(bare: Project):
    bare.compile()
    before = bare.artifact_bytes()
    bare.write({"models/top.sql": "{{ nope() }}"})
    bare.refused()
    assert bare.artifact_bytes() == before
    bare.refused()


def test_a_value_of_a_secret_variable_in_the_sql_is_refused_without_being_shown(
    bare: Project, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("DBT_ENV_SECRET_KEY", "hunter2-hunter2")
    bare.write({"models/top.sql": "select 'hunter2-hunter2' as key"})
    error = bare.refused()
    assert error.code == "FLOE-0213"
    assert "DBT_ENV_SECRET_KEY" in error.reason
    assert "hunter2" not in error.reason + error.instruction + "".join(error.details)
    assert not (bare.directory / ".floe/artifacts.json").exists()
