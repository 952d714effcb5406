"""Sources: files landed whole, once, or by key, and what a broken file says."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import duckdb
import pytest

from floe.errors import NodeError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.engines.conftest import Lakehouse

    from floe.errors import FloeError

ORDERS = "id,name,day\n1,a,2020-01-01\n2,b,2020-01-02\n"


def test_csv_files_are_landed_with_the_types_of_all_their_rows(lakehouse: Lakehouse) -> None:
    lakehouse.write("data/a.csv", ORDERS)
    lakehouse.write("data/b.csv", "id,name,day\n3,c,2020-01-03\n")
    lakehouse.source("bronze.orders", "data/*.csv")
    lakehouse.build()
    arrow = lakehouse.iceberg("bronze.orders")
    assert [str(type_) for type_ in arrow.schema.types] == ["int64", "string", "date32[day]"]
    assert arrow["id"].to_pylist() == [1, 2, 3]


def test_types_do_not_depend_on_how_many_rows_a_sample_would_see(lakehouse: Lakehouse) -> None:
    numbers = "".join(f"{number}\n" for number in range(50_000))
    lakehouse.write("data/a.csv", f"id\n{numbers}last\n")
    lakehouse.source("bronze.orders", "data/a.csv")
    lakehouse.build()
    assert lakehouse.iceberg("bronze.orders")["id"].to_pylist()[-1] == "last"


def test_replace_lands_what_is_there_now(lakehouse: Lakehouse) -> None:
    lakehouse.write("data/a.csv", ORDERS)
    lakehouse.source("bronze.orders", "data/*.csv")
    lakehouse.build()
    lakehouse.write("data/a.csv", "id,name,day\n9,z,2020-01-01\n")
    lakehouse.build()
    assert [row[0] for row in lakehouse.published("bronze.orders")] == [9]


def test_a_file_with_column_names_only_gives_an_empty_table(lakehouse: Lakehouse) -> None:
    # lesson 19
    lakehouse.write("data/a.csv", ORDERS)
    lakehouse.source("bronze.orders", "data/*.csv")
    lakehouse.build()
    lakehouse.write("data/a.csv", "id,name,day\n")
    lakehouse.build()
    assert lakehouse.published("bronze.orders") == []


def test_files_with_other_columns_are_united_by_name(lakehouse: Lakehouse) -> None:
    lakehouse.write("data/a.csv", "id,name\n1,a\n")
    lakehouse.write("data/b.csv", "name,extra,id\nb,x,2\n")
    lakehouse.source("bronze.orders", "data/*.csv")
    lakehouse.build()
    assert lakehouse.published("bronze.orders") == [(1, "a", None), (2, "b", "x")]


def test_files_without_any_bytes_are_left_out(lakehouse: Lakehouse) -> None:
    lakehouse.write("data/a.csv", "id\n1\n")
    lakehouse.write("data/b.csv", "")
    lakehouse.source("bronze.orders", "data/*.csv")
    lakehouse.build()
    assert lakehouse.published("bronze.orders") == [(1,)]


def test_options_are_those_of_the_reader(lakehouse: Lakehouse) -> None:
    lakehouse.write("data/a.txt", "id;amount\n1;1,5\n")
    options = {"delimiter": ";", "decimal_separator": ","}
    lakehouse.source("bronze.orders", "data/a.txt", options=options)
    lakehouse.source("bronze.texts", "data/a.txt", options={"sep": ";", "all_varchar": True})
    lakehouse.build()
    assert lakehouse.published("bronze.orders") == [(1, 1.5)]
    assert lakehouse.published("bronze.texts") == [("1", "1,5")]


def test_tab_separated_files_are_known_by_their_name(lakehouse: Lakehouse) -> None:
    lakehouse.write("data/a.tsv", "id\tname\n1\ta\n")
    lakehouse.source("bronze.orders", "data/a.tsv")
    lakehouse.build()
    assert lakehouse.published("bronze.orders") == [(1, "a")]


def test_parquet_and_json_files_are_landed(lakehouse: Lakehouse) -> None:
    (lakehouse.directory / "data").mkdir()
    with duckdb.connect() as connection:
        connection.execute(f"copy (select 1 as id, [1, 2] as l) to '{lakehouse.directory}/data/a.parquet'")
    lakehouse.write("data/a.json", '[{"id": 1, "in": {"x": "y"}}, {"id": null}]')
    lakehouse.write("data/b.jsonl", '{"id": 1}\n{"id": 2, "more": true}\n')
    lakehouse.source("bronze.parquet", "data/*.parquet", format="parquet")
    lakehouse.source("bronze.json", "data/*.json", format="json")
    lakehouse.source("bronze.lines", "data/*.jsonl", format="json")
    lakehouse.build()
    assert lakehouse.published("bronze.parquet") == [(1, [1, 2])]
    assert lakehouse.published("bronze.json") == [(1, {"x": "y"}), (None, None)]
    assert lakehouse.published("bronze.lines") == [(1, None), (2, True)]


def test_append_lands_each_file_once(lakehouse: Lakehouse) -> None:
    # lesson 16: re-running in append mode duplicated rows
    lakehouse.write("data/a.csv", ORDERS)
    lakehouse.source("bronze.orders", "data/*.csv", mode="append")
    lakehouse.build()
    outcome = lakehouse.build()["bronze.orders"]
    assert (outcome.rows, outcome.staged) == (0, None)
    lakehouse.write("data/b.csv", "id,name,day\n3,c,2020-01-03\n")
    assert lakehouse.build()["bronze.orders"].rows == 1
    lakehouse.build()
    assert [row[0] for row in lakehouse.published("bronze.orders")] == [1, 2, 3]
    assert len(lakehouse.files("bronze.orders")) == 2


def test_a_landing_that_is_not_published_is_not_remembered(lakehouse: Lakehouse) -> None:
    # lesson 16: the memory of what was landed is published in the same commit as the rows
    lakehouse.write("data/a.csv", ORDERS)
    lakehouse.source("bronze.orders", "data/*.csv", mode="append")
    lakehouse.build()
    lakehouse.write("data/b.csv", "id,name,day\n3,c,2020-01-03\n")
    assert len(lakehouse.seen("bronze.orders")) == 3
    lakehouse.build()
    assert len(lakehouse.published("bronze.orders")) == 3


def test_a_landed_file_that_was_changed_is_an_error(lakehouse: Lakehouse) -> None:
    lakehouse.write("data/a.csv", ORDERS)
    lakehouse.source("bronze.orders", "data/*.csv", mode="append")
    lakehouse.build()
    lakehouse.write("data/a.csv", ORDERS + "3,c,2020-01-03\n")
    with pytest.raises(NodeError) as caught:
        lakehouse.build()
    assert caught.value.code == "FLOE-0405"
    assert "data/a.csv" in caught.value.reason
    assert "--full-refresh" in caught.value.instruction
    lakehouse.build(full_refresh=True)
    assert len(lakehouse.published("bronze.orders")) == 3


def test_appended_files_take_the_types_of_the_table(lakehouse: Lakehouse) -> None:
    lakehouse.write("data/a.csv", "id,amount,day\n1,1.5,2020-01-01\n")
    lakehouse.source("bronze.orders", "data/*.csv", mode="append")
    lakehouse.build()
    lakehouse.write("data/b.csv", "id,amount,day\n2,2,\n")
    lakehouse.write("data/c.csv", "id,extra\n3,new\n")
    lakehouse.build()
    assert [(row[0], row[1], row[3]) for row in lakehouse.published("bronze.orders")] == [
        (1, 1.5, None),
        (2, 2.0, None),
        (3, None, "new"),
    ]


def test_an_appended_value_that_is_not_of_the_tables_type_names_its_line(
    lakehouse: Lakehouse, refused: Callable[[FloeError], str]
) -> None:
    lakehouse.write("data/a.csv", ORDERS)
    lakehouse.source("bronze.orders", "data/*.csv", mode="append")
    lakehouse.build()
    lakehouse.write("data/b.csv", "id,name,day\n3,c,2020-01-03\nfour,d,2020-01-04\n")
    with pytest.raises(NodeError) as caught:
        lakehouse.build()
    assert caught.value.code == "FLOE-0404"
    assert "`data/b.csv`, line 3: column `id`" in caught.value.reason
    assert '"four"' in caught.value.reason
    assert "four,d,2020-01-04" in refused(caught.value)


def test_an_appended_column_that_would_lose_digits_is_refused(lakehouse: Lakehouse) -> None:
    lakehouse.write("data/a.csv", ORDERS)
    lakehouse.source("bronze.orders", "data/*.csv", mode="append")
    lakehouse.build()
    lakehouse.write("data/b.csv", "id,name,day\n3.5,c,2020-01-03\n")
    with pytest.raises(NodeError) as caught:
        lakehouse.build()
    assert caught.value.code == "FLOE-0409"
    assert "`id` of `bronze.orders` is `BIGINT` in the table and `DOUBLE`" in caught.value.reason


def test_merge_updates_by_key_and_keeps_what_is_not_in_the_files(lakehouse: Lakehouse) -> None:
    lakehouse.write("data/a.csv", ORDERS)
    lakehouse.source("bronze.orders", "data/*.csv", mode="merge", unique_key=("id",))
    lakehouse.build()
    lakehouse.write("data/a.csv", "id,name,day\n2,B,2020-01-02\n3,c,2020-01-03\n")
    lakehouse.build()
    assert [row[:2] for row in lakehouse.published("bronze.orders")] == [(1, "a"), (2, "B"), (3, "c")]


def test_merging_the_same_files_again_rewrites_nothing(lakehouse: Lakehouse) -> None:
    # lessons 16 and 19
    lakehouse.write("data/a.csv", ORDERS)
    lakehouse.source("bronze.orders", "data/*.csv", mode="merge", unique_key=("id",))
    lakehouse.build()
    before = lakehouse.files("bronze.orders")
    lakehouse.build()
    assert lakehouse.files("bronze.orders") == before
    assert len(lakehouse.published("bronze.orders")) == 2


def test_merged_files_may_bring_new_columns(lakehouse: Lakehouse) -> None:
    lakehouse.write("data/a.csv", "id,name\n1,a\n2,b\n")
    lakehouse.source("bronze.orders", "data/*.csv", mode="merge", unique_key=("id",))
    lakehouse.build()
    lakehouse.write("data/a.csv", "id,name,extra\n2,b,x\n")
    lakehouse.build()
    assert lakehouse.published("bronze.orders") == [(1, "a", None), (2, "b", "x")]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("id,name\n1,a\n1,b\n", "more than once"),
        ("id,name\n1,a\n,b\n", "1 rows of its files have no value there"),
        ("number,name\n1,a\n", "which its files do not have"),
    ],
)
def test_merge_refuses_keys_that_could_not_be_merged_twice(lakehouse: Lakehouse, content: str, said: str) -> None:
    lakehouse.write("data/a.csv", content)
    lakehouse.source("bronze.orders", "data/*.csv", mode="merge", unique_key=("id",))
    with pytest.raises(NodeError, match=said) as caught:
        lakehouse.build()
    assert caught.value.code == "FLOE-0406"


@pytest.mark.parametrize(
    ("content", "line", "said"),
    [
        ("id,name\n1,a\n2\n3,c\n", 3, "`name`: expected Number of Columns: 2 Found: 1"),
        ("id,name\n1,a\n2,b,extra\n", 3, "expected Number of Columns: 2 Found: 3"),
        ('id,name\n1,"a\n3,c\n', 2, "unterminated quote"),
        ('id,name\n1,"a"x\n3,c\n', 2, "unterminated quote"),
    ],
)
def test_a_broken_row_names_file_line_and_text(
    lakehouse: Lakehouse, refused: Callable[[FloeError], str], content: str, line: int, said: str
) -> None:
    lakehouse.write("data/fine.csv", "id,name\n1,a\n")
    lakehouse.write("data/x.csv", content)
    lakehouse.source("bronze.orders", "data/*.csv")
    with pytest.raises(NodeError) as caught:
        lakehouse.build()
    assert caught.value.code == "FLOE-0404"
    text = refused(caught.value)
    assert f"cannot read `data/x.csv`, line {line}: " in text
    assert said in text
    assert content.splitlines()[line - 1] in text
    assert "Possible fixes" not in text
    assert str(lakehouse.directory) not in text


def test_a_file_in_another_encoding_is_named(lakehouse: Lakehouse) -> None:
    lakehouse.write("data/a.csv", "")
    (lakehouse.directory / "data/a.csv").write_bytes("id,name\n1,café\n".encode("latin-1"))
    lakehouse.source("bronze.orders", "data/a.csv")
    with pytest.raises(NodeError, match=r"data/a\.csv`, line 2: it is not text in utf-8$") as caught:
        lakehouse.build()
    assert '`{encoding: "latin-1"}`' in caught.value.instruction
    lakehouse.source("bronze.orders", "data/a.csv", options={"encoding": "latin-1"})
    assert lakehouse.seen("bronze.orders") == [(1, "café")]


def test_a_file_that_is_not_compressed_as_its_name_says_is_named_without_the_folder(lakehouse: Lakehouse) -> None:
    lakehouse.write("data/a.csv.gz", "id\n1\n")
    lakehouse.source("bronze.orders", "data/a.csv.gz")
    with pytest.raises(NodeError, match=r"`data/a\.csv\.gz`: IO Error: .* GZIP stream: data/a\.csv\.gz$"):
        lakehouse.build()


def test_another_delimiter_is_recognised_and_told(lakehouse: Lakehouse) -> None:
    lakehouse.write("data/a.csv", "id;name\n1;a\n")
    for mode in ("replace", "append", "merge"):
        lakehouse.source("bronze.orders", "data/a.csv", mode=mode, unique_key=("id",))
        with pytest.raises(NodeError) as caught:
            lakehouse.build()
        assert 'delim: ";"' in caught.value.instruction


def test_a_pattern_without_files_names_the_nearest_folder(
    lakehouse: Lakehouse, refused: Callable[[FloeError], str]
) -> None:
    lakehouse.write("data/orders.csv", ORDERS)
    lakehouse.source("bronze.orders", "data/order/2020/*.csv")
    with pytest.raises(NodeError) as caught:
        lakehouse.build()
    assert caught.value.code == "FLOE-0403"
    assert "`data/order/2020/*.csv`" in caught.value.reason
    assert "nearest folder is `data`; it holds `orders.csv`" in refused(caught.value)


def test_files_that_are_all_empty_are_an_error(lakehouse: Lakehouse) -> None:
    lakehouse.write("data/a.csv", "")
    lakehouse.source("bronze.orders", "data/*.csv")
    with pytest.raises(NodeError, match="all empty"):
        lakehouse.build()


@pytest.mark.parametrize(("format_", "name"), [("json", "a.json"), ("parquet", "a.parquet")])
def test_a_file_of_another_format_is_an_error_that_names_it(lakehouse: Lakehouse, format_: str, name: str) -> None:
    lakehouse.write(f"data/{name}", "{this is neither")
    lakehouse.source("bronze.orders", f"data/{name}", format=format_)
    with pytest.raises(NodeError, match=re.escape(f"data/{name}")) as caught:
        lakehouse.build()
    assert caught.value.code == "FLOE-0404"


@pytest.mark.parametrize("option", ["frobnicate", "x) --"])
def test_an_unknown_option_is_an_error(lakehouse: Lakehouse, option: str) -> None:
    lakehouse.write("data/a.csv", ORDERS)
    lakehouse.source("bronze.orders", "data/*.csv", options={option: 1})
    with pytest.raises(NodeError, match=r"option|frobnicate") as caught:
        lakehouse.build()
    assert caught.value.code == "FLOE-0404"
