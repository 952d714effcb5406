"""Looks at what is in a warehouse, through dbt's adapter: rows of a table, and queries."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from floe.engines.base import QueryResult
from floe.engines.warehouse.access import Access
from floe.engines.warehouse.faults import query_faults, warehouse_faults
from floe.errors import UsageError

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path
    from typing import Self

    from floe.artifact.models import Asset, CompiledArtifacts

_QUERY = re.compile(r"(?:\s|\(|--[^\n]*\n|/\*.*?\*/)*(?:select|with|values)\b", re.IGNORECASE | re.DOTALL)


class WarehouseReader:
    """Reads through the adapter of the artifact's first dbt transform.

    Raises:
        EnvironmentFaultError: the adapter or a secret is missing.
        UsageError: there is no dbt transform.
    """

    def __init__(self, artifacts: CompiledArtifacts, project_directory: Path) -> None:
        if not artifacts.transforms:
            raise UsageError("FLOE-0737", "nothing can be read: the project has no dbt model in the warehouse")
        self._first = min(artifacts.transforms)
        self._type = artifacts.compute.type
        self._access = Access(artifacts, project_directory)
        from floe.engines.dbt.warehouse_host import WarehouseHost

        self._host = WarehouseHost(artifacts, project_directory, 1, {})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Leave dbt, and take the secrets out of the environment."""
        self._host.close()
        self._access.close()

    def relation_name(self, asset: Asset) -> str:
        """The asset's name in SQL, as its adapter quotes it."""
        with warehouse_faults(self._type), self._host.project(asset.transform) as project:
            return project.relation_name(asset.unique_id)

    def freshness(self, transform: str, unique_id: str) -> tuple[datetime, datetime]:
        """When the newest row of a dbt source was loaded, and when that was asked, both in UTC.

        Raises:
            NodeError: the warehouse refuses the query.
            EnvironmentFaultError: the warehouse cannot be reached.
        """
        with (
            warehouse_faults(self._type),
            self._host.project(transform) as project,
            query_faults(self._type),
        ):
            return project.freshness(unique_id)

    def table(self, name: str, limit: int) -> QueryResult:
        """Rows of a table or view; `name` is as SQL names it.

        Raises:
            NodeError: the warehouse refuses it, e.g. because there is none.
            EnvironmentFaultError: the warehouse cannot be reached.
        """
        return self.sql(f"select * from {name}", limit)

    def sql(self, sql: str, limit: int) -> QueryResult:
        """Rows of a query.

        Raises:
            UsageError: it is a statement that changes something, or several.
            NodeError: the warehouse refuses it.
            EnvironmentFaultError: the warehouse cannot be reached.
        """
        if not _QUERY.match(sql):
            reason = "`--sql` takes a query: what begins with `select`, `with` or `values`"
            raise UsageError("FLOE-0736", reason, "change tables with models, hooks or the warehouse's own tools")
        with (
            warehouse_faults(self._type),
            self._host.project(self._first) as project,
            query_faults(self._type),
        ):
            found = project.query(sql.strip().rstrip(";"), limit + 1)
        truncated = len(found.rows) > limit
        return QueryResult(found.columns, found.types, found.rows[:limit], truncated=truncated)
