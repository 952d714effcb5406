"""What Floe does not know how to build is marked, with the reason, and left to dbt."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Project

INCREMENTAL = "materialized='incremental', unique_key='x'"


@pytest.mark.parametrize(
    ("config", "why"),
    [
        ("pre_hook='select 1'", "has a `pre-hook`"),
        ("post_hook=['select 1']", "has a `post-hook`"),
        ("materialized='external'", "has the materialization `external`"),
        ("sql_header='select 1;'", "has an `sql_header`"),
        (f"{INCREMENTAL}, incremental_strategy='mine'", "has the incremental strategy `mine`"),
        (
            f"{INCREMENTAL}, incremental_strategy='merge', merge_update_condition='true'",
            "has `merge_update_condition`",
        ),
    ],
)
def test_a_model_that_only_dbt_can_build_is_left_to_dbt(bare: Project, config: str, why: str):
    bare.write({"models/top.sql": f"{{{{ config({config}) }}}} select 1 as x"})
    artifacts = bare.artifacts()
    asset = artifacts.assets["main.top"]
    assert (asset.rendering, asset.rendering_reason, asset.transform) == ("dbt", why, "models")
    assert set(artifacts.transforms) == {"models"}
    assert artifacts.assets["silver.orders"].rendering == "compiled"


def test_python_models_contracts_and_own_materializations_are_left_to_dbt(bare: Project):
    bare.write(
        {
            "models/by_python.py": "def model(dbt, session):\n    return dbt.ref('orders')\n",
            "models/contracted.sql": "select 1 as x",
            "models/own.sql": "{{ config(materialized='table') }} select 1 as x",
            "models/schema.yml": """
                models:
                  - name: contracted
                    config: {contract: {enforced: true}}
                    columns: [{name: x, data_type: integer}]
            """,
            "macros/table.sql": """
                {% materialization table, adapter='duckdb' %}{{ return({'relations': []}) }}{% endmaterialization %}
            """,
        }
    )
    assets = bare.artifacts().assets
    assert {key: asset.rendering_reason for key, asset in assets.items() if asset.rendering == "dbt"} == {
        "main.by_python": "is a dbt Python model",
        "main.contracted": "has an enforced `contract`",
        "main.own": "has the project's own materialization `table`",
    }


def test_a_seed_and_a_snapshot_with_hooks_are_left_to_dbt(bare: Project):
    bare.write(
        {
            "seeds/bronze/seeds.yml": "seeds: [{name: raw_orders, config: {post_hook: select 1}}]",
            "snapshots/silver/history.sql": """
                {% snapshot history %}
                {{ config(unique_key='id', strategy='check', check_cols='all', pre_hook='select 1') }}
                select * from {{ ref('raw_orders') }}
                {% endsnapshot %}
            """,
        }
    )
    assets = bare.artifacts().assets
    assert [assets[key].rendering for key in ("bronze.raw_orders", "silver.history")] == ["dbt", "dbt"]


def test_what_a_materialization_of_somebody_else_makes_is_published_as_a_table(bare: Project):
    bare.write({"models/top.sql": "{{ config(materialized='external') }} select 1 as x"})
    assert bare.artifacts().assets["main.top"].publishes


def test_hooks_of_an_ephemeral_model_are_left_alone_as_dbt_does(bare: Project):
    bare.write({"models/top.sql": "{{ config(materialized='ephemeral', pre_hook='select 1') }} select 1 as x"})
    assert bare.artifacts().assets["main.top"].rendering == "compiled"
