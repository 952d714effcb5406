"""Lets dbt run a data test in the session, where the project has a materialization `test` of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dbt.adapters.factory import get_adapter
from dbt.task.test import TestRunner

from floe.dbt.manifest import uncompiled
from floe.engines.dbt.rendering import RunCompiler


@dataclass(frozen=True)
class DataTestResult:
    """What the materialization found, and the rendered SQL of the test."""

    failures: int
    should_warn: bool
    should_error: bool
    sql: str


def run_data_test(config: Any, manifest: Any, unique_id: str) -> DataTestResult:  # noqa: ANN401 - dbt's own
    """Run a data test as `dbt build` does.

    Raises:
        dbt_common.exceptions.DbtBaseException: dbt cannot render or execute it.
    """
    adapter = get_adapter(config)
    node = manifest.expect(unique_id)
    runner = TestRunner(config, adapter, node, 1, 1)
    # The session changes behind dbt's back: what it knew of its relations is of no use.
    adapter.cache.clear()
    with adapter.connection_named(unique_id, node):
        compiled = RunCompiler(config).compile_node(uncompiled(node), manifest, write=False)
        found = runner.execute_data_test(compiled, manifest)
        adapter.commit_if_has_connection()
    sql = str(compiled.compiled_code).strip()
    return DataTestResult(int(found.failures), bool(found.should_warn), bool(found.should_error), sql)
