"""Builds Python assets: calls the function with relations, and stages what it returns without copying it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import duckdb

from floe.engines.duckdb.faults import SqlOrigin, environment_fault, sql_faults
from floe.engines.duckdb.python_faults import python_fault
from floe.engines.duckdb.sql import relation_name
from floe.engines.duckdb.staging import Target, stage_query
from floe.errors import FloeError, NodeError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from floe.artifact.models import Asset, PythonFunction
    from floe.engines.base import BuildOutcome
    from floe.engines.duckdb.python_modules import PythonModules
    from floe.engines.duckdb.workspace import Workspace

_ACCEPTED = "a DuckDB relation, a PyArrow table or record batch reader, or a pandas or polars frame"


def build_python(workspace: Workspace, modules: PythonModules, asset: Asset, python: PythonFunction) -> BuildOutcome:
    """Call the asset's function and stage the rows that it returns.

    Raises:
        NodeError: the file cannot be imported, the function raises, or returns something that is no table.
        LakeError: the table's current state cannot be read, or the file cannot be written.
    """
    target = Target(asset.key, asset.relation, workspace.state(asset))
    function = modules.function(asset.key, python)
    with modules.importable(python.file), _user_code(workspace, asset, python):
        result = function(**_inputs(workspace, python))
        # A relation or a reader computes its rows only now, with the user's code in it.
        with _visible(workspace, python, result) as name, sql_faults(SqlOrigin(asset.key)):
            return stage_query(workspace, target, f"SELECT * FROM {name}")


@contextmanager
def _user_code(workspace: Workspace, asset: Asset, python: PythonFunction) -> Iterator[None]:
    try:
        yield
    except FloeError:
        raise
    except Exception as error:
        fault = environment_fault(error, asset.key) if isinstance(error, duckdb.Error) else None
        subject = f"`{asset.key}`: the function `{python.function}` failed"
        raise fault or python_fault("FLOE-0411", subject, error, workspace.project_directory) from error


def _inputs(workspace: Workspace, python: PythonFunction) -> dict[str, duckdb.DuckDBPyRelation]:
    assets = workspace.artifacts.assets
    # A result that was not fetched to its end holds an old view of the catalog, in which inputs may be missing.
    workspace.execute("SELECT 1").fetchall()
    return {
        parameter: workspace.cursor.sql(f"SELECT * FROM {relation_name(assets[key].relation)}").set_alias(parameter)
        for parameter, key in python.parameters.items()
    }


@contextmanager
def _visible(workspace: Workspace, python: PythonFunction, result: object) -> Iterator[str]:
    """A name under which the calling thread's cursor sees the result, inside the block."""
    name = workspace.new_name()
    if isinstance(result, duckdb.DuckDBPyRelation) and _is_own(workspace, result, name):
        try:
            yield name
        finally:
            workspace.cursor.execute(f"DROP VIEW IF EXISTS {name}")
        return
    workspace.cursor.register(name, _rows(python, result))
    try:
        yield name
    finally:
        workspace.cursor.unregister(name)


def _is_own(workspace: Workspace, result: duckdb.DuckDBPyRelation, name: str) -> bool:
    """Make the relation a view; False when it belongs to another database, which then has the view."""
    result.create_view(name, replace=True)
    try:
        workspace.cursor.execute(f"DESCRIBE {name}")
    except duckdb.CatalogException:
        return False
    return True


def _rows(python: PythonFunction, result: Any) -> Any:  # noqa: ANN401 - whatever a user's function returned
    """The result as an object that DuckDB scans; libraries are recognised by name, so that none is imported."""
    kinds = {f"{kind.__module__.partition('.')[0]}.{kind.__name__}" for kind in type(result).__mro__}
    if isinstance(result, duckdb.DuckDBPyRelation):
        return result.to_arrow_reader()
    if "polars.LazyFrame" in kinds:
        return result.collect()
    if kinds & {"pandas.DataFrame", "polars.DataFrame", "pyarrow.Table", "pyarrow.RecordBatchReader"}:
        return result
    if "pyarrow.RecordBatch" in kinds:
        import pyarrow as pa

        return pa.Table.from_batches([result])
    returned = "nothing" if result is None else f"a `{type(result).__name__}`"
    reason = f"the function `{python.function}` in `{python.file}` returned {returned}, which is no table"
    raise NodeError("FLOE-0412", reason, f"return {_ACCEPTED}")
