"""dbt's catalog.json: columns and types of what is published, with counts from the tables' metadata."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from dbt.artifacts.schemas.catalog import CatalogArtifact, CatalogTable, ColumnMetadata, StatsItem, TableMetadata

from floe.artifact.models import SESSION_DATABASE
from floe.errors import FloeError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from floe.artifact.models import Asset, CompiledArtifacts
    from floe.engines.duckdb.reader import Reader
    from floe.lake.base import Catalog


@dataclass
class Lake:
    """What is published, as far as a catalog file tells of it. Each asset is looked up once."""

    artifacts: CompiledArtifacts
    catalogs: Mapping[str, Catalog]
    reader: Reader
    _tables: dict[str, CatalogTable | None] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)

    def table(self, asset: Asset) -> CatalogTable | None:
        """The asset's table or view; None where it has none yet. What cannot be read is kept in `errors`."""
        if asset.key not in self._tables:
            try:
                self._tables[asset.key] = self._described(asset)
            except UsageError:
                self._tables[asset.key] = None
            except FloeError as error:
                self.errors.append(f"{asset.key}: {error.reason}")
                self._tables[asset.key] = None
        return self._tables[asset.key]

    def _described(self, asset: Asset) -> CatalogTable | None:
        if asset.materialization == "ephemeral":
            return None
        name = self.artifacts.table_name(asset)
        columns = self.reader.columns(*name)
        stats, comment, comments = self._told_by_metadata(asset) if asset.publishes else ({}, None, {})
        return CatalogTable(
            metadata=TableMetadata(
                type="BASE TABLE" if asset.publishes else "VIEW",
                schema=asset.relation.schema_name,
                name=asset.relation.identifier,
                database=SESSION_DATABASE,
                comment=comment,
                owner=self.artifacts.project.owner or None,
            ),
            columns={
                column: ColumnMetadata(type=kind, index=number, name=column, comment=comments.get(column))
                for number, (column, kind) in enumerate(columns, start=1)
            },
            stats={**stats, "has_stats": _has_stats(bool(stats))},
        )

    def _told_by_metadata(self, asset: Asset) -> tuple[dict[str, StatsItem], str | None, dict[str, str]]:
        from floe.lake.base import TableName
        from floe.lake.read import schema, snapshots

        catalog = self.catalogs[self.artifacts.layers[asset.layer].catalog]
        state = catalog.load(TableName(*self.artifacts.table_name(asset)), "")
        comments = {item["name"]: item["doc"] for item in schema(state)["fields"] if item.get("doc")}
        current = state.metadata.get("current-snapshot-id")
        found = [item for item in snapshots(state) if item.snapshot_id == current]
        comment = state.metadata.get("properties", {}).get("comment")
        return (_stats(found[0]) if found else {}), comment, comments


def write_catalog(lake: Lake, manifest: Any, path: str) -> int:  # noqa: ANN401 - dbt's Manifest
    """Write catalog.json for the nodes and sources of one dbt project; return how many it holds.

    Raises:
        OSError: the file cannot be written.
    """
    by_id = {asset.unique_id: asset for asset in lake.artifacts.assets.values() if asset.unique_id}
    nodes = {name: lake.table(by_id[name]) for name in manifest.nodes if name in by_id}
    sources = {
        name: lake.table(asset)
        for name, source in manifest.sources.items()
        if (asset := _asset_of(source, lake.artifacts)) is not None
    }
    catalog = CatalogArtifact.from_results(
        generated_at=datetime.now(UTC).replace(tzinfo=None),
        nodes=_named(nodes),
        sources=_named(sources),
        compile_results=None,
        errors=lake.errors or None,
    )
    catalog.write(path)
    return len(catalog.nodes) + len(catalog.sources)


def _named(tables: Mapping[str, CatalogTable | None]) -> dict[str, CatalogTable]:
    from dataclasses import replace

    return {name: replace(table, unique_id=name) for name, table in tables.items() if table is not None}


def _asset_of(source: Any, artifacts: CompiledArtifacts) -> Asset | None:  # noqa: ANN401 - dbt's SourceDefinition
    """The asset that a dbt source is: the one with its name in the session."""
    if source.database != SESSION_DATABASE:
        return None
    wanted = (source.schema.casefold(), source.identifier.casefold())
    for asset in artifacts.assets.values():
        relation = asset.relation
        if (relation.schema_name.casefold(), relation.identifier.casefold()) == wanted:
            return asset
    return None


def _stats(snapshot: Any) -> dict[str, StatsItem]:  # noqa: ANN401 - the lake's TableSnapshot
    """Counts of the current snapshot, under the names that dbt's own adapters use."""
    items = [
        ("row_count", "Row Count", snapshot.rows_total, "Number of rows of the current snapshot"),
        ("bytes", "Approximate Size", snapshot.bytes_total, "Size of the data files in bytes"),
        ("last_modified", "Last Modified", f"{snapshot.committed_at:%Y-%m-%d %H:%M} UTC", "When it was published"),
    ]
    return {
        name: StatsItem(id=name, label=label, value=value, include=True, description=text)
        for name, label, value, text in items
        if value is not None
    }


def _has_stats(value: bool) -> StatsItem:
    text = "Indicates whether there are statistics for this table"
    return StatsItem(id="has_stats", label="Has Stats?", value=value, include=False, description=text)
