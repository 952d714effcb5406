"""Builds dbt's models: views, tables and incremental models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from floe.engines.base import BuildOutcome
from floe.engines.duckdb.faults import SqlOrigin, sql_faults
from floe.engines.duckdb.incremental import stage_increment
from floe.engines.duckdb.sql import subquery
from floe.engines.duckdb.staging import Target, stage_query
from floe.engines.duckdb.superseded import is_superseded, stage_mark

if TYPE_CHECKING:
    from floe.artifact.models import Asset, Query
    from floe.engines.duckdb.workspace import Workspace


def create_model_view(workspace: Workspace, asset: Asset, query: Query) -> None:
    """Create the view of a model; its inputs are there, so that a wrong column fails here and not at its readers.

    Raises:
        NodeError: the SQL is at fault.
    """
    with sql_faults(SqlOrigin(asset.key, query.sql, query.rendered_path, source=workspace.source(asset))):
        workspace.create_view(asset.relation, subquery(query.sql))


def build_view(workspace: Workspace, asset: Asset, query: Query) -> BuildOutcome:
    """Create the view, and mark a table that the model has published before.

    Raises:
        NodeError: the SQL is at fault.
        LakeError: the published table cannot be read.
    """
    create_model_view(workspace, asset, query)
    return BuildOutcome(staged=stage_mark(workspace, asset))


def build_model(workspace: Workspace, asset: Asset, query: Query, *, full_refresh: bool) -> BuildOutcome:
    """Build a table or an incremental model.

    Raises:
        NodeError: the SQL is at fault, or gives what an Iceberg table cannot store.
        LakeError: the published table cannot be read, or the file cannot be written.
    """
    target = Target.of(workspace, asset)
    continues = target.base.exists and not full_refresh and not is_superseded(target.base)
    if asset.incremental is None or query.increment is None or not continues:
        with sql_faults(SqlOrigin(asset.key, query.sql, query.rendered_path, source=workspace.source(asset))):
            return stage_query(workspace, target, query.sql)
    with sql_faults(SqlOrigin(asset.key, query.increment, query.increment_path, source=workspace.source(asset))):
        return stage_increment(workspace, target, query.increment, asset.incremental)
