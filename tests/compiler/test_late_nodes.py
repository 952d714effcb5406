"""SQL that only a run can render is marked, with the reason, and left to the run."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Project

QUERYING = "{% set r = run_query('select 1') %} select 1 as a"


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
def test_sql_that_depends_on_the_run_is_left_to_the_run(bare: Project, sql: str, what: str):
    bare.write({"models/top.sql": sql})
    asset = bare.artifacts().assets["main.top"]
    assert asset.rendering == "late"
    assert asset.rendering_reason.startswith(what)
    assert asset.transform == "models"
    assert asset.query is not None
    assert asset.query.sql == ""
    assert not (bare.directory / asset.query.rendered_path).exists()


def test_a_macro_that_asks_makes_the_model_late_that_calls_it(bare: Project):
    bare.write(
        {
            "macros/stamp.sql": "{% macro stamp() %}{{ run_query('select 1') if execute }}{% endmacro %}",
            "models/top.sql": "select '{{ stamp() }}' as a",
        }
    )
    assert bare.artifacts().assets["main.top"].rendering == "late"


def test_a_reader_of_a_late_ephemeral_model_is_late(bare: Project):
    bare.write(
        {
            "models/asked.sql": "{{ config(materialized='ephemeral') }}" + QUERYING,
            "models/top.sql": "select * from {{ ref('asked') }}",
            "models/other.sql": "select * from {{ ref('top') }}",
        }
    )
    assets = bare.artifacts().assets
    assert [assets[f"main.{name}"].rendering for name in ("asked", "top", "other")] == ["late", "late", "compiled"]


def test_a_test_can_be_late(bare: Project):
    bare.write({"tests/asks.sql": "{% set r = run_query('select 1') %} select * from {{ ref('orders') }} where false"})
    artifacts = bare.artifacts()
    test = artifacts.tests["test.shop.asks"]
    assert (test.rendering, test.transform, test.sql) == ("late", "models", "")
    assert artifacts.assets["silver.orders"].rendering == "compiled"


def test_the_artifact_says_how_to_render_without_absolute_paths(full: Project):
    full.write({"dbt/models/top.sql": QUERYING})
    transform = full.artifacts().transforms["dbt"]
    assert (transform.directory, transform.state, transform.target) == ("dbt", ".floe/dbt/dbt", "local")
    assert str(full.directory) not in full.artifact_bytes().decode()


def test_an_artifact_says_how_a_run_enters_each_dbt_project(bare: Project):
    bare.compile()
    transform = json.loads(bare.artifact_bytes())["transforms"]["models"]
    assert transform == {
        "directory": ".floe/dbt/models",
        "packages": ["shop"],
        "state": ".floe/dbt/models",
        "target": "local",
    }


def test_what_a_run_rendered_stays_until_the_node_goes(bare: Project):
    bare.write({"models/top.sql": QUERYING})
    path = bare.directory / ".floe/rendered/main/top.sql"
    bare.compile()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("select 1 as a")
    bare.compile(force=True)
    assert path.read_text() == "select 1 as a"
    (bare.directory / "models/top.sql").unlink()
    bare.compile()
    assert not path.exists()


def test_a_model_that_becomes_late_and_fixed_again_is_followed(bare: Project):
    bare.write({"models/top.sql": "select 1 as a"})
    assert bare.artifacts().assets["main.top"].rendering == "compiled"
    bare.write({"models/top.sql": QUERYING})
    assert bare.artifacts().assets["main.top"].rendering == "late"
    bare.write({"models/top.sql": "select 2 as a"})
    query = bare.artifacts().assets["main.top"].query
    assert query is not None
    assert query.sql == "select 2 as a"


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
