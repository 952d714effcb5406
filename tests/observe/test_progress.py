from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from floe.runtime.events import Failure, NodeStatus, Notice, PublishFinished, RunStatus, TestStatus

Show = Callable[..., list[str]]
WIDE = (("x" * 50,) * 10,)
FAILURE = Failure(
    code="FLOE-0401",
    reason='`gold.revenue` failed: Binder Error: Referenced column "x" not found',
    instruction="correct the SQL, then run again",
    details=("--> .floe/rendered/gold/revenue.sql:3", "   3 | select x"),
)


def published(make: type, *names: str) -> list[object]:
    return [
        *(make.table(name) for name in names),
        PublishFinished(run_id=make.run, published=len(names), seconds=0.045),
    ]


def test_a_run_is_told_line_by_line_and_summed_up(shown: Show, make: type) -> None:
    lines = shown(
        make.started(["bronze.raw", "silver.orders"], ["not_null_orders_id", "unique_orders_id"]),
        make.node("bronze.raw", kind="source", rows=49416, seconds=0.12),
        make.node("silver.orders", materialization="view"),
        make.result("not_null_orders_id"),
        make.result("unique_orders_id"),
        *published(make, "bronze.raw"),
        make.finished(),
    )
    assert lines == [
        "   Running 2 assets and 2 tests of shop in local, up to 4 at a time",
        "    Landed  120ms  bronze.raw     source         49,416 rows",
        "     Built   12ms  silver.orders  view                        2 tests passed",
        "",
        " Published 1 table in one commit, 45ms",
        "           bronze.raw  +10  1,234 rows  snapshot 5151234567890123456",
        "    Tested 2 passed",
        f" Succeeded in 1.23s  run {make.run}",
    ]


def test_one_long_name_does_not_take_the_counts_of_the_other_tables_away(shown: Show, make: type) -> None:
    lines = shown(make.started(["gold.a"]), *published(make, "gold.a", f"gold.{'x' * 200}"), make.finished())
    told = lines[lines.index(" Published 2 tables in one commit, 45ms") + 1 :][:2]
    assert [line.split()[1:] for line in told] == [["+10", "1,234", "rows"]] * 2
    assert "…" in told[1]
    assert len(told[0]) == len(told[1]) <= 120


def test_the_line_of_an_asset_waits_for_its_tests(shown: Show, make: type) -> None:
    events = [
        make.started(["silver.orders", "gold.revenue"], ["not_null_orders_id"]),
        make.node("silver.orders"),
        make.node("gold.revenue"),
    ]
    assert len(shown(*events)) == 2
    assert "1 test passed" in shown(*events, make.result("not_null_orders_id"))[-1]


def test_verbose_shows_every_test(shown: Show, make: type) -> None:
    lines = shown(
        make.started(["silver.orders"], ["not_null_orders_id"]),
        make.node("silver.orders"),
        make.result("not_null_orders_id"),
        verbosity=1,
    )
    assert lines[1:] == ["     Built   12ms  silver.orders  table", "    Passed    2ms  test not_null_orders_id"]


def test_quiet_shows_failures_only(shown: Show, make: type) -> None:
    lines = shown(
        make.started(["silver.orders", "gold.revenue"]),
        make.node("silver.orders"),
        make.node("gold.revenue", NodeStatus.ERROR, failure=FAILURE),
        make.finished(RunStatus.FAILED),
        verbosity=-1,
    )
    assert lines[:2] == ["", f"error[FLOE-0401]: {FAILURE.reason}"]


def test_a_failed_asset_shows_reason_sql_line_and_what_was_skipped(shown: Show, make: type) -> None:
    lines = shown(
        make.started(["gold.revenue", "gold.top"]),
        make.node("gold.revenue", NodeStatus.ERROR, failure=FAILURE),
        make.node("gold.top", NodeStatus.SKIPPED, seconds=0.0, skipped_because="gold.revenue"),
        PublishFinished(run_id=make.run, published=0, seconds=0.0, withheld=True),
        make.finished(RunStatus.FAILED),
    )
    assert lines[1:] == [
        '    Failed   12ms  gold.revenue  Binder Error: Referenced column "x" not found',
        "   Skipped         gold.top      because gold.revenue failed",
        "",
        'error[FLOE-0401]: `gold.revenue` failed: Binder Error: Referenced column "x" not found',
        "  --> .floe/rendered/gold/revenue.sql:3",
        "     3 | select x",
        "  skipped because of it: `gold.top`",
        "hint: correct the SQL, then run again",
        "",
        "  Withheld every table: none was changed, because something failed",
        "   Skipped 1 asset",
        f"    Failed in 1.23s  run {make.run}",
    ]


