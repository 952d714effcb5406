"""Sources, Python assets and dbt are one graph."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Project

MIXED = """
name: shop
version: "1.0.0"
transforms:
  - {type: dbt, path: models}
  - {type: python, path: assets}
sources:
  raw_orders: {files: "data/*.csv", mode: merge, unique_key: id, options: {delim: ";"}}
"""


@pytest.fixture
def mixed(project: Project) -> Project:
    return project.write(
        {
            "floe.yaml": MIXED,
            "data/orders.csv": "id;amount\n1;2\n",
            "models/sources.yml": """
                sources:
                  - name: bronze
                    tables:
                      - name: raw_orders
                        columns: [{name: id, data_tests: [unique]}]
                  - name: gold
                    tables: [{name: ratings}]
            """,
            "models/silver/orders.sql": "select * from {{ source('bronze', 'raw_orders') }}",
            "models/gold/best.sql": "select * from {{ source('gold', 'ratings') }}",
            "assets/gold/ratings.py": """
                import floe

                @floe.asset(deps=["silver.orders"])
                def ratings(orders):
                    return orders
            """,
        }
    )


def test_a_dbt_source_is_the_same_asset_as_the_source_of_floe_yaml(mixed: Project):
    """Lesson 15: the bronze assets and the dbt sources are one, with an edge between them."""
    artifacts = mixed.artifacts()
    assert set(artifacts.assets) == {"bronze.raw_orders", "silver.orders", "gold.ratings", "gold.best"}
    orders = artifacts.assets["silver.orders"]
    assert orders.depends_on == ("bronze.raw_orders",)
    assert orders.query is not None
    assert orders.query.sql == 'select * from "floe"."bronze"."raw_orders"'
    source = artifacts.assets["bronze.raw_orders"]
    assert (source.relation.schema_name, source.relation.identifier) == ("bronze", "raw_orders")
    assert source.source is not None
    assert source.source.model_dump(exclude_defaults=True) == {
        "files": ("data/*.csv",),
        "format": "csv",
        "mode": "merge",
        "unique_key": ("id",),
        "options": {"delim": ";"},
    }


def test_a_dbt_source_may_be_a_python_asset_which_may_read_a_model(mixed: Project):
    artifacts = mixed.artifacts()
    assert artifacts.assets["gold.best"].depends_on == ("gold.ratings",)
    ratings = artifacts.assets["gold.ratings"]
    assert ratings.depends_on == ("silver.orders",)
    assert ratings.python is not None
    assert ratings.python.parameters == {"orders": "silver.orders"}


def test_tests_on_dbt_sources_are_attached_to_the_assets(mixed: Project):
    (test,) = mixed.artifacts().tests.values()
    assert (test.attached_to, test.depends_on) == ("bronze.raw_orders", ("bronze.raw_orders",))


def test_a_test_of_two_inputs_on_a_source_is_attached_to_that_source(mixed: Project):
    mixed.write(
        {
            "models/sources.yml": """
                sources:
                  - name: bronze
                    tables:
                      - name: raw_orders
                        columns:
                          - name: id
                            data_tests: [{relationships: {arguments: {to: ref('orders'), field: id}}}]
                  - name: gold
                    tables: [{name: ratings}]
            """
        }
    )
    (test,) = mixed.artifacts().tests.values()
    assert test.attached_to == "bronze.raw_orders"
    assert test.depends_on == ("bronze.raw_orders", "silver.orders")


def test_a_dbt_source_that_nothing_makes_is_an_error_with_line_and_suggestion(mixed: Project):
    mixed.write(
        {
            "models/gold/sources.yml": """
                sources:
                  - name: bronze2
                    schema: bronze
                    tables:
                      - name: raw_order
            """,
            "models/gold/top.sql": "select * from {{ source('bronze2', 'raw_order') }}",
        }
    )
    error = mixed.refused()
    assert error.code == "FLOE-0215"
    (detail,) = error.details
    assert detail.startswith("models/gold/sources.yml:5: source `bronze2.raw_order` reads `bronze.raw_order`")
    assert detail.endswith("did you mean `bronze.raw_orders`?")


def test_a_dbt_source_that_nobody_reads_does_no_harm(mixed: Project):
    mixed.write({"models/more.yml": "sources: [{name: elsewhere, tables: [{name: unused}]}]"})
    assert len(mixed.artifacts().assets) == 4


def test_a_dbt_source_with_an_external_location_reads_files_itself(mixed: Project):
    mixed.write(
        {
            "models/more.yml": """
                sources:
                  - name: files
                    config: {meta: {external_location: "data/{name}.csv"}}
                    tables: [{name: orders}]
            """,
            "models/silver/files.sql": "select * from {{ source('files', 'orders') }}",
        }
    )
    files = mixed.artifacts().assets["silver.files"]
    assert files.depends_on == ()
    assert files.query is not None
    assert files.query.sql == "select * from 'data/orders.csv'"


def test_a_cycle_between_dbt_and_python_is_found_and_named(mixed: Project):
    mixed.write({"models/silver/orders.sql": "select * from {{ source('gold', 'ratings') }}"})
    (mistake,) = mixed.mistakes()
    assert mistake.code == "FLOE-0209"
    assert mistake.message == (
        "the assets depend on each other in a cycle: `gold.ratings` -> `silver.orders` -> `gold.ratings`"
    )
    assert mistake.span is not None
    assert (mistake.span.file, mistake.span.line) == ("models/silver/orders.sql", 1)
    assert mistake.span.text[mistake.span.column - 1 : mistake.span.end_column - 1] == "ratings"
    (other,) = mistake.notes
    assert other.text == "`gold.ratings` reads `silver.orders` at assets/gold/ratings.py:4"
    assert other.span is not None
    assert other.span.text[other.span.column - 1 : other.span.end_column - 1] == "orders"


def test_two_assets_of_one_key_are_an_error_that_names_both_places(mixed: Project):
    mixed.write({"models/gold/ratings.sql": "select 1 as x"})
    mistakes = mixed.mistakes()
    assert [mistake.code for mistake in mistakes] == ["FLOE-0208"]
    assert mistakes[0].message == "two assets have the key `gold.ratings`"
    assert mistakes[0].span is not None
    assert mistakes[0].span.file == "models/gold/ratings.sql"
    assert mistakes[0].notes[0].text == "the first is in assets/gold/ratings.py:4"


def test_models_of_one_name_in_two_layers_do_not_collide(mixed: Project):
    """Lesson 19: same-named tables of two schemas are two tables."""
    mixed.write({"models/gold/orders_of_gold.sql": "{{ config(alias='orders', schema='gold') }} select 1 as id"})
    artifacts = mixed.artifacts()
    names = {artifacts.table_name(artifacts.assets[key]) for key in ("silver.orders", "gold.orders")}
    assert names == {("silver", "orders"), ("gold", "orders")}


def test_two_assets_that_would_have_one_name_in_sql_are_an_error(mixed: Project):
    mixed.write(
        {
            "floe.yaml": MIXED.replace("path: models}", "path: models}\n  - {type: dbt, path: more}"),
            "more/gold/orders.sql": "select 1 as id",
        }
    )
    (mistake,) = mixed.mistakes()
    assert mistake.code == "FLOE-0208"
    assert mistake.message == "`silver.orders` and `gold.orders` have the same name in SQL, `main.orders`"


def test_a_model_may_read_a_model_of_another_dbt_transform_as_a_source(mixed: Project):
    mixed.write(
        {
            "floe.yaml": MIXED.replace("path: models}", "path: models}\n  - {type: dbt, path: more}"),
            "more/sources.yml": "sources: [{name: main, tables: [{name: orders}]}]",
            "more/gold/total.sql": "select count(*) as n from {{ source('main', 'orders') }}",
        }
    )
    assert mixed.artifacts().assets["gold.total"].depends_on == ("silver.orders",)


def test_two_dbt_projects_of_one_name_are_an_error(full: Project):
    text = (full.directory / "floe.yaml").read_text() + "  - {type: dbt, path: other}\n"
    project_file = (full.directory / "dbt/dbt_project.yml").read_text()
    full.write({"floe.yaml": text, "other/dbt_project.yml": project_file, "other/models/b.sql": "select 1 as x"})
    assert full.refused().reason == "two dbt transforms have the project name `shop_dbt`"


def test_layers_keep_their_own_storage_and_catalog(mixed: Project):
    """Lesson 3: profiles other than `default` count, and so do a layer's own."""
    mixed.write(
        {
            "floe.yaml": MIXED.replace("transforms:", "compute: big\ncatalog: second\ntransforms:"),
            "platform/local/platform.yaml": """
                version: "1.0.0"
                storage: {default: {type: local, path: a}, cold: {type: local, path: b}}
                catalogs:
                  default: {type: sql, uri: "sqlite:///a.db"}
                  second: {type: sql, uri: "sqlite:///b.db"}
                compute: {default: {type: duckdb}, big: {type: duckdb, properties: {threads: 3, memory_limit: 2GB}}}
                layers:
                  bronze: {namespace: lake.bronze, storage_ref: cold, catalog_ref: second}
                  silver: {namespace: silver}
                  gold: {namespace: gold}
            """,
            "models/loose.sql": "select 1 as x",
        }
    )
    artifacts = mixed.artifacts()
    assert artifacts.compute.properties == {"threads": 3, "memory_limit": "2GB"}
    bronze, main = artifacts.layers["bronze"], artifacts.layers["main"]
    assert (bronze.namespace, bronze.storage, bronze.catalog) == ("lake.bronze", "cold", "second")
    assert (main.storage, main.catalog) == ("default", "second")
    assert artifacts.platform.source == "platform/local/platform.yaml"
