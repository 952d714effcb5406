"""dbt's catalog.json: columns and types of what is published, with counts from the tables' metadata."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from dbt.artifacts.schemas.catalog import CatalogArtifact, CatalogTable, ColumnMetadata, StatsItem, TableMetadata

from floe.errors import FloeError, UsageError
from floe.lake.base import TableName

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from floe.artifact.models import Asset, CompiledArtifacts, Relation, Test
    from floe.engines.duckdb.reader import Reader
    from floe.lake.base import Catalog


@dataclass(frozen=True)
class Told:
    """What a table's own metadata says."""

    stats: dict[str, StatsItem] = field(default_factory=dict)
    comment: str | None = None
    comments: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Described:
    """A relation that a catalog file may tell of: an asset, or the failing rows that a test keeps."""

    key: str
    relation: Relation
    table: TableName
    """Name of the published table, or of the view for readers."""
    catalog: str
    """Profile of the catalog; empty for a view."""
    told: Told = Told()
    """What is said of a view."""


@dataclass
class Lake:
    """What is published, as far as a catalog file tells of it. Each relation is looked up once."""

    artifacts: CompiledArtifacts
    directory: Path
    catalogs: Mapping[str, Catalog]
    reader: Reader
    errors: list[str] = field(default_factory=list)
    """What could not be read."""
    _tables: dict[str, CatalogTable | None] = field(default_factory=dict)

    def table(self, wanted: Described) -> CatalogTable | None:
        """The table or view; None where there is none yet, or it cannot be read."""
        if wanted.key not in self._tables:
            self._tables[wanted.key] = self._look_up(wanted)
        return self._tables[wanted.key]

    def _look_up(self, wanted: Described) -> CatalogTable | None:
        try:
            return self._described(wanted)
        except UsageError:
            return None
        except FloeError as error:
            self.errors.append(f"{wanted.key}: {error.reason}")
            return None

    def _described(self, wanted: Described) -> CatalogTable:
        columns = self.reader.columns(wanted.table.namespace, wanted.table.name)
        told = self._metadata(wanted) if wanted.catalog else wanted.told
        return CatalogTable(
            metadata=TableMetadata(
                type="BASE TABLE" if wanted.catalog else "VIEW",
                schema=wanted.relation.schema_name,
                name=wanted.relation.identifier,
                database=wanted.relation.database,
                comment=told.comment,
                owner=self.artifacts.project.owner or None,
            ),
            columns={
                column: ColumnMetadata(type=kind, index=number, name=column, comment=told.comments.get(column))
                for number, (column, kind) in enumerate(columns, start=1)
            },
            stats={**told.stats, "has_stats": _has_stats(bool(told.stats))},
        )

    def _metadata(self, wanted: Described) -> Told:
        from floe.lake.read import schema, snapshots

        state = self.catalogs[wanted.catalog].load(wanted.table, "")
        current = state.metadata.get("current-snapshot-id")
        return Told(
            stats=next((_stats(item) for item in snapshots(state) if item.snapshot_id == current), {}),
            comment=state.metadata.get("properties", {}).get("comment"),
            comments={item["name"]: item["doc"] for item in schema(state)["fields"] if item.get("doc")},
        )

    def of_asset(self, asset: Asset) -> Described | None:
        """How to describe an asset; None for what is no relation."""
        if asset.materialization == "ephemeral":
            return None
        name = TableName(*self.artifacts.table_name(asset))
        if asset.publishes:
            return Described(asset.key, asset.relation, name, self.artifacts.layers[asset.layer].catalog)
        return Described(asset.key, asset.relation, name, "", _of_view(asset))

    def of_test(self, test: Test) -> Described | None:
        """How to describe the failing rows of a test; None where it keeps none."""
        if test.failures_relation is None:
            return None
        from floe.lake.open import named_table_location

        name = TableName(test.failures_relation.namespace, test.failures_relation.identifier)
        profile, _ = named_table_location(self.artifacts, self.directory, name)
        return Described(test.id, test.failures_relation, name, profile)

    def continued(self) -> set[str]:
        """Keys of the assets that are published."""
        names = {str(name) for catalog in self.catalogs.values() for name in catalog.tables()}
        assets = self.artifacts.assets.values()
        return {asset.key for asset in assets if ".".join(self.artifacts.table_name(asset)) in names}

    def write_catalog(self, _config: Any, manifest: Any, path: str) -> int:  # noqa: ANN401 - dbt's own
        """Write catalog.json; see `floe.docs.generate.Tables.write_catalog`."""
        artifacts = self.artifacts
        relations = {asset.unique_id: self.of_asset(asset) for asset in artifacts.assets.values() if asset.unique_id}
        relations |= {test.id: self.of_test(test) for test in artifacts.tests.values()}
        nodes = {name: relations[name] for name in manifest.nodes if relations.get(name) is not None}
        sources = {
            name: self.of_asset(asset)
            for name, source in manifest.sources.items()
            if (asset := _asset_of(source, artifacts)) is not None
        }
        catalog = CatalogArtifact.from_results(
            generated_at=datetime.now(UTC).replace(tzinfo=None),
            nodes=_named(nodes, self),
            sources=_named(sources, self),
            compile_results=None,
            errors=self.errors or None,
        )
        catalog.write(path)
        return len(catalog.nodes) + len(catalog.sources)


def _named(relations: Mapping[str, Described | None], lake: Lake) -> dict[str, CatalogTable]:
    tables = {name: lake.table(wanted) for name, wanted in relations.items() if wanted is not None}
    return {name: replace(table, unique_id=name) for name, table in tables.items() if table is not None}


def _asset_of(source: Any, artifacts: CompiledArtifacts) -> Asset | None:  # noqa: ANN401 - dbt's SourceDefinition
    """The asset that a dbt source is: the one with its name in the session."""
    wanted = (source.database.casefold(), source.schema.casefold(), source.identifier.casefold())
    for asset in artifacts.assets.values():
        relation = asset.relation
        names = (relation.database, relation.schema_name, relation.identifier)
        if tuple(name.casefold() for name in names) == wanted:
            return asset
    return None


def _of_view(asset: Asset) -> Told:
    """The descriptions that dbt would give the view."""
    docs = {name: column.description for name, column in asset.columns.items() if column.description}
    return Told(
        comment=(asset.description or None) if asset.persists_description else None,
        comments=docs if asset.persists_columns else {},
    )


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
