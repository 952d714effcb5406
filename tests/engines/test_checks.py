"""Data tests: counted with dbt's own query, with the first failing rows shown and kept on request."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from floe.artifact.models import Relation
from floe.errors import NodeError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.engines.conftest import Lakehouse

    from floe.errors import FloeError

NULLS = "select id from floe.gold.t where v is null"


@pytest.fixture
def tested(lakehouse: Lakehouse) -> Lakehouse:
    lakehouse.model("gold.t", "select range as id, case when range > 0 then null else 'x' end as v from range(8)")
    return lakehouse


def test_a_test_without_failing_rows_passes(tested: Lakehouse) -> None:
    outcome = tested.run_test(tested.test("not_null", "select * from floe.gold.t where id is null"), "gold.t")
    assert (outcome.failures, outcome.should_warn, outcome.should_error) == (0, False, False)
    assert outcome.sample == ()


def test_failing_rows_are_counted_and_the_first_five_are_shown(tested: Lakehouse) -> None:
    outcome = tested.run_test(tested.test("not_null", f"{NULLS} -- the nulls"), "gold.t")
    assert (outcome.failures, outcome.should_warn, outcome.should_error) == (7, True, True)
    assert outcome.columns == ("id",)
    assert len(outcome.sample) == 5
    assert outcome.sample[0] == ("1",)


def test_values_that_are_missing_are_shown_as_null(tested: Lakehouse) -> None:
    outcome = tested.run_test(tested.test("not_null", "select id, v from floe.gold.t where v is null"), "gold.t")
    assert outcome.sample[0] == ("1", "NULL")


def test_thresholds_limit_and_fail_calc_are_dbts(tested: Lakehouse) -> None:
    test = tested.test("not_null", NULLS, warn_if="> 3", error_if="> 6", limit=5)
    outcome = tested.run_test(test, "gold.t")
    assert (outcome.failures, outcome.should_warn, outcome.should_error) == (5, True, False)
    test = tested.test("sum", NULLS, fail_calc="sum(id)", error_if="= 28")
    outcome = tested.run_test(test, "gold.t")
    assert (outcome.failures, outcome.should_error) == (28, True)


def test_a_fail_calc_without_a_number_is_an_error(tested: Lakehouse) -> None:
    test = tested.test("sum", "select id from floe.gold.t where false", fail_calc="sum(id)")
    with pytest.raises(NodeError, match="gives no number") as caught:
        tested.run_test(test, "gold.t")
    assert caught.value.code == "FLOE-0415"


def test_sql_that_cannot_be_executed_names_file_and_line(
    tested: Lakehouse, refused: Callable[[FloeError], str]
) -> None:
    with pytest.raises(NodeError) as caught:
        tested.run_test(tested.test("broken", "select id\nfrom floe.gold.nothing"), "gold.t")
    assert caught.value.code == "FLOE-0415"
    assert "--> .floe/rendered/tests/broken.sql:2" in refused(caught.value)


def test_failing_rows_are_staged_on_request(tested: Lakehouse) -> None:
    relation = Relation(schema_name="main_dbt_test__audit", identifier="not_null")
    test = tested.test("not_null", NULLS, store_failures=True, failures_relation=relation, limit=3)
    outcome = tested.run_test(test, "gold.t")
    assert outcome.failures == 3
    assert outcome.staged is not None
    assert outcome.staged.asset == test.id
    assert outcome.staged.base.location.endswith(".floe/warehouse/main_dbt_test__audit/not_null")
    tested.publish([outcome.staged])
    assert len(tested.published("main_dbt_test__audit.not_null")) == 3


def test_stored_failures_are_empty_when_nothing_fails_any_more(tested: Lakehouse) -> None:
    # lesson 19
    relation = Relation(schema_name="main_dbt_test__audit", identifier="not_null")
    for sql in (NULLS, f"{NULLS} and false"):
        test = tested.test("not_null", sql, store_failures=True, failures_relation=relation)
        staged = tested.run_test(test, "gold.t").staged
        assert staged is not None
        tested.publish([staged])
    assert tested.published("main_dbt_test__audit.not_null") == []
