"""Views and tables: what a session shows, what a publish makes visible, and what goes wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from floe.errors import NodeError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from tests.engines.conftest import Lakehouse


def test_a_table_is_published_with_its_rows(lakehouse: Lakehouse) -> None:
    # lesson 18: what is published is an Iceberg table, not a file beside it
    lakehouse.model("gold.numbers", "select 1 as id, 'one' as name union all select 2, 'two'")
    outcome = lakehouse.build()["gold.numbers"]
    assert outcome.rows == 2
    assert lakehouse.published("gold.numbers") == [(1, "one"), (2, "two")]


def test_nothing_is_visible_before_the_publish(lakehouse: Lakehouse) -> None:
    lakehouse.model("gold.numbers", "select 1 as id")
    with lakehouse.session() as session:
        session.build(lakehouse.assets["gold.numbers"], full_refresh=False)
    assert not lakehouse.state("gold.numbers").exists


def test_a_rerun_gives_the_same_rows_in_one_file(lakehouse: Lakehouse) -> None:
    lakehouse.model("gold.numbers", "select range as id from range(10)")
    lakehouse.build()
    lakehouse.build()
    assert lakehouse.published("gold.numbers") == [(number,) for number in range(10)]
    assert len(lakehouse.files("gold.numbers")) == 1


def test_an_empty_result_publishes_an_empty_table(lakehouse: Lakehouse) -> None:
    # lesson 19: stale rows must go when a query gives none any more
    lakehouse.model("gold.numbers", "select 1 as id")
    lakehouse.build()
    lakehouse.model("gold.numbers", "select 1 as id where false")
    lakehouse.build()
    assert lakehouse.published("gold.numbers") == []
    assert lakehouse.seen("gold.numbers") == []


def test_tables_of_the_same_name_in_two_layers_do_not_collide(lakehouse: Lakehouse) -> None:
    # lesson 19
    lakehouse.model("silver.orders", "select 's' as layer")
    lakehouse.model("gold.orders", "select 'g' as layer")
    lakehouse.build()
    assert lakehouse.published("silver.orders") == [("s",)]
    assert lakehouse.published("gold.orders") == [("g",)]


def test_a_table_reads_a_view_that_reads_a_table(lakehouse: Lakehouse) -> None:
    lakehouse.model("bronze.raw", "select 1 as id")
    lakehouse.model("silver.doubled", 'select id * 2 as id from "floe"."bronze"."raw"', "view")
    lakehouse.model("gold.total", 'select sum(id) as total from "floe"."silver"."doubled"')
    outcomes = lakehouse.build()
    assert outcomes["silver.doubled"].staged is None
    assert lakehouse.seen("gold.total") == [(2,)]


def test_a_table_that_became_a_view_is_not_continued_when_it_becomes_incremental(lakehouse: Lakehouse) -> None:
    lakehouse.model("gold.t", "select 1 as id")
    lakehouse.build()
    lakehouse.model("gold.t", "select 2 as id", "view")
    assert lakehouse.build()["gold.t"].staged is not None
    assert lakehouse.build()["gold.t"].staged is None
    assert lakehouse.published("gold.t") == [(1,)]
    lakehouse.incremental("gold.t", "select 3 as id", "select 4 as id", "append")
    lakehouse.build()
    assert lakehouse.published("gold.t") == [(3,)]
    lakehouse.build()
    assert lakehouse.published("gold.t") == [(3,), (4,)]


def test_an_ephemeral_model_is_nothing_to_build(lakehouse: Lakehouse) -> None:
    lakehouse.model("silver.part", "select 1", "ephemeral")
    assert lakehouse.build()["silver.part"].staged is None


def test_columns_of_the_same_name_are_told_apart_as_create_table_does(lakehouse: Lakehouse) -> None:
    lakehouse.model("gold.twice", "select 1 as a, 2 as a, 3 as A")
    lakehouse.build()
    assert lakehouse.iceberg("gold.twice").column_names == ["a", "a_1", "A_2"]


def test_rows_keep_the_order_of_the_query(lakehouse: Lakehouse) -> None:
    lakehouse.model("gold.sorted", "select range as id from range(300000) order by range desc")
    lakehouse.build()
    ids = lakehouse.iceberg("gold.sorted")["id"].to_pylist()
    assert ids == sorted(ids, reverse=True)


def test_a_query_may_end_in_a_semicolon_or_a_comment(lakehouse: Lakehouse) -> None:
    lakehouse.model("gold.semicolon", "select 1 as id;\n")
    lakehouse.model("gold.comment", "select 2 as id -- the end")
    lakehouse.model("gold.seen", "select 3 as id -- the end", "view")
    lakehouse.build()
    assert lakehouse.published("gold.comment") == [(2,)]


@pytest.mark.parametrize("materialization", ["view", "table"])
def test_a_wrong_column_is_reported_with_the_line_of_the_rendered_file(
    lakehouse: Lakehouse, refused: Callable[[Any], str], materialization: str
) -> None:
    lakehouse.model("gold.broken", "select\n  1 as a,\n  b + 1 as c\nfrom range(3)", materialization)
    with pytest.raises(NodeError) as caught:
        lakehouse.build()
    assert caught.value.code == "FLOE-0401"
    assert 'Referenced column "b" not found' in caught.value.reason
    assert "--> .floe/rendered/gold/broken.sql:3" in refused(caught.value)
    assert "   3 |   b + 1 as c" in refused(caught.value)
    assert "LINE" not in refused(caught.value)


def test_a_value_that_cannot_be_cast_is_reported_with_its_line(
    lakehouse: Lakehouse, refused: Callable[[Any], str]
) -> None:
    lakehouse.model("gold.broken", "select\n  ('x' || range)::integer as a\nfrom range(3)")
    with pytest.raises(NodeError) as caught:
        lakehouse.build()
    assert caught.value.code == "FLOE-0402"
    assert "Could not convert string 'x0'" in caught.value.reason
    assert "--> .floe/rendered/gold/broken.sql:2" in refused(caught.value)


def test_line_numbers_hold_when_columns_have_to_be_converted(
    lakehouse: Lakehouse, refused: Callable[[Any], str]
) -> None:
    lakehouse.model("gold.broken", "select\n  1::hugeint as h,\n  ('x' || range)::integer as a\nfrom range(3)")
    with pytest.raises(NodeError) as caught:
        lakehouse.build()
    assert "--> .floe/rendered/gold/broken.sql:3" in refused(caught.value)


def test_an_attached_table_is_the_published_one(lakehouse: Lakehouse) -> None:
    lakehouse.model("silver.orders", "select 7 as id, 'a'::enum('a', 'b') as size")
    lakehouse.model("gold.top", 'select max(id) as id, max(typeof(size)) as t from "floe"."silver"."orders"')
    lakehouse.build("silver.orders")
    with lakehouse.session() as session:
        session.attach(lakehouse.assets["silver.orders"])
        outcome = session.build(lakehouse.assets["gold.top"], full_refresh=False)
        assert session._workspace.execute("from floe.gold.top").fetchall() == [(7, "ENUM('a', 'b')")]  # type: ignore[attr-defined]
    assert outcome.rows == 1


def test_an_attached_view_is_computed_from_attached_tables(lakehouse: Lakehouse) -> None:
    lakehouse.model("silver.orders", "select 7 as id")
    lakehouse.model("silver.seen", 'select id + 1 as id from "floe"."silver"."orders"', "view")
    lakehouse.model("gold.top", 'select id from "floe"."silver"."seen"')
    lakehouse.build("silver.orders")
    with lakehouse.session() as session:
        session.attach(lakehouse.assets["silver.orders"])
        session.attach(lakehouse.assets["silver.seen"])
        assert session.build(lakehouse.assets["gold.top"], full_refresh=False).rows == 1


def test_attaching_what_was_never_published_says_what_to_run(lakehouse: Lakehouse) -> None:
    lakehouse.model("silver.orders", "select 7 as id")
    with lakehouse.session() as session, pytest.raises(NodeError) as caught:
        session.attach(lakehouse.assets["silver.orders"])
    assert caught.value.code == "FLOE-0414"
    assert "floe run --select silver.orders" in caught.value.instruction


def test_relative_paths_in_sql_are_found_in_the_project(lakehouse: Lakehouse) -> None:
    lakehouse.write("data/part.csv", "id\n1\n2\n")
    lakehouse.model("gold.numbers", "select sum(id)::int as total from 'data/part.csv'")
    lakehouse.build()
    assert lakehouse.published("gold.numbers") == [(3,)]


def test_a_column_that_leaves_and_comes_back_with_another_type_is_a_new_column(lakehouse: Lakehouse) -> None:
    lakehouse.model("gold.numbers", "select 1 as id, 'x' as note")
    lakehouse.build()
    lakehouse.model("gold.numbers", "select 1 as id, 5 as note, now()::date is null as never")
    lakehouse.build()
    assert lakehouse.published("gold.numbers") == [(1, 5, False)]
    with lakehouse.session() as session:
        session.attach(lakehouse.assets["gold.numbers"])


def test_a_project_in_a_folder_with_special_characters_works(lakehouse: Lakehouse) -> None:
    lakehouse.directory /= "year=2026 [it's] 50%"
    lakehouse.directory.mkdir()
    lakehouse.write("data/a.csv", "id\n1\n")
    lakehouse.source("bronze.raw", "data/*.csv")
    lakehouse.model("gold.numbers", "select id + 1 as id from floe.bronze.raw")
    lakehouse.build()
    lakehouse.build("bronze.raw")
    with lakehouse.session() as session:
        session.attach(lakehouse.assets["bronze.raw"])
        assert session.build(lakehouse.assets["gold.numbers"], full_refresh=False).rows == 1
