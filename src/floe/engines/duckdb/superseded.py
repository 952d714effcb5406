"""Models that were tables and became views: what they published stays, and no later build continues it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from floe.lake.base import StagedTable, TableName

if TYPE_CHECKING:
    from floe.artifact.models import Asset
    from floe.engines.duckdb.workspace import Workspace
    from floe.lake.base import TableState

SUPERSEDED_PROPERTY = "floe.superseded-by"
"""Table property: what the asset became after the table's current rows; empty once it is a table again."""


def is_superseded(table: TableState) -> bool:
    """Whether the asset was a view since the table's rows were published: dbt would have dropped the table."""
    return bool(table.metadata.get("properties", {}).get(SUPERSEDED_PROPERTY))


def stage_mark(workspace: Workspace, asset: Asset) -> StagedTable | None:
    """The mark on the table that the view follows; None without such a table, or when it is marked already.

    Raises:
        LakeError: the catalog or the table's metadata cannot be read.
    """
    if TableName(*workspace.artifacts.table_name(asset)) not in workspace.published_names:
        return None
    from floe.lake.read import schema

    table = workspace.state(asset)
    if is_superseded(table):
        return None
    return StagedTable(asset.key, table, schema(table), "append", (), properties={SUPERSEDED_PROPERTY: "view"})
