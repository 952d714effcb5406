"""Incremental models: which rows end where is decided by dbt's own statements, and only touched files change."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.lake.other_engine import OtherEngine

from floe.errors import LakeError, NodeError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from tests.engines.conftest import Lakehouse

FIRST = "select 1 as id, 'a' as v union all select 2, 'b'"


def _paths(lakehouse: Lakehouse) -> set[str]:
    return {file.path for file in lakehouse.files("gold.t")}


def _built(lakehouse: Lakehouse, increment: str, strategy: str, *keys: str, first: str = FIRST, **how: object) -> None:
    lakehouse.incremental("gold.t", first, increment, strategy, *keys, **how)
    lakehouse.build()


def test_the_first_build_is_the_plain_query(lakehouse: Lakehouse) -> None:
    _built(lakehouse, "select 3 as id, 'c' as v", "append")
    assert lakehouse.published("gold.t") == [(1, "a"), (2, "b")]


def test_an_increment_is_appended_and_the_old_file_stays(lakehouse: Lakehouse) -> None:
    _built(lakehouse, "select max(id) + 1 as id, 'n' as v from floe.gold.t", "append")
    before = _paths(lakehouse)
    staged = lakehouse.build()["gold.t"].staged
    assert staged is not None
    assert staged.operation == "append"
    assert before < _paths(lakehouse)
    lakehouse.build()
    assert lakehouse.published("gold.t") == [(1, "a"), (2, "b"), (3, "n"), (4, "n")]


def test_an_increment_finds_its_columns_by_name(lakehouse: Lakehouse) -> None:
    _built(lakehouse, "select 'n' as v, 3 as id", "append")
    lakehouse.build()
    assert lakehouse.published("gold.t") == [(1, "a"), (2, "b"), (3, "n")]


def test_an_increment_of_another_type_is_cast_as_insert_does(lakehouse: Lakehouse) -> None:
    _built(lakehouse, "select 3::bigint as id, 5 as v", "append")
    lakehouse.build()
    assert lakehouse.published("gold.t") == [(1, "a"), (2, "b"), (3, "5")]


@pytest.mark.parametrize("strategy", ["merge", "delete+insert"])
def test_a_key_that_the_table_lacks_is_named(lakehouse: Lakehouse, strategy: str) -> None:
    _built(lakehouse, "select 3 as id, 'c' as v", strategy, "idd")
    with pytest.raises(NodeError, match=r"`unique_key` of `gold\.t` names the column `idd`") as caught:
        lakehouse.build()
    assert (caught.value.code, caught.value.instruction) == ("FLOE-0551", "did you mean `id`?")


def test_a_full_refresh_starts_anew(lakehouse: Lakehouse) -> None:
    _built(lakehouse, "select 3 as id, 'c' as v", "append")
    lakehouse.build()
    lakehouse.build(full_refresh=True)
    assert lakehouse.published("gold.t") == [(1, "a"), (2, "b")]


def test_the_session_shows_old_and_new_rows_before_the_publish(lakehouse: Lakehouse) -> None:
    _built(lakehouse, "select 2 as id, 'new' as v", "delete+insert", "id")
    assert lakehouse.seen("gold.t") == [(1, "a"), (2, "new")]
    assert lakehouse.published("gold.t") == [(1, "a"), (2, "b")]


@pytest.mark.parametrize("strategy", ["delete+insert", "merge"])
def test_only_the_files_that_hold_affected_keys_are_rewritten(lakehouse: Lakehouse, strategy: str) -> None:
    # lesson 19: not every table in full after each run
    _built(lakehouse, "select 10 as id, 'x' as v union all select 11, 'y'", strategy, "id")
    lakehouse.build()
    first, second = sorted(_paths(lakehouse))
    lakehouse.incremental("gold.t", FIRST, "select 11 as id, 'z' as v union all select 12, 'w'", strategy, "id")
    staged = lakehouse.build()["gold.t"].staged
    assert staged is not None
    assert (staged.operation, staged.removed_paths) == ("rewrite", (second,))
    assert first in _paths(lakehouse)
    assert second not in _paths(lakehouse)
    assert lakehouse.published("gold.t") == [(1, "a"), (2, "b"), (10, "x"), (11, "z"), (12, "w")]


@pytest.mark.parametrize("strategy", ["delete+insert", "merge"])
def test_a_rerun_of_the_same_increment_changes_nothing(lakehouse: Lakehouse, strategy: str) -> None:
    # lesson 16: a rerun must not duplicate rows, and one partition must not delete another
    _built(lakehouse, "select 2 as id, 'n' as v union all select 3, 'm'", strategy, "id")
    lakehouse.build()
    lakehouse.build()
    assert lakehouse.published("gold.t") == [(1, "a"), (2, "n"), (3, "m")]


def test_several_keys_must_all_match(lakehouse: Lakehouse) -> None:
    for strategy in ("delete+insert", "merge"):
        first = "select 1 as a, 1 as b, 'x' as v union all select 1, 2, 'y'"
        _built(lakehouse, "select 1 as a, 2 as b, 'z' as v", strategy, "a", "b", first=first)
        lakehouse.build(full_refresh=True)
        lakehouse.build()
        assert lakehouse.published("gold.t") == [(1, 1, "x"), (1, 2, "z")]


def test_delete_insert_keeps_duplicates_of_the_increment(lakehouse: Lakehouse) -> None:
    _built(lakehouse, "select 2 as id, 'n' as v union all select 2, 'm'", "delete+insert", "id")
    lakehouse.build()
    assert lakehouse.published("gold.t") == [(1, "a"), (2, "m"), (2, "n")]


def test_a_key_without_a_value_matches_nothing(lakehouse: Lakehouse) -> None:
    first = "select null::int as id, 'a' as v union all select 2, 'b'"
    _built(lakehouse, "select null::int as id, 'n' as v", "delete+insert", "id", first=first)
    lakehouse.build()
    assert lakehouse.published("gold.t", "v") == [(None, "a"), (2, "b"), (None, "n")]


def test_a_key_may_be_an_expression(lakehouse: Lakehouse) -> None:
    first = "select 1 as id, 'a' as v union all select 11, 'b' union all select 25, 'c'"
    _built(lakehouse, "select 19 as id, 'n' as v", "delete+insert", "id // 10", first=first)
    lakehouse.build()
    assert lakehouse.published("gold.t") == [(1, "a"), (19, "n"), (25, "c")]


def test_predicates_limit_what_is_deleted(lakehouse: Lakehouse) -> None:
    _built(lakehouse, "select 2 as id, 'n' as v", "delete+insert", "id", predicates=("v = 'other'",))
    lakehouse.build()
    assert lakehouse.published("gold.t") == [(1, "a"), (2, "b"), (2, "n")]


def test_predicates_may_name_the_model_itself(lakehouse: Lakehouse) -> None:
    predicates = ('"floe"."gold"."t".v = \'b\'',)
    _built(lakehouse, "select 2 as id, 'n' as v", "delete+insert", "id", predicates=predicates)
    lakehouse.build()
    assert lakehouse.published("gold.t") == [(1, "a"), (2, "n")]


def test_predicates_of_a_merge_name_both_sides(lakehouse: Lakehouse) -> None:
    predicates = ("DBT_INTERNAL_DEST.v <> 'b'",)
    _built(lakehouse, "select 1 as id, 'n' as v union all select 2, 'm'", "merge", "id", predicates=predicates)
    lakehouse.build()
    assert lakehouse.published("gold.t") == [(1, "n"), (2, "b"), (2, "m")]


def test_merge_updates_only_the_columns_it_is_told_to(lakehouse: Lakehouse) -> None:
    first = "select 1 as id, 'a' as v, 'p' as w"
    increment = "select 1 as id, 'n' as v, 'q' as w union all select 2, 'm', 'r'"
    _built(lakehouse, increment, "merge", "id", first=first, merge_update_columns=("v",))
    lakehouse.build()
    assert lakehouse.published("gold.t") == [(1, "n", "p"), (2, "m", "r")]


def test_merge_leaves_excluded_columns_as_they_are(lakehouse: Lakehouse) -> None:
    first = "select 1 as id, 'a' as v, 'p' as w"
    increment = "select 1 as id, 'n' as v, 'q' as w"
    _built(lakehouse, increment, "merge", "id", first=first, merge_exclude_columns=("id", "V"))
    lakehouse.build()
    assert lakehouse.published("gold.t") == [(1, "a", "q")]


def test_merge_without_a_key_inserts(lakehouse: Lakehouse) -> None:
    _built(lakehouse, "select 1 as id, 'n' as v", "merge")
    lakehouse.build()
    assert lakehouse.published("gold.t") == [(1, "a"), (1, "n"), (2, "b")]


def test_an_increment_without_rows_writes_no_file(lakehouse: Lakehouse) -> None:
    for strategy in ("append", "delete+insert", "merge"):
        _built(lakehouse, "select 3 as id, 'n' as v where false", strategy, "id")
        before = _paths(lakehouse)
        outcome = lakehouse.build()["gold.t"]
        assert (outcome.rows, outcome.staged) == (0, None)
        assert _paths(lakehouse) == before


def test_a_file_that_loses_all_its_rows_goes(lakehouse: Lakehouse) -> None:
    _built(lakehouse, "select id, v from floe.gold.t where false", "delete+insert", "id")
    lakehouse.incremental("gold.t", FIRST, "select 2 as id, 'n' as v", "delete+insert", "1")
    lakehouse.build()
    assert lakehouse.published("gold.t") == [(2, "n")]
    assert len(_paths(lakehouse)) == 1


def test_new_columns_are_ignored_by_default(lakehouse: Lakehouse) -> None:
    _built(lakehouse, "select 3 as id, 'n' as v, 'extra' as w", "append")
    lakehouse.build()
    assert lakehouse.published("gold.t") == [(1, "a"), (2, "b"), (3, "n")]


def test_a_missing_column_is_the_error_that_dbt_gives(lakehouse: Lakehouse) -> None:
    _built(lakehouse, "select 3 as id", "append")
    with pytest.raises(NodeError, match='Referenced column "v" not found'):
        lakehouse.build()


def test_changed_columns_fail_where_they_are_told_to(lakehouse: Lakehouse, refused: Callable[[Any], str]) -> None:
    _built(lakehouse, "select 3::bigint as id, 'w' as w", "append", on_schema_change="fail")
    with pytest.raises(NodeError) as caught:
        lakehouse.build()
    assert caught.value.code == "FLOE-0409"
    for text in ("new column `w` VARCHAR", "column `v` is not in the query any more", "`id` was INTEGER and is BIGINT"):
        assert text in refused(caught.value)
    assert lakehouse.published("gold.t") == [(1, "a"), (2, "b")]


@pytest.mark.parametrize("strategy", ["append", "delete+insert", "merge"])
def test_new_columns_are_null_in_old_rows(lakehouse: Lakehouse, strategy: str) -> None:
    increment = "select 2 as id, 'n' as v, 7 as w"
    _built(lakehouse, increment, strategy, "id", on_schema_change="append_new_columns")
    expected = [(1, "a", None), (2, "n", 7)]
    if strategy == "append":
        expected.insert(1, (2, "b", None))
    assert sorted(lakehouse.seen("gold.t"), key=str) == sorted(expected, key=str)
    lakehouse.build()
    assert sorted(lakehouse.published("gold.t"), key=str) == sorted(expected, key=str)
    if strategy != "append":
        lakehouse.build()
        assert sorted(lakehouse.seen("gold.t"), key=str) == sorted(expected, key=str)


def test_sync_all_columns_adds_and_drops(lakehouse: Lakehouse) -> None:
    _built(lakehouse, "select 3 as id, 'n' as w", "append", on_schema_change="sync_all_columns")
    assert lakehouse.seen("gold.t") == [(1, None), (2, None), (3, "n")]
    lakehouse.build()
    assert lakehouse.published("gold.t") == [(1, None), (2, None), (3, "n")]
    assert lakehouse.iceberg("gold.t").column_names == ["id", "w"]


def test_sync_all_columns_widens_without_rewriting(lakehouse: Lakehouse) -> None:
    _built(lakehouse, "select 3000000000 as id, 'n' as v", "append", on_schema_change="sync_all_columns")
    before = _paths(lakehouse)
    expected = [("a", 1), ("b", 2), ("n", 3_000_000_000)]
    assert lakehouse.seen("gold.t") == expected  # as in dbt, the changed column moves to the end
    lakehouse.build()
    assert before < _paths(lakehouse)
    assert lakehouse.published("gold.t") == expected


def test_sync_all_columns_rewrites_everything_for_a_type_that_old_files_cannot_be_read_as(lakehouse: Lakehouse) -> None:
    _built(lakehouse, "select 'three' as id, 'n' as v", "append", on_schema_change="sync_all_columns")
    before = _paths(lakehouse)
    lakehouse.build()
    assert not before & _paths(lakehouse)
    assert lakehouse.published("gold.t") == [("a", "1"), ("b", "2"), ("n", "three")]


def test_converted_types_survive_increments(lakehouse: Lakehouse) -> None:
    first = "select 1::utinyint as id, 'a'::enum('a', 'b') as v, 5::hugeint as h"
    _built(lakehouse, "select 1::utinyint as id, 'b'::enum('a', 'b') as v, 6::hugeint as h", "merge", "id", first=first)
    lakehouse.build()
    lakehouse.model("gold.types", "select typeof(id) i, typeof(v) v, typeof(h) h, v::varchar x from floe.gold.t")
    assert lakehouse.seen("gold.types") == [("UTINYINT", "ENUM('a', 'b')", "HUGEINT", "b")]


def test_an_error_in_the_increment_names_its_line(lakehouse: Lakehouse, refused: Callable[[Any], str]) -> None:
    _built(lakehouse, "select 1 as id,\n nothing as v", "merge", "id")
    with pytest.raises(NodeError) as caught:
        lakehouse.build()
    assert "--> .floe/rendered/gold/t.increment.sql:2" in refused(caught.value)


def test_a_missing_data_file_is_reported(lakehouse: Lakehouse) -> None:
    from pathlib import Path

    _built(lakehouse, "select 1 as id, 'n' as v", "merge", "id")
    Path(next(iter(_paths(lakehouse)))).unlink()
    with pytest.raises((NodeError, LakeError), match=r"\.parquet"):
        lakehouse.build()


@pytest.mark.parametrize("strategy", ["append", "delete+insert", "merge"])
def test_an_increment_does_not_bring_back_what_another_engine_deleted(lakehouse: Lakehouse, strategy: str) -> None:
    lakehouse.incremental(
        "gold.kept", "select range as id, 'a' as v from range(4)", "select 1::bigint as id, 'b' as v", strategy, "id"
    )
    lakehouse.build()
    engine = OtherEngine.at(lakehouse.directory / ".floe/catalog.db", lakehouse.directory / ".floe/warehouse")
    engine.delete_positions("gold.kept", {engine.paths("gold.kept")[0]: [1, 2]})
    engine.catalog.close()

    lakehouse.build()

    assert lakehouse.published("gold.kept") == [(0, "a"), (1, "b"), (3, "a")]
