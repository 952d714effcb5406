"""Enforced contracts of dbt models, as far as published tables are concerned: types that fit, and stay wide enough."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

from floe.engines.duckdb.types import engine_type
from floe.errors import NodeError
from floe.lake.schema import narrowed_columns

if TYPE_CHECKING:
    from collections.abc import Collection

    from floe.artifact.models import Asset
    from floe.engines.duckdb.workspace import Workspace
    from floe.lake.base import StagedTable


def refuse_narrowing(asset: Asset, staged: StagedTable) -> None:
    """Refuse to publish columns whose values may not have a place any more for those who read the table.

    Raises:
        NodeError: the asset has an enforced contract, and a column's type does not hold every value of the published
            column's.
    """
    if not asset.contract:
        return
    found = narrowed_columns(staged.base, staged.schema, asset.renamed_columns)
    if not found:
        return
    how = asset.incremental
    policy = f"`on_schema_change: {how.on_schema_change}`" if how else "`contract: {enforced: true}`"
    reason = f"`{asset.key}` has an enforced contract, and columns that are published would become narrower"
    instruction = f"{policy} only widens: keep the published types, or write the table anew with --full-refresh"
    details = tuple(f"column `{name}` was {old} and would be {new}" for name, old, new in found)
    raise NodeError("FLOE-0562", reason, instruction, details=details)


def refuse_unstorable(workspace: Workspace, nodes: Collection[str]) -> None:
    """Refuse contracts with types that an Iceberg table cannot store, before anything is built.

    Raises:
        NodeError: a contract has such a type.
    """
    for key, asset in workspace.artifacts.assets.items():
        if key not in nodes or not (asset.contract and asset.publishes):
            continue
        for name, column in asset.columns.items():
            try:
                found = workspace.execute(f"DESCRIBE SELECT CAST(NULL AS {column.data_type})").fetchone()
            except duckdb.Error:
                continue  # a type that DuckDB does not know, or none: dbt says so when it builds the model
            if found is not None:
                engine_type(f"{asset.key}.{name}", str(found[1]))
