"""What a publish makes of a table, seen through plain PyIceberg."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.lake.conftest import Lake


def test_a_published_table_reads_the_same_in_plain_pyiceberg_and_plain_duckdb(lake: Lake) -> None:
    published = lake.write("silver.orders", "SELECT range AS id, 'o' || range AS code FROM range(5)")

    assert (published.rows_added, published.rows_removed, published.rows_total) == (5, 0, 5)
    assert lake.rows("silver.orders") == [(n, f"o{n}") for n in range(5)]
    assert lake.duckdb_rows("silver.orders") == lake.rows("silver.orders")
    assert lake.steps == ["files-synced", "manifests-written", "metadata-written", "committed"]


def test_replacing_a_table_drops_every_old_row_and_records_the_old_files_as_deleted(lake: Lake) -> None:
    lake.write("silver.orders", "SELECT range AS id FROM range(5)")
    published = lake.write("silver.orders", "SELECT 7 AS id", run_id="run-2")

    assert (published.operation, published.rows_removed, published.rows_total) == ("overwrite", 5, 1)
    assert lake.rows("silver.orders") == [(7,)]
