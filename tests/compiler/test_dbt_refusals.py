"""What this version does not run is refused by name, all at once; nothing is ignored in silence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Project


@pytest.mark.parametrize(
    ("sql", "what"),
    [
        ("select 1 as a\n{% set r = run_query('select 1') %}", "queries the database while it is rendered"),
        ("{% for c in adapter.get_columns_in_relation(ref('orders')) %}\n{{ c }}{% endfor %}", "queries the database"),
        ("select {{ adapter.get_relation('floe', 'main', 'orders') is none }}", "queries the database"),
        ("select 1,\n'{{ run_started_at }}'", "uses `run_started_at`"),
        ("select '{{ run_started_at.strftime('%Y') }}'", "uses `run_started_at`"),
        ("select '{{ invocation_id }}'", "uses `invocation_id`"),
        ("select '{{ modules.datetime.datetime.now() }}'", "uses `modules.datetime.datetime.now()`"),
        ("select '{{ modules.datetime.date.today() }}'", "uses `modules.datetime.date.today()`"),
        ("select {{ flags.FULL_REFRESH }}", "uses `flags.FULL_REFRESH`"),
        ("select {% if should_full_refresh() %}1{% endif %}", "uses `should_full_refresh()`"),
        ("select '{{ thread_id }}'", "uses `thread_id`"),
        ("select '{{ model.created_at }}'", "uses `model.created_at`"),
    ],
)
def test_sql_that_depends_on_the_run_is_refused(bare: Project, sql: str, what: str):
    bare.write({"models/top.sql": sql})
    error = bare.refused()
    assert error.code == "FLOE-0205"
    assert error.reason == "the SQL of `top` depends on what only a run knows, which this version does not support"
    assert len(error.details) == 1
    assert error.details[0].startswith("models/top.sql")
    assert f"model `top` {what}" in error.details[0]


def test_the_line_that_asks_is_named(bare: Project):
    bare.write({"models/top.sql": "select 1,\n\n'{{ run_started_at }}'"})
    assert bare.refused().details[0].startswith("models/top.sql:3: ")


def test_a_macro_that_asks_is_found_through_the_model_that_calls_it(bare: Project):
    bare.write(
        {
            "macros/stamp.sql": "{% macro stamp() %}{{ run_query('select 1') if execute }}{% endmacro %}",
            "models/top.sql": "select '{{ stamp() }}'",
        }
    )
    assert "model `top` queries the database" in bare.refused().details[0]


def test_dates_that_do_not_ask_the_clock_are_fine(bare: Project):
    bare.write(
        {
            "models/top.sql": """
                {% set day = modules.datetime.datetime.strptime('2024-01-31', '%Y-%m-%d') %}
                select date '{{ (day + modules.datetime.timedelta(days=1)).strftime('%Y-%m-%d') }}' as day
            """
        }
    )
    query = bare.artifacts().assets["main.top"].query
    assert query is not None
    assert query.sql == "select date '2024-02-01' as day"


def test_everything_that_is_not_supported_is_listed_at_once(bare: Project):
    bare.write(
        {
            "models/a_hook.sql": "{{ config(pre_hook='select 1') }} select 1 as x",
            "models/b_external.sql": "{{ config(materialized='external') }} select 1 as x",
            "models/c_python.py": "def model(dbt, session):\n    return dbt.ref('orders')\n",
            "models/d_batches.sql": """
                {{ config(materialized='incremental', incremental_strategy='microbatch', event_time='at',
                          begin='2024-01-01', batch_size='day') }} select 1 as at
            """,
            "models/e_clauses.sql": """
                {{ config(materialized='incremental', incremental_strategy='merge', unique_key='x',
                          merge_update_condition='true') }} select 1 as x
            """,
            "models/f_contract.sql": "select 1 as x",
            "models/g_database.sql": "{{ config(database='other') }} select 1 as x",
            "models/schema.yml": """
                models:
                  - name: f_contract
                    config: {contract: {enforced: true}}
                    columns: [{name: x, data_type: integer}]
            """,
        }
    )
    error = bare.refused()
    assert error.code == "FLOE-0204"
    assert [line.split(": ", 1)[0] for line in error.details] == [
        "models/a_hook.sql",
        "models/b_external.sql",
        "models/c_python.py",
        "models/d_batches.sql",
        "models/e_clauses.sql",
        "models/f_contract.sql",
        "models/g_database.sql",
    ]


def test_hooks_of_a_run_and_own_materializations_are_refused(full: Project):
    full.write(
        {
            "dbt/dbt_project.yml": "name: shop_dbt\nversion: '1.0'\nprofile: x\non-run-end: ['select 1']\n",
            "dbt/macros/table.sql": """
                {% materialization table, adapter='duckdb' %}{{ return({'relations': []}) }}{% endmaterialization %}
            """,
        }
    )
    assert full.refused().details == (
        "dbt/dbt_project.yml: `on-run-end` of `shop_dbt`: hooks of a run are not supported",
        "dbt/macros/table.sql: the project's own materialization `table` is not supported",
    )


def test_what_does_not_touch_the_data_is_left_alone(bare: Project):
    bare.write(
        {
            "models/schema.yml": """
                models:
                  - name: orders
                    config: {grants: {select: [anyone]}, persist_docs: {relation: true}, group: sales, access: public}
                    docs: {node_color: "#123456"}
                groups: [{name: sales, owner: {name: Sales, email: s@example.org}}]
                exposures:
                  - {name: report, type: dashboard, owner: {name: S, email: s@example.org}, depends_on: [ref('orders')]}
            """,
            "analyses/look.sql": "select * from {{ ref('orders') }}",
        }
    )
    assert set(bare.artifacts().assets) == {"bronze.raw_orders", "silver.orders"}


@pytest.mark.parametrize("alias", ["../../escape", "a.b", "a b", 'a"b'])
def test_names_that_cannot_be_a_table_or_a_file_are_refused(bare: Project, alias: str):
    bare.write({"models/top.sql": f"{{{{ config(alias='{alias}') }}}} select 1 as x"})
    error = bare.refused()
    assert error.code == "FLOE-0204"
    assert error.details == (
        f"models/top.sql: model `top`: the name `{alias}` is not supported: no dots, slashes, quotes or spaces",
    )


def test_an_index_is_refused_because_a_unique_one_would_refuse_rows(bare: Project):
    config = "materialized='table', indexes=[{'columns': ['a'], 'unique': true}]"
    bare.write({"models/top.sql": f"{{{{ config({config}) }}}} select 1 as a"})
    assert "`indexes` are not supported" in bare.refused().details[0]
