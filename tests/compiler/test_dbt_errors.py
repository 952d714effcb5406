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
    assert set(error.details) == {"`b` reads `a` in models/b.sql:1", "`a` reads `b` in models/a.sql:1"}


def test_a_cycle_of_models_names_the_line_of_each_reference(full: Project):
    full.write(
        {
            "dbt/models/a.sql": "-- reads b\nselect *\nfrom {{ ref(\n  'b'\n) }}",
            "dbt/models/b.sql": "select *\nfrom {{ ref('shop_dbt', \"a\") }}",
        }
    )
    assert set(full.refused().details) == {
        "`b` reads `a` in dbt/models/b.sql:2",
        "`a` reads `b` in dbt/models/a.sql:4",
    }


def test_a_reference_that_a_macro_makes_leaves_the_line_of_a_cycle_out(full: Project):
    full.write(
        {
            "dbt/macros/m.sql": "{% macro other() %}{{ ref('bb') }}{% endmacro %}",
            "dbt/models/bb.sql": "select * from {{ ref('a') }}",
            "dbt/models/a.sql": "select * from {{ other() }}",
        }
    )
    assert "`a` reads `bb` in dbt/models/a.sql" in full.refused().details


SOURCES = "sources: [{name: bronze, schema: bronze, tables: [{name: raw_orders}, {name: other}]}]"


def test_a_missing_source_keeps_dbts_words_and_adds_the_line_and_a_suggestion(full: Project):
    sql = "-- raw_order\nselect 1 from {{ source('bronze',\n 'raw_order') }}"
    full.write({"dbt/models/s.yml": SOURCES, "dbt/models/top.sql": sql})
    error = full.refused()
    assert (error.code, error.instruction) == ("FLOE-0201", "did you mean `bronze.raw_orders`?")
    assert error.reason == "dbt cannot compile `dbt/models/top.sql`"
    assert "source named 'bronze.raw_order' which was not found" in "\n".join(error.details)
    assert [line for line in error.details if "used in" in line] == ["  it is used in dbt/models/top.sql:3"]


def test_a_missing_source_that_a_variable_names_is_found_by_the_word(full: Project):
    sql = "{% set table = 'raw_order' %}\nselect 1 from {{ source('bronze', table) }}"
    full.write({"dbt/models/s.yml": SOURCES, "dbt/models/top.sql": sql})
    assert "  it is used in dbt/models/top.sql:1" in full.refused().details


def test_a_source_that_floe_makes_and_dbt_does_not_know_is_to_be_declared(full: Project):
    sources = "\nsources: {raw_orders: {files: orders.csv, layer: bronze, mode: replace}}\n"
    floe_yaml = (full.directory / "floe.yaml").read_text()
    full.write({"floe.yaml": floe_yaml + sources, "orders.csv": "id\n1\n"})
    full.write({"dbt/models/top.sql": "select 1 from {{ source('bronze', 'raw_orders') }}"})
    assert full.refused().instruction == (
        "declare the table `raw_orders` of the source `bronze` in a YAML file of the dbt project"
    )


def test_a_materialization_that_does_not_exist_is_named_with_its_line_and_the_nearest(full: Project):
    full.write({"dbt/models/top.sql": "{{ config(\n  materialized='tabel'\n) }}\nselect 1 as a"})
    error = full.refused()
    assert (error.code, error.reason) == ("FLOE-0219", "there is no materialization `tabel`")
    assert error.instruction == "did you mean `table`?"
    assert error.details == ("dbt/models/top.sql:2: model `top`: `materialized: tabel`",)


def test_a_misspelt_policy_for_changed_columns_is_warned_of_with_its_line_and_the_nearest(full: Project):
    config = "{{ config(materialized='incremental',\n  on_schema_change='sync_all_colums') }}"
    full.write({"dbt/models/top.sql": f"{config}\nselect 1 as a"})
    (warning,) = full.compile().warnings
    assert warning == (
        "dbt/models/top.sql:2: model `top`: there is no `on_schema_change: sync_all_colums`; dbt takes it for `ignore` "
        "(did you mean `sync_all_columns`?)"
    )


def test_a_materialization_is_found_in_the_yaml_file_that_sets_it(full: Project):
    described = """
        models:
          - name: one
            config: {materialized: view}
          - name: two
            config:
              materialized: veiw
    """
    project = (
        "name: shop_dbt\nversion: '1.0.0'\nprofile: any\nmodels:\n  shop_dbt:\n    sub:\n      +materialized: zzz\n"
    )
    full.write(
        {
            "dbt/dbt_project.yml": project,
            "dbt/models/s.yml": described,
            "dbt/models/one.sql": "select 1 as a",
            "dbt/models/two.sql": "select 1 as a",
            "dbt/models/sub/three.sql": "select 1 as a",
        }
    )
    error = full.refused()
    assert (error.reason, error.instruction) == ("there is no materialization `veiw` or `zzz`", "did you mean `view`?")
    assert error.details == (
        "dbt/dbt_project.yml:7: model `three` of dbt/models/sub/three.sql: `materialized: zzz`",
        "dbt/models/s.yml:6: model `two` of dbt/models/two.sql: `materialized: veiw`",
    )


def test_a_materialization_that_is_like_no_other_is_answered_with_the_usual_ones(bare: Project):
    bare.write({"models/top.sql": "{{ config(materialized=['z', 'zz']|join) }} select 1 as a"})
    error = bare.refused()
    assert error.instruction.startswith("use `view`, `table`, `incremental`, `ephemeral`")
    assert error.details == ("models/top.sql: model `top`: `materialized: zzz`",)


@pytest.mark.parametrize("adapter", ["default", "adapter='duckdb'", "adapter='snowflake'"])
def test_a_materialization_of_the_project_is_no_mistake(full: Project, adapter: str):
    macro = f"{{% materialization mine, {adapter} %}}{{{{ return({{'relations': []}}) }}}}{{% endmaterialization %}}"
    sql = "{{ config(materialized='mine') }} select 1 as a"
    full.write({"dbt/macros/mine.sql": macro, "dbt/models/top.sql": sql})
    assert any(asset.name == "top" for asset in full.artifacts().assets.values())


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
