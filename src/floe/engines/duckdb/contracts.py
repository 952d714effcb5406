"""Enforced contracts of dbt models, as far as published tables are concerned: no column may get a narrower type."""

from __future__ import annotations

from typing import TYPE_CHECKING

from floe.errors import NodeError
from floe.lake.schema import narrowed_columns

if TYPE_CHECKING:
    from floe.artifact.models import Asset
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
