"""Readers that know nothing of Floe see the same rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyiceberg.expressions import EqualTo

from .compare import assert_readers_agree

if TYPE_CHECKING:
    from .compare import BuiltTwins


def test_pyiceberg_and_duckdb_over_the_data_files_read_the_same_rows(built_kitchen_sink: BuiltTwins) -> None:
    assert_readers_agree(built_kitchen_sink.twins)


def test_pyiceberg_lists_exactly_the_assets_that_publish(built_kitchen_sink: BuiltTwins) -> None:
    twins = built_kitchen_sink.twins
    catalog = twins.catalog
    listed = {".".join(name) for space in catalog.list_namespaces() for name in catalog.list_tables(space)}
    catalog.close()
    stored = {"dbt_test__audit.few_small_orders", "dbt_test__audit.note_where_and_stored"}
    assert listed == set(twins.published_assets()) | stored


def test_statistics_of_the_files_do_not_hide_rows_from_a_filter(built_kitchen_sink: BuiltTwins) -> None:
    twins = built_kitchen_sink.twins
    odd = twins.table("silver.odd_types")
    for name in ("id", "tiny", "unsigned_big", "huge", "wide", "narrow", "day", "clock", "moment", "words", "flag"):
        for value in odd.scan(selected_fields=(name,)).to_arrow().column(name).to_pylist():
            found = odd.scan(row_filter=EqualTo(name, value)).to_arrow()
            assert found.num_rows > 0, (name, value)
