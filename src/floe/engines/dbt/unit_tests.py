"""Lets dbt run a unit test in the session: its own fixtures, materialization and comparison."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dbt.adapters.factory import get_adapter
from dbt.task.test import TestRunner

from floe.engines.dbt.differences import shown
from floe.engines.dbt.rendering import RunCompiler


@dataclass(frozen=True)
class UnitTestResult:
    """What dbt found: columns and rows of the difference, None for a test that passed; and the SQL of actual rows."""

    difference: tuple[list[str], list[list[str]]] | None
    sql: str


class _Runner(TestRunner):  # type: ignore[misc]  # dbt carries no types
    """dbt's runner of tests, which keeps the difference as data."""

    difference: tuple[list[str], list[list[str]]] | None = None

    def _render_daff_diff(self, daff_diff: Any) -> str:  # noqa: ANN401 - daff's TableDiff
        self.difference = shown(daff_diff)
        return ""


def run_unit_test(config: Any, manifest: Any, unique_id: str) -> UnitTestResult:  # noqa: ANN401 - dbt's own
    """Run a unit test as `dbt build` does.

    Raises:
        dbt_common.exceptions.DbtBaseException: dbt cannot render or execute it.
    """
    adapter = get_adapter(config)
    definition = manifest.unit_tests[unique_id]
    runner = _Runner(config, adapter, definition, 1, 1)
    runner.compiler = RunCompiler(config)
    # The session changes behind dbt's back: what it knew of its relations is of no use.
    adapter.cache.clear()
    with adapter.connection_named(unique_id, definition):
        node, _ = runner.execute_unit_test(definition, manifest)
        adapter.commit_if_has_connection()
    return UnitTestResult(runner.difference, str(node.compiled_code).strip())