def test_what_was_skipped_because_of_a_test_names_the_test_as_its_own_line_does(shown: Show, make: type) -> None:
    lines = shown(
        make.started(["gold.top"]),
        make.node("gold.top", NodeStatus.SKIPPED, seconds=0.0, skipped_because="test.shop.unique_id.7d34ba1ca3"),
    )
    assert lines[1:] == ["   Skipped         gold.top  because test unique_id failed"]


def test_rows_of_failing_tests_are_not_taken_for_published_assets(shown: Show, make: type) -> None:
    lines = shown(
        make.started(["silver.orders"], ["orders_have_customers"]),
        make.node("silver.orders"),
        make.result("orders_have_customers", TestStatus.FAIL, failures=1),
        make.table("test.shop.orders_have_customers"),
        PublishFinished(run_id=make.run, published=1, seconds=0.01),
        PublishFinished(run_id=make.run, published=0, seconds=0.0, withheld=True),
        make.finished(RunStatus.FAILED),
    )
    assert "  Withheld every asset: only rows of failing tests were published, because something failed" in lines


def test_a_failed_test_shows_values_expectation_and_query(shown: Show, make: type) -> None:
    lines = shown(
        make.started(["silver.orders"], ["accepted_values_orders_status"]),
        make.node("silver.orders"),
        make.result(
            "accepted_values_orders_status",
            TestStatus.FAIL,
            failures=7,
            columns=("value_field", "n_records"),
            sample=(("lost [x]", "4"), ("NULL", "3")),
        ),
        PublishFinished(run_id=make.run, published=0, seconds=0.0, withheld=True),
        make.finished(RunStatus.FAILED),
    )
    # lesson 10: square brackets are text, not markup
    assert lines[1:12] == [
        "    Failed    2ms  test accepted_values_orders_status 7 rows",
        "     Built   12ms  silver.orders  table                       1 failed",
        "",
        "error: test `accepted_values_orders_status` on `silver.orders` failed: 7 rows",
        "  value_field  n_records",
        "  -----------  ---------",
        "  lost [x]     4",
        "  NULL         3",
        "  … and 5 more rows",
        "  expected: `status` is one of open, paid [late]",
        "  query: .floe/rendered/tests/accepted_values_orders_status.sql",
    ]
    assert lines[12] == "hint: `store_failures: true` on this test keeps every failing row in a table"


@pytest.mark.parametrize(
    ("test", "expected", "hint"),
    [
        ("not_null_orders_id", "expected: no null in `id`", '`floe show --sql "$(cat .floe/rendered/tests/not_null_'),
        ("unique_orders_id", "expected: each value of `id` once", "floe show --sql"),
        (
            "orders_have_customers",
            "expected: each value of `customer_id` is in `id` of `ref('customers')`",
            "all failing rows: `floe show audit.orders_have_customers`",
        ),
        ("revenue_is_positive", "expected: no rows", "floe show --sql"),
        ("at_most", "expected: shop_utils.at_most with maximum = 5", "floe show --sql"),
    ],
)
def test_each_kind_of_test_says_what_it_wanted(shown: Show, make: type, test: str, expected: str, hint: str) -> None:
    lines = shown(
        make.started([], [test], command="test"),
        make.result(test, TestStatus.FAIL, failures=1),
        make.finished(RunStatus.FAILED),
    )
    assert any(line.strip() == expected for line in lines)
    assert any(line.startswith("hint: ") and hint in line for line in lines)


