"""Assets and tests from dbt's manifest. What they depend on is named by dbt's unique ids until it is linked."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Literal, get_args

from floe.artifact.models import (
    SESSION_DATABASE,
    Asset,
    ColumnDoc,
    DbtSnapshot,
    Incremental,
    Materialization,
    Query,
    Relation,
    Seed,
    Test,
)
from floe.compiler.dbt.cache import content_hash
from floe.compiler.dbt.configs import said
from floe.compiler.dbt.places import place_of_layer
from floe.compiler.layout import layout_of
from floe.errors import CompilationError, ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from floe.artifact.layout import Layout
    from floe.compiler.dbt.cache import Entry
    from floe.compiler.dbt.project import DbtProject
    from floe.compiler.layers import Layers

RENDERED = ".floe/rendered"


@dataclass(frozen=True)
class Placed:
    """A dbt node with its place in the project: asset key, layer and the user's file."""

    node: Any
    key: str
    layer: str
    path: str
    transform: str
    relation: Relation
    """Its name in the session."""
    layout: Layout | None = None
    """What its configuration says about the files of its table."""


def place(node: Any, project: DbtProject, layers: Layers) -> Placed:  # noqa: ANN401 - dbt's node
    """Find the layer of a node: its `meta`, its schema, a folder of its path, or else the schema it renders to.

    Raises:
        ConfigurationError: `meta` names a layer that the platform does not declare.
    """
    path = project.file_of(node)
    asked = node.config.meta.get("layer") if isinstance(node.config.meta, dict) else None
    schema = node.config.schema
    relation = relation_of(node, project)
    if asked is not None:
        layer = str(asked)
        if layer not in layers.declared:
            raise ConfigurationError([layers.unknown(layer, f"`{path}`", place_of_layer(layer, path, project))])
    elif schema in layers.declared:
        layer = schema
    else:
        layer = layers.of_folder(PurePosixPath(node.path).parts[:-1]) or layers.of_schema(relation.namespace)
    key = f"{layer}.{node.alias}"
    # In a warehouse such settings are the adapter's.
    layout = None if project.compute.is_warehouse else layout_of(node.config)
    return Placed(node, key, layer, path, project.name, relation, layout)


def relation_of(node: Any, project: DbtProject) -> Relation:  # noqa: ANN401 - dbt's node
    """The name that dbt renders a node to."""
    if project.compute.is_warehouse:
        return Relation(schema_name=schema_of(node, project), identifier=node.alias)
    return Relation(schema_name=node.schema, identifier=node.alias, database=database_of(node))


def database_of(node: Any) -> str:  # noqa: ANN401 - dbt's node or SourceDefinition
    """The database of a relation in DuckDB; the session's own is always spelled alike."""
    database = str(node.database or SESSION_DATABASE)
    return SESSION_DATABASE if database.casefold() == SESSION_DATABASE else database


def schema_of(node: Any, project: DbtProject) -> str:  # noqa: ANN401 - dbt's node or SourceDefinition
    """The schema of a relation in a warehouse; with its database, where that is not the profile's."""
    database = str(node.database or "")
    own = not database or database.casefold() == project.database.casefold()
    return str(node.schema) if own else f"{database}.{node.schema}"


def model_asset(placed: Placed, entry: Entry) -> Asset:
    """The asset of a dbt model."""
    node = placed.node
    materialized = node.config.materialized
    incremental = materialized == "incremental" and not entry.driven
    return Asset(
        **_common(placed),
        kind="model",
        # What a materialization of somebody else's makes is published as a table, whatever it is to DuckDB.
        materialization=materialized if materialized in get_args(Materialization) else "table",
        query=_query(placed, entry),
        **_rendering(entry, placed.node, placed.transform),
        incremental=_incremental(node.config, reads_itself=entry.reads_itself) if incremental else None,
        full_refresh=node.config.full_refresh,
    )


