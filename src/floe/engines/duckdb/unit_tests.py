"""Runs dbt unit tests without dbt: fixtures get the column types of the session's relations, as dbt's macros do it.

The SQL is dbt's, word for word where it decides about types and rows (dbt-adapters `unit_test_sql/get_fixture_sql.sql`,
`materializations/tests/unit.sql` and `helpers.sql`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

from floe.engines.base import TestOutcome
from floe.engines.duckdb.faults import SqlOrigin, sql_faults
from floe.engines.duckdb.sql import literal, quote, relation_name
from floe.engines.duckdb.superseded import is_superseded
from floe.engines.duckdb.table_files import published_files
from floe.engines.rendered import keep_sql
from floe.errors import NodeError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from floe.artifact.models import Asset, Fixture, FixtureRow, Test, UnitTest
    from floe.engines.duckdb.workspace import Workspace

    Columns = Mapping[str, tuple[str, str]]
    Rows = Sequence[tuple[object, ...]]

_CODE = "FLOE-0450"
_ACTUAL = "actual"
PASSED = TestOutcome(0, should_warn=False, should_error=False)


def run_unit_test(workspace: Workspace, test: Test, unit: UnitTest) -> TestOutcome:
    """Compare the rows that the model makes of the fixtures with those that the test expects.

    Raises:
        NodeError: a fixture does not fit its input, or the SQL cannot be executed.
        LakeError: the model's own table cannot be read, or the SQL not be kept.
    """
    sql = test.sql
    for text, fixture in unit.fixtures.items():
        columns = _columns_of(workspace, test, fixture)
        sql = sql.replace(text, fixture_sql(fixture, columns, test.name))
    with sql_faults(SqlOrigin(test.name, sql, test.rendered_path, _CODE)):
        types = _types_of_result(workspace, sql)
    comparison = comparison_sql(sql, unit, types, test.name)
    with sql_faults(SqlOrigin(test.name, comparison, test.rendered_path, _CODE)):
        result = workspace.execute(comparison)
        names = [column[0] for column in result.description or ()]
        rows = result.fetchall()
    outcome = _judged(names, rows)
    if outcome.should_error:
        keep_sql(workspace.project_directory, test.rendered_path, comparison)
    return outcome


def fixture_sql(fixture: Fixture, columns: Columns, test: str) -> str:
    """The rows of a fixture as SQL: every column of the relation, with its type; those left out are null.

    Args:
        fixture: What to write.
        columns: Name in lower case -> name and type, in the relation's order.
        test: The test's name, for messages.

    Raises:
        NodeError: the fixture has a column that the relation has not.
    """
    nothing = {name: f"cast(null as {kind})" for name, (_, kind) in columns.items()}
    rows = [nothing | _cast_row(row, columns, f"'{fixture.name}'", test) for row in fixture.rows]
    selects = [_select(row, columns) for row in rows] or [f"{_select(nothing, columns)}\nlimit 0"]
    return f"-- Fixture for {fixture.name}\n" + "\nunion all\n".join(selects)


def comparison_sql(sql: str, unit: UnitTest, columns: Columns, test: str) -> str:
    """Actual and expected rows as one query, told apart by its last column.

    Raises:
        NodeError: the expected rows have a column that the model has not.
    """
    rows = [_cast_row(row, columns, "expected output", test) for row in unit.expected]
    names = ", ".join(quote(columns[name][0]) for name in (rows[0] if rows else columns))
    nothing = "select * from dbt_internal_unit_test_actual\nlimit 0"
    expected = unit.expected_sql or "\nunion all\n".join(_select(row, columns) for row in rows) or nothing
    return f"""-- Build actual result given inputs
with dbt_internal_unit_test_actual as (
  select {names}, 'actual' as "actual_or_expected"
  from (
    {sql}
  ) _dbt_internal_unit_test_actual
),
-- Build expected result
dbt_internal_unit_test_expected as (
  select {names}, 'expected' as "actual_or_expected"
  from (
    {expected}
  ) _dbt_internal_unit_test_expected
)
-- Union actual and expected results
select * from dbt_internal_unit_test_actual
union all
select * from dbt_internal_unit_test_expected"""


def different(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> TestOutcome:
    """The outcome of a test whose rows differ, with dbt's picture of the difference."""
    sample = tuple(tuple(row) for row in rows)
    return TestOutcome(1, should_warn=False, should_error=True, columns=tuple(columns), sample=sample)


def own_columns_query(workspace: Workspace, asset: Asset) -> str:
    """A query with the columns of the model's own table: the published one, else what a first build would make.

    Empty where neither is known.

    Raises:
        LakeError: the published table cannot be read.
    """
    if asset.publishes:
        table = workspace.state(asset)
        if table.exists and not is_superseded(table):
            return published_files(table, workspace.execute).select()
    return asset.query.sql if asset.query is not None else ""


def _judged(names: Sequence[str], rows: Rows) -> TestOutcome:
    """Passed where the same rows are there as often; where not, dbt's own comparison decides."""
    actual = [row[:-1] for row in rows if row[-1] == _ACTUAL]
    expected = [row[:-1] for row in rows if row[-1] != _ACTUAL]
    if sorted(map(repr, actual)) == sorted(map(repr, expected)):
        return PASSED
    from floe.engines.dbt.differences import difference

    shown = difference(names, rows)
    return PASSED if shown is None else different(*shown)


def _columns_of(workspace: Workspace, test: Test, fixture: Fixture) -> Columns:
    relation = relation_name(fixture.relation)
    query = f"SELECT * FROM {relation}"
    if fixture.own_table:
        query = own_columns_query(workspace, workspace.artifacts.assets[test.attached_to])
    with sql_faults(SqlOrigin(test.name, query, code=_CODE)):
        try:
            return _described(workspace, query)
        except duckdb.CatalogException as error:
            reason = f"`{test.name}` needs the column types of `{fixture.name}`, and there is no relation {relation}"
            instruction = "write the rows with `format: sql`, as ephemeral inputs need it"
            raise NodeError("FLOE-0451", reason, instruction) from error


def _types_of_result(workspace: Workspace, sql: str) -> Columns:
    """Columns of the model's SQL, as a table of it has them."""
    name = quote(workspace.new_name())
    workspace.execute(f"CREATE TEMP TABLE {name} AS select * from (\n{sql}\n) as __dbt_sbq where false limit 0")
    try:
        return _described(workspace, f"SELECT * FROM {name}")
    finally:
        workspace.execute(f"DROP TABLE {name}")


def _described(workspace: Workspace, query: str) -> Columns:
    described = workspace.execute(f"DESCRIBE {query}").fetchall()
    return {str(row[0]).lower(): (str(row[0]), str(row[1])) for row in described}


def _cast_row(row: FixtureRow, columns: Columns, fixture: str, test: str) -> dict[str, str]:
    cast = {}
    for name, value in row:
        if name.lower() not in columns:
            reason = f"`{test}`: there is no column `{name}` for the unit test fixture of {fixture}"
            known = ", ".join(f"`{known}`" for known, _ in columns.values())
            raise NodeError("FLOE-0452", reason, f"there are {known}")
        text = "null" if value is None else literal(value) if isinstance(value, str) else str(value)
        cast[name.lower()] = f"cast({text} as {columns[name.lower()][1]})"
    return cast


def _select(row: Mapping[str, str], columns: Columns) -> str:
    return "select " + ", ".join(f"{value} as {quote(columns[name][0])}" for name, value in row.items())