def test_a_warning_names_its_condition_and_is_no_failure(shown: Show, make: type) -> None:
    lines = shown(
        make.started([], ["revenue_is_positive"]),
        make.result("revenue_is_positive", TestStatus.WARN, failures=11),
        make.finished(),
    )
    assert "    Warned    2ms  test revenue_is_positive 11 rows" in lines
    assert "warning: test `revenue_is_positive` warned: 11 rows (>10)" in lines
    assert "    Tested 1 warned" in lines


def test_several_warnings_are_a_line_each_with_one_hint(shown: Show, make: type) -> None:
    warned = ["revenue_is_positive", "orders_have_customers"]
    lines = shown(
        make.started([], warned),
        *(make.result(test, TestStatus.WARN, failures=11) for test in warned),
        make.finished(),
    )
    first = lines.index("warning: test `revenue_is_positive` warned: 11 rows (>10)")
    assert lines[first + 1].startswith("warning: test `orders_have_customers` on ")
    assert lines[first + 2] == "hint: `-v` shows the rows that each of them found"


def test_what_is_not_an_asset_s_fault_is_told_at_the_end(shown: Show, make: type) -> None:
    conflict = Failure(code="FLOE-0502", reason="`gold.revenue` was changed by another writer", instruction="run again")
    lines = shown(
        make.started(["gold.revenue"]),
        make.node("gold.revenue"),
        PublishFinished(run_id=make.run, published=0, seconds=0.1, failure=conflict),
        make.finished(RunStatus.FAILED),
    )
    assert "error[FLOE-0502]: `gold.revenue` was changed by another writer" in lines
    assert " Unchanged publishing failed: every table is as it was before" in lines


def test_notices_come_at_once(shown: Show, make: type) -> None:
    assert shown(Notice(run_id=make.run, message="waiting for run `x`")) == ["note: waiting for run `x`"]


def test_many_tables_are_cut_sensibly(shown: Show, make: type) -> None:
    names = [f"gold.table_{number:02d}" for number in range(40)]
    events = [make.started(names), *published(make, *names), make.finished()]
    lines = shown(*events)
    assert "           … and 29 more tables (`-v` shows all)" in lines
    assert sum("gold.table" in line for line in lines) == 11
    assert sum("gold.table" in line for line in shown(*events, verbosity=1)) == 40


@pytest.mark.parametrize("width", [80, 120])
def test_lines_fit_the_terminal(shown: Show, make: type, width: int) -> None:
    name = "silver." + "long_name_of_a_model" * 2
    lines = shown(
        make.started([name, "gold.revenue"], ["not_null_orders_id"]),
        make.node(name, rows=123_456_789, seconds=12.3),
        make.node("gold.revenue", NodeStatus.ERROR, failure=Failure(code="FLOE-0401", reason="reason " * 40)),
        make.result(
            "not_null_orders_id", TestStatus.FAIL, failures=1, columns=tuple("abcdefghij"), sample=(("x" * 50,) * 10,)
        ),
        *published(make, name, "gold.revenue"),
        make.finished(),
        width=width,
    )
    laid_out = [line for line in lines if not line.startswith(("error", "hint", "  query"))]
    assert max(map(len, laid_out)) <= width


def test_colours_change_no_text(shown: Show, make: type) -> None:
    events = [
        make.started(["gold.revenue"], ["not_null_orders_id"]),
        make.node("gold.revenue", NodeStatus.ERROR, failure=FAILURE),
        make.result("not_null_orders_id", TestStatus.WARN, failures=1),
        make.finished(RunStatus.FAILED),
    ]
    coloured = shown(*events, paint=make.tags)
    assert any("\x1b[" in line for line in coloured)
    assert [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in coloured] == shown(*events, paint=make.plain)


@pytest.mark.parametrize(
    ("width", "ending"),
    [(None, "rows  snapshot 5151234567890123456"), (80, "rows  5151234567890123456"), (60, "1,234 rows")],
)
def test_a_snapshot_is_named_as_far_as_there_is_room(shown: Show, make: type, width: int | None, ending: str) -> None:
    name = "silver.tournament_importance"
    lines = shown(make.started([name], []), make.node(name), *published(make, name), make.finished(), width=width)
    assert next(line for line in lines if "+10" in line).endswith(ending)