def snapshot_asset(placed: Placed, entry: Entry, hard_deletes: str) -> Asset:
    """The asset of a dbt snapshot. `hard_deletes` is what the adapter makes of the two settings for it."""
    known = placed.node.config.strategy in get_args(DbtSnapshot.model_fields["strategy"].annotation)
    return Asset(
        **_common(placed),
        kind="dbt_snapshot",
        materialization="table",
        query=_query(placed, entry),
        **_rendering(entry, placed.node, placed.transform),
        dbt_snapshot=_snapshot(placed.node.config, hard_deletes) if known else None,
    )


def _snapshot(config: Any, hard_deletes: str) -> DbtSnapshot:  # noqa: ANN401 - dbt's SnapshotConfig
    check = config.check_cols
    return DbtSnapshot(
        strategy=config.strategy,
        unique_key=_names(config.unique_key),
        updated_at=config.updated_at or "",
        check_columns="all" if check == "all" else _names(check),
        hard_deletes=hard_deletes,
        column_names=dict(config.snapshot_table_column_names),
        valid_to_current=config.dbt_valid_to_current,
    )


def seed_asset(placed: Placed, columns: tuple[tuple[str, str], ...], file: Path, entry: Entry) -> Asset:
    """The asset of a dbt seed."""
    node = placed.node
    return Asset(
        **_common(placed),
        **_rendering(entry, placed.node, placed.transform),
        kind="seed",
        materialization="table",
        seed=Seed(
            file=placed.path,
            sha256=sha256(file.read_bytes()).hexdigest(),
            delimiter=node.config.delimiter,
            columns=columns,
        ),
        full_refresh=node.config.full_refresh,
    )


def _common(placed: Placed) -> dict[str, Any]:
    node = placed.node
    return {
        "key": placed.key,
        "name": node.alias,
        "layer": placed.layer,
        "relation": placed.relation,
        "depends_on": tuple(sorted(set(node.depends_on.nodes))) if hasattr(node.depends_on, "nodes") else (),
        "description": node.description,
        "tags": tuple(sorted(set(node.tags))),
        "path": placed.path,
        "fqn": tuple(node.fqn),
        "unique_id": node.unique_id,
        "columns": column_docs(node.columns),
        "persists_description": bool(node.config.persist_docs.get("relation")),
        "persists_columns": bool(node.config.persist_docs.get("columns")),
        "group": node.config.group or "",
        "access": str(node.access.value) if hasattr(node, "access") else "",
        "version_standing": _standing(node),
        "config": said(node.config),
        "contract": _contract(node),
        "layout": placed.layout,
    }


def _contract(node: Any) -> str:  # noqa: ANN401 - dbt's node
    contract = getattr(node, "contract", None)
    return str(contract.checksum or "enforced") if contract is not None and contract.enforced else ""


def _standing(node: Any) -> str:  # noqa: ANN401 - dbt's node
    """Where a version of a model stands to the one that a plain `ref` means."""
    if getattr(node, "version", None) is None:
        return ""
    if node.is_latest_version:
        return "latest"
    from dbt.contracts.graph.unparsed import UnparsedVersion

    older = UnparsedVersion(v=node.version) < UnparsedVersion(v=node.latest_version)
    return "old" if older else "prerelease"


def column_docs(columns: Mapping[str, Any]) -> dict[str, ColumnDoc]:
    """What the author says about the columns."""
    return {
        column.name: ColumnDoc(
            description=column.description, data_type=column.data_type or "", renamed_from=_former_name(column)
        )
        for column in columns.values()
    }


def _former_name(column: Any) -> str:  # noqa: ANN401 - dbt's ColumnInfo
    former = (column.meta or {}).get("renamed_from") or ""
    if not isinstance(former, str):
        reason = f"`renamed_from` of the column `{column.name}` is `{former}`, not a name"
        raise CompilationError("FLOE-0561", reason, "write the one name that the column had in the table")
    return former


def _query(placed: Placed, entry: Entry) -> Query:
    path = f"{RENDERED}/{placed.layer}/{placed.node.alias}.sql"
    return Query(sql=entry.sql, increment=entry.increment, rendered_path=path)


