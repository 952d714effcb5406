"""Readers that know nothing of Floe see the same rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

from .harness import quoted

if TYPE_CHECKING:
    from .harness import Twins


def test_pyiceberg_and_duckdb_over_the_data_files_read_the_same_rows(kitchen_sink: Twins) -> None:
    assert kitchen_sink.floe_run().exit_code == 0
    assert kitchen_sink.floe_run().exit_code == 0
    for key in kitchen_sink.published_assets():
        table = kitchen_sink.table(key)
        by_pyiceberg = table.scan().to_arrow()
        files = [task.file.file_path.removeprefix("file://") for task in table.scan().plan_files()]
        assert len(files) == len(set(files))
        if not files:
            assert by_pyiceberg.num_rows == 0
            continue
        columns = ", ".join(quoted(name) for name in by_pyiceberg.column_names)
        with duckdb.connect() as connection:
            connection.register("theirs", by_pyiceberg)
            connection.execute("CREATE VIEW files AS FROM read_parquet($1)".replace("$1", repr(files)))
            for one, other in (("files", "theirs"), ("theirs", "files")):
                assert (
                    connection.execute(
                        f"SELECT {columns} FROM {one} EXCEPT ALL SELECT {columns} FROM {other}"
                    ).fetchall()
                    == []
                ), key


def test_pyiceberg_lists_exactly_the_assets_that_publish(kitchen_sink: Twins) -> None:
    assert kitchen_sink.floe_run().exit_code == 0
    catalog = kitchen_sink.catalog
    listed = {".".join(name) for space in catalog.list_namespaces() for name in catalog.list_tables(space)}
    catalog.close()
    stored = {"dbt_test__audit.few_small_orders", "dbt_test__audit.note_where_and_stored"}
    assert listed == set(kitchen_sink.published_assets()) | stored


def test_statistics_of_the_files_do_not_hide_rows_from_a_filter(kitchen_sink: Twins) -> None:
    assert kitchen_sink.floe_run().exit_code == 0
    odd = kitchen_sink.table("silver.odd_types")
    for name in ("id", "tiny", "unsigned_big", "huge", "wide", "narrow", "day", "clock", "moment", "words", "flag"):
        for value in odd.scan(selected_fields=(name,)).to_arrow().column(name).to_pylist():
            from pyiceberg.expressions import EqualTo

            found = odd.scan(row_filter=EqualTo(name, value)).to_arrow()
            assert found.num_rows > 0, (name, value)
