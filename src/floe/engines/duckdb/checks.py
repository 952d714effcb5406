"""Runs data tests, with dbt's own wrapper around their SQL (dbt-adapters `materializations/tests/helpers.sql`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from floe.engines.base import TestOutcome
from floe.engines.duckdb.faults import SqlOrigin, sql_faults
from floe.engines.duckdb.sql import relation_name
from floe.engines.duckdb.staging import Target, stage_query
from floe.errors import NodeError

if TYPE_CHECKING:
    from floe.artifact.models import Relation, Test
    from floe.engines.duckdb.workspace import Workspace
    from floe.lake.base import StagedTable

_SAMPLE_ROWS = 5
_CODE = "FLOE-0415"


def run_test(workspace: Workspace, test: Test) -> TestOutcome:
    """Count what the test finds, and fetch the first failing rows if there are any.

    Raises:
        NodeError: the SQL cannot be executed, or `fail_calc` gives no number.
        LakeError: the failing rows cannot be stored.
    """
    with sql_faults(SqlOrigin(test.name, test.sql, test.rendered_path, _CODE, workspace.source(test))):
        rows, staged = _failing_rows(workspace, test)
        failures, should_warn, should_error = _verdict(workspace, test, rows)
        columns, sample = _sample(workspace, rows) if failures else ((), ())
    return TestOutcome(failures, should_warn, should_error, columns, sample, staged)


def found_outcome(workspace: Workspace, rows: str, failures: int) -> TestOutcome:
    """What a test found, with the first rows of its SQL; nobody has judged it yet.

    Raises:
        duckdb.Error: the SQL cannot be executed.
    """
    columns, sample = _sample(workspace, rows.rstrip().rstrip(";")) if failures else ((), ())
    return TestOutcome(failures, should_warn=False, should_error=False, columns=columns, sample=sample)


def _failing_rows(workspace: Workspace, test: Test) -> tuple[str, StagedTable | None]:
    """SQL of the failing rows, on one line with its first line; they are stored first if the test says so."""
    limited = test.sql.rstrip().rstrip(";")
    if test.limit is not None:
        limited = f"{limited}\nlimit {test.limit}"
    if not test.store_failures or test.failures_relation is None:
        return limited, None
    return f"select * from {relation_name(test.failures_relation)}", _store(
        workspace, test, test.failures_relation, limited
    )


def _store(workspace: Workspace, test: Test, relation: Relation, rows: str) -> StagedTable | None:
    target = Target(test.id, relation, workspace.failures_state(relation))
    return stage_query(workspace, target, rows).staged


def _verdict(workspace: Workspace, test: Test, rows: str) -> tuple[int, bool, bool]:
    verdict = (
        f"select {test.fail_calc} as failures, {test.fail_calc} {test.warn_if} as should_warn, "
        f"{test.fail_calc} {test.error_if} as should_error from ({rows}\n) dbt_internal_test"
    )
    with workspace.reading(verdict):
        row = workspace.execute(verdict).fetchone()
    if row is None or row[0] is None:
        reason = f"`{test.name}` has the `fail_calc` `{test.fail_calc}`, which gives no number for its rows"
        raise NodeError(_CODE, reason, "write it so that it is 0 without failing rows, e.g. `coalesce(sum(n), 0)`")
    return int(row[0]), bool(row[1]), bool(row[2])


def _sample(workspace: Workspace, rows: str) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    select = f"select columns(*)::varchar from ({rows}\n) dbt_internal_test limit {_SAMPLE_ROWS}"
    result = workspace.execute(select)
    columns = tuple(column[0] for column in result.description or ())
    sample = tuple(tuple("NULL" if value is None else value for value in row) for row in result.fetchall())
    return columns, sample