def _rendering(entry: Entry, node: Any, transform: str) -> dict[str, Any]:  # noqa: ANN401 - dbt's node
    if not (entry.late or entry.driven):
        return {}
    way = "dbt" if entry.driven else "late"
    return {
        "rendering": way,
        "rendering_reason": entry.driven or entry.late,
        "transform": transform,
        "source_digest": content_hash([node.raw_code, node.config.to_dict()]),
    }


def _names(value: str | list[str] | None) -> tuple[str, ...]:
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else tuple(value)


def _incremental(config: Any, *, reads_itself: bool) -> Incremental:  # noqa: ANN401 - dbt's NodeConfig
    unique_key = _names(config.unique_key)
    strategy = incremental_strategy(config)
    predicates = config.get("predicates") or config.get("incremental_predicates")
    return Incremental(
        strategy="append" if strategy == "delete+insert" and not unique_key else strategy,
        unique_key=unique_key,
        predicates=_names(predicates),
        on_schema_change=config.on_schema_change or "ignore",
        merge_update_columns=_names(config.get("merge_update_columns")),
        merge_exclude_columns=_names(config.get("merge_exclude_columns")),
        event_time=config.event_time or "" if strategy == "microbatch" else "",
        reads_itself=reads_itself,
    )


def incremental_strategy(config: Any) -> Any:  # noqa: ANN401 - one of the strategies, or what the user wrote
    """The strategy of an incremental model; dbt-duckdb's default is delete+insert."""
    strategy = config.incremental_strategy
    return "delete+insert" if strategy in (None, "default", "delete_insert") else strategy


def test_of(node: Any, project: DbtProject, entry: Entry, file_name: str) -> Test:  # noqa: ANN401 - dbt's node
    """A data test, with what dbt's wrapper around its SQL needs."""
    config = node.config
    metadata = getattr(node, "test_metadata", None)
    store = bool(config.store_failures)
    severity: Literal["error", "warn"] = "warn" if str(config.severity).lower() == "warn" else "error"
    return Test(
        id=node.unique_id,
        name=node.name,
        kind="generic" if metadata is not None else "singular",
        sql=entry.sql,
        **_rendering(entry, node, project.name),
        rendered_path=f"{RENDERED}/tests/{file_name}.sql",
        depends_on=tuple(sorted(set(node.depends_on.nodes))),
        attached_to=_attached_to(node),
        column=getattr(node, "column_name", None) or "",
        type=_test_type(metadata),
        arguments=_arguments(metadata),
        severity=severity,
        warn_if=config.warn_if,
        error_if=config.error_if,
        fail_calc=config.fail_calc,
        limit=config.limit,
        store_failures=store,
        failures_relation=relation_of(node, project) if store else None,
        tags=tuple(sorted(set(node.tags))),
        path=project.file_of(node),
        config=said(node.config),
    )


def _attached_to(node: Any) -> str:  # noqa: ANN401 - dbt's node
    """The node that a test is declared on; of a singular test, the one that it reads if it reads one only."""
    attached = getattr(node, "attached_node", None)
    if attached:
        return str(attached)
    reads = sorted(set(node.depends_on.nodes))
    return reads[0] if len(reads) == 1 else _declared_source(node, reads)


def _declared_source(node: Any, reads: list[str]) -> str:  # noqa: ANN401 - dbt's node
    """The source that a generic test of several inputs is declared on: dbt keeps its name in `file_key_name`."""
    group, _, declared = (getattr(node, "file_key_name", None) or "").partition(".")
    if group != "sources":
        return ""
    model = str(node.test_metadata.kwargs.get("model", ""))
    candidates = [name for name in reads if name.startswith("source.") and name.split(".")[2] == declared]
    return next((name for name in candidates if f"'{name.split('.')[3]}'" in model), "")


def _test_type(metadata: Any) -> str:  # noqa: ANN401 - dbt's TestMetadata
    if metadata is None:
        return ""
    return f"{metadata.namespace}.{metadata.name}" if metadata.namespace else str(metadata.name)


def _arguments(metadata: Any) -> dict[str, Any]:  # noqa: ANN401 - dbt's TestMetadata
    if metadata is None:
        return {}
    return {name: value for name, value in metadata.kwargs.items() if name not in ("model", "column_name")}
