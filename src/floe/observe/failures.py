"""What a user reads about a failed asset or test: what, why, the values, what was expected, how to see more."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from floe.observe.wording import clip, count
from floe.runtime.events import TestStatus

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from floe.artifact.models import Test
    from floe.observe.wording import Paint
    from floe.runtime.events import Failure, TestFinished

_MAXIMUM_ROWS = 5
_MAXIMUM_DIFFERENCES = 20
_MAXIMUM_CELL = 40
_MAXIMUM_NAMES = 5


def failure_lines(failure: Failure, paint: Paint, skipped: Sequence[str] = ()) -> list[str]:
    """A failure with its facts, what was skipped because of it, and the way out."""
    lines = [f"{paint.red(f'error[{failure.code}]')}{paint.bold(':')} {failure.reason}"]
    lines += [f"  {line}" for detail in failure.details for line in detail.split("\n")]
    lines += _because_of_it(skipped)
    hint = failure.instruction or f"run `floe explain {failure.code}`"
    return [*lines, f"{paint.cyan('hint:')} {hint}"]


@dataclass(frozen=True)
class Setting:
    """Where and when a test's result is told.

    `published` says whether the data that was tested is what readers see, so that the query finds the same rows.
    """

    paint: Paint
    width: int
    published: bool


def data_test_lines(event: TestFinished, test: Test, setting: Setting, skipped: Sequence[str] = ()) -> list[str]:
    """A failed or warned test: the failing values, the expected ones, and the query that shows them all."""
    if test.unit is not None:
        return _unit_test_lines(event, test, setting, skipped)
    lines = [title(event, test, setting.paint), *_table(event.columns, event.sample, setting.width)]
    shown = min(len(event.sample), _MAXIMUM_ROWS)
    if event.failures is not None and test.fail_calc == "count(*)" and event.failures > shown > 0:
        lines.append(f"  … and {count(event.failures - shown, 'more row')}")
    lines += [f"  expected: {expectation}" for expectation in _expected(test)]
    return [*lines, *_because_of_it(skipped), *_query_hint(test, setting)]


def _unit_test_lines(event: TestFinished, test: Test, setting: Setting, skipped: Sequence[str]) -> list[str]:
    """A failed unit test: how its actual rows differ from the expected ones, and the query that gives both."""
    rows = _table(event.columns, event.sample, setting.width, maximum_rows=_MAXIMUM_DIFFERENCES)
    more = len(event.sample) - _MAXIMUM_DIFFERENCES
    rows += [f"  … and {count(more, 'more row')} (`--json` has them)"] if more > 0 else []
    legend = "  --- expected and missing, +++ not expected, -> expected->actual"
    command = f'`floe show --sql "$(cat {shlex.quote(test.rendered_path)})"`'
    hint = f"{setting.paint.cyan('hint:')} all actual and expected rows: {command}"
    return [title(event, test, setting.paint), *rows, legend, *_because_of_it(skipped), hint]


def brief_lines(event: TestFinished, test: Test, setting: Setting) -> list[str]:
    """A warned test in two lines: what was found, and the query that shows it."""
    return [title(event, test, setting.paint), *_query_hint(test, setting)]


def title(event: TestFinished, test: Test, paint: Paint) -> str:
    """A failed or warned test in one line."""
    failed = event.status is TestStatus.FAIL
    title = paint.red("error:") if failed else paint.yellow("warning:")
    if test.unit is not None:
        return f"{title} unit test `{event.name}` of `{event.asset}` failed: its rows are not the expected ones"
    where = f" on `{event.asset}`" if event.asset else ""
    return f"{title} test `{event.name}`{where} {'failed' if failed else 'warned'}: {_found(event, test)}"


def _found(event: TestFinished, test: Test) -> str:
    number = event.failures or 0
    found = count(number, "row") if test.fail_calc == "count(*)" else f"`{test.fail_calc}` is {number:,}"
    condition = test.error_if if event.status is TestStatus.FAIL else test.warn_if
    return found if condition == "!= 0" else f"{found} ({condition})"


def _expected(test: Test) -> list[str]:
    """What the test wanted, in words, from its arguments."""
    arguments = {key: value for key, value in test.arguments.items() if key not in ("model", "column_name")}
    column = f"`{test.column}`" if test.column else "the expression"
    kind = test.type.split(".")[-1]
    if kind == "not_null":
        return [f"no null in {column}"]
    if kind == "unique":
        return [f"each value of {column} once"]
    if kind == "accepted_values":
        values = ", ".join(str(value) for value in arguments.get("values", ()))
        return [f"{column} is one of {values}"]
    if kind == "relationships":
        return [f"each value of {column} is in `{arguments.get('field')}` of {_reference(arguments)}"]
    if test.kind == "singular":
        return ["no rows"]
    return [f"{test.type} with {_arguments(arguments)}" if arguments else f"{test.type} finds no rows"]


def _reference(arguments: Mapping[str, object]) -> str:
    return f"`{arguments.get('to')}`"


def _arguments(arguments: Mapping[str, object]) -> str:
    return ", ".join(f"{key} = {value}" for key, value in sorted(arguments.items()))


def _query_hint(test: Test, setting: Setting) -> list[str]:
    hint = setting.paint.cyan("hint:")
    if test.store_failures and test.failures_relation:
        relation = test.failures_relation
        return [f"{hint} all failing rows: `floe show {shlex.quote(f'{relation.namespace}.{relation.identifier}')}`"]
    if setting.published and test.rendered_path:
        return [f'{hint} all failing rows: `floe show --sql "$(cat {shlex.quote(test.rendered_path)})"`']
    query = [f"  query: {test.rendered_path}"] if test.rendered_path else []
    return [*query, f"{hint} `store_failures: true` on this test keeps every failing row in a table"]


def _table(
    columns: Sequence[str], rows: Sequence[Sequence[str]], width: int, *, maximum_rows: int = _MAXIMUM_ROWS
) -> list[str]:
    """The sample, aligned; columns that do not fit are left out."""
    shown = [[clip(cell, _MAXIMUM_CELL) for cell in row] for row in rows[:maximum_rows]]
    if not columns or not shown:
        return []
    names = [clip(name, _MAXIMUM_CELL) for name in columns]
    widths = [max(len(row[index]) for row in (names, *shown)) for index in range(len(names))]
    fitting = _fitting(widths, width - 2)
    more = f"  (+{len(widths) - fitting} columns)" if fitting < len(widths) else ""
    lines = ["  ".join(cell.ljust(size) for cell, size in zip(row, widths[:fitting], strict=False)) for row in shown]
    header = "  ".join(name.ljust(size) for name, size in zip(names, widths[:fitting], strict=False))
    rule = "  ".join("-" * size for size in widths[:fitting])
    return [f"  {line}".rstrip() for line in (header + more, rule, *lines)]


def _fitting(widths: Sequence[int], width: int) -> int:
    """How many columns fit; at least one is shown."""
    used, fitting = 0, 0
    for size in widths:
        used += size + (2 if fitting else 0)
        if fitting and used > width - len("  (+99 columns)"):
            break
        fitting += 1
    return fitting


def _because_of_it(skipped: Sequence[str]) -> list[str]:
    if not skipped:
        return []
    listed = ", ".join(f"`{name}`" for name in skipped[:_MAXIMUM_NAMES])
    more = len(skipped) - _MAXIMUM_NAMES
    return [f"  skipped because of it: {listed}" + (f" and {more:,} more" if more > 0 else "")]
