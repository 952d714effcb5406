"""Every materialization and kind of test: `floe run` ends in what `dbt build` ends in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .compare import assert_readers_agree, assert_same, assert_same_verdicts, replace

if TYPE_CHECKING:
    from pathlib import Path

    from .compare import BuiltTwins
    from .harness import Twins


def change_inputs(project: Path) -> None:
    """Rows edited, removed and added, in seeds and in source files."""
    replace(
        project / "dbt" / "seeds" / "bronze" / "customers.csv",
        ("1,Ada,London,2026-01-01 08:00:00", "1,Ada,Paris,2026-02-01 08:00:00"),
        ("2,Zoë,Zürich,2026-01-01 09:30:00,false,", "2,Zoë,Zürich,2026-01-01 09:30:00,false,99"),
        ("6,Sol,Lima,2026-01-04 00:00:00,true,2\n", "5,Noor,Oslo,2026-02-03 00:00:00,true,1\n"),
    )
    replace(
        project / "data" / "orders" / "2026-02.csv",
        ("6,2,north,2026-02-01,33.30,paid,", "6,2,north,2026-02-01,44.40,open,now open"),
        ('8,1,north,2026-02-03,0.00,paid,"two\nlines"\n', ""),
    )
    replace(project / "data" / "orders" / "2026-01.csv", (",cancelled,", ",paid,"))
    (project / "data" / "orders" / "2026-03.csv").write_text(
        "order_id,customer_id,region,ordered_on,amount,status,note\n"
        "9,5,east,2026-03-01,15.00,paid,\n"
        "10,1,south,2026-03-01,16.00,open,née\n",
        "utf-8",
    )
    with (project / "data" / "events.json").open("a", encoding="utf-8") as events:
        events.write(
            '{"id": 4, "kind": "view", "at": "2026-03-01 00:00:00", "properties": {"page": "x", "depth": 3}}\n'
        )


def bring_customers_back(project: Path) -> None:
    """The customer that was removed is there again, and another one goes."""
    replace(
        project / "dbt" / "seeds" / "bronze" / "customers.csv",
        ("5,Noor,Oslo,2026-02-03 00:00:00,true,1\n", "6,Sol,Lima,2026-03-03 12:00:00,true,3\n"),
    )


def test_a_first_run_equals_dbt_build(built_kitchen_sink: BuiltTwins) -> None:
    built_kitchen_sink.assert_same()


def test_reruns_with_nothing_changed_and_with_changed_inputs_equal_dbt_build(kitchen_sink: Twins) -> None:
    # lesson 16: appending again what is there already would show as surplus rows
    # lesson 19: the table `emptied` loses its rows, and readers must see none
    assert_same(kitchen_sink)
    assert_same(kitchen_sink)
    change_inputs(kitchen_sink.project)
    assert_same(kitchen_sink)
    assert kitchen_sink.rows("silver.emptied").num_rows == 0
    bring_customers_back(kitchen_sink.project)
    replace(kitchen_sink.project / "data" / "orders" / "2026-03.csv", ("9,5,east", "9,4,east"))
    assert_same(kitchen_sink)
    assert_readers_agree(kitchen_sink)


def test_a_run_after_models_were_edited_equals_dbt_build(kitchen_sink: Twins) -> None:
    assert_same(kitchen_sink)
    models = kitchen_sink.project / "dbt" / "models"
    for name in ("growing", "not_growing"):
        replace(models / "silver" / "incremental" / f"{name}.sql", ("region -- new column", "region, amount"))
    replace(
        models / "gold" / "orders.sql", ("sum(amount) as amount", "cast(sum(amount) as double) as amount, 1 as new")
    )
    replace(models / "silver" / "empty.sql", ("note, amount", "amount, note"))
    change_inputs(kitchen_sink.project)
    replace(kitchen_sink.project / "floe.yaml", ("minimum_amount: 5", "minimum_amount: 12"))
    assert_same(kitchen_sink)
    assert kitchen_sink.rows("silver.growing").column_names == ["order_id", "region", "amount"]


def test_a_full_refresh_equals_dbt_build_with_full_refresh(kitchen_sink: Twins) -> None:
    assert_same(kitchen_sink)
    change_inputs(kitchen_sink.project)
    assert_same(kitchen_sink, "--full-refresh")


def test_a_failing_test_and_a_failing_model_skip_what_dbt_skips_and_publish_nothing(kitchen_sink: Twins) -> None:
    assert_same(kitchen_sink)
    published = {key: kitchen_sink.table(key).metadata_location for key in kitchen_sink.published_assets()}
    # Order 7 is there twice, so the unique test on the view fails; and one model makes a number of a word.
    with (kitchen_sink.project / "dbt" / "models" / "silver" / "orders_view.sql").open("a", encoding="utf-8") as view:
        view.write("union all by name select * exclude (amount), 0 as cents, amount::decimal(12, 2) as amount\n")
        view.write("from {{ source('bronze', 'orders') }} where order_id = 7\n")
    replace(
        kitchen_sink.project / "dbt" / "models" / "silver" / "from_files.sql",
        ("measures.reading", "1 / cast(events.kind as integer) as reading"),
    )
    ours, theirs = kitchen_sink.floe_run(), kitchen_sink.dbt_build()
    assert_same_verdicts(ours, theirs)
    assert {"error", "fail", "skipped", "warn"} <= set(theirs.statuses.values())
    assert ours.exit_code == 1
    assert {key: kitchen_sink.table(key).metadata_location for key in published} == published


def test_failing_rows_that_a_test_stores_equal_those_dbt_stores(built_kitchen_sink: BuiltTwins) -> None:
    twins = built_kitchen_sink.twins
    stored = [test.failures_relation for test in twins.artifacts.tests.values() if test.store_failures]
    assert len(stored) == 2
    for relation in stored:
        name = f"{relation.schema_name}.{relation.identifier}"
        rows = sorted(map(repr, (tuple(row.values()) for row in twins.rows(name).to_pylist())))
        assert rows == sorted(map(repr, twins.dbt_rows(f"SELECT * FROM {name}")))


def test_the_next_model_sees_the_types_that_dbt_duckdb_would_give_it(built_kitchen_sink: BuiltTwins) -> None:
    # lesson 21: nanosecond timestamps, unsigned and huge integers, enums and JSON survive the Iceberg table
    twins = built_kitchen_sink.twins
    query = "SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM {})"
    assert twins.show(query.format("silver.odd_types")) == twins.dbt_rows(query.format("main.odd_types"))


def test_tables_of_one_name_in_two_layers_are_two_tables(built_kitchen_sink: BuiltTwins) -> None:
    # lesson 19
    twins = built_kitchen_sink.twins
    assert "order_id" in twins.rows("bronze.orders").column_names
    assert twins.rows("gold.orders").column_names == ["region", "status", "orders", "amount"]
    assert twins.rows("silver.totals").column_names == ["status", "cents"]
    assert twins.rows("gold.totals").column_names == ["region", "cents"]
