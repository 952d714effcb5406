"""Builds Python assets: calls the function with relations, and stages what it returns without copying it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import duckdb

from floe.engines.duckdb.faults import environment_fault
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
    target = Target.of(workspace, asset)
    function = modules.function(asset.key, python)
    with modules.importable(python.file), _user_code(workspace, asset, python), workspace.cursor_for_users() as users:
        result = function(**_inputs(workspace, users, python))
        # A relation or a reader computes its rows only now, with the user's code in it.
        if isinstance(result, duckdb.DuckDBPyRelation) and _is_relation_of(users, result, name := workspace.new_name()):
            try:
                with workspace.working_on(users):
                    return _stage(workspace, target, name)
            finally:
                users.execute(f"DROP VIEW {name}")
        rows = _rows(python, result)
        workspace.cursor.register(name := workspace.new_name(), rows)
        try:
            return _stage(workspace, target, name)
        finally:
            workspace.cursor.unregister(name)


def _stage(workspace: Workspace, target: Target, name: str) -> BuildOutcome:
    return stage_query(workspace, target, f"SELECT * FROM {name}")


@contextmanager
def _user_code(workspace: Workspace, asset: Asset, python: PythonFunction) -> Iterator[None]:
    try:
        yield
    except FloeError:
        raise
    # `sys.exit()` and a panic of polars are no `Exception`; passed on, they would end the thread without a word.
    except BaseException as error:
        fault = environment_fault(error, asset.key) if isinstance(error, duckdb.Error) else None
        subject = f"`{asset.key}`: the function `{python.function}` failed"
        raise fault or python_fault("FLOE-0411", subject, error, workspace.project_directory) from error


def _inputs(
    workspace: Workspace, users: duckdb.DuckDBPyConnection, python: PythonFunction
) -> dict[str, duckdb.DuckDBPyRelation]:
    assets = workspace.artifacts.assets
    return {
        parameter: users.sql(f"SELECT * FROM {relation_name(assets[key].relation)}").set_alias(parameter)
        for parameter, key in python.parameters.items()
    }


def _is_relation_of(cursor: duckdb.DuckDBPyConnection, relation: duckdb.DuckDBPyRelation, name: str) -> bool:
    """Make the relation a view of that name; False when it belongs to another database, which then has the view."""
    relation.create_view(name, replace=True)
    try:
        cursor.execute(f"DESCRIBE {name}")
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
