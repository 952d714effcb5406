"""Builds dbt snapshots: dbt's own statements, run on those rows only whose files they touch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from floe.engines.duckdb.faults import SqlOrigin, sql_faults
from floe.engines.duckdb.incremental import column_types, rewrite, touched_files
from floe.engines.duckdb.snapshot_sql import SnapshotSql, check_changed, timestamp_changed
from floe.engines.duckdb.sql import quote, relation_name, subquery
from floe.engines.duckdb.staging import Target, stage_query
from floe.engines.duckdb.table_files import published_files
from floe.errors import NodeError

if TYPE_CHECKING:
    from floe.artifact.models import Asset, DbtSnapshot, Query
    from floe.engines.base import BuildOutcome
    from floe.engines.duckdb.incremental_sql import ColumnTypes
    from floe.engines.duckdb.workspace import Workspace

_REQUIRED = ("dbt_scd_id", "dbt_valid_from", "dbt_valid_to")


def build_snapshot(workspace: Workspace, asset: Asset, query: Query, how: DbtSnapshot) -> BuildOutcome:
    """Bring the snapshot up to the query's rows. As in dbt, a full refresh does not throw history away.

    Raises:
        NodeError: the SQL is at fault, or the published table is not a snapshot of this configuration.
        LakeError: the published table cannot be read, or the file cannot be written.
    """
    target = Target.of(workspace, asset)
    sql = query.sql.rstrip().rstrip(";")
    with sql_faults(SqlOrigin(asset.key, query.sql, query.rendered_path, source=workspace.source(asset))):
        if not target.base.exists:
            return stage_query(workspace, target, SnapshotSql(how, sql).first_build())
        return _stage_changes(workspace, target, sql, how)


def _stage_changes(workspace: Workspace, target: Target, sql: str, how: DbtSnapshot) -> BuildOutcome:
    published = published_files(target.base, workspace.execute, renamed=target.renamed)
    workspace.show_files(target.relation, published)
    table = relation_name(target.relation)
    before = column_types(workspace, table)
    _check_is_snapshot(target.key, how, before)
    source = column_types(workspace, subquery(sql))
    snapshot = SnapshotSql(how, sql, _changed(workspace, sql, how, before))
    staging = workspace.new_name()
    workspace.execute(f"CREATE TEMP TABLE {staging} AS {snapshot.staging(table, list(source), list(before))}")
    own = {name.lower() for name in snapshot.key_columns()}
    staged = {name: type_ for name, type_ in column_types(workspace, staging).items() if name.lower() not in own}
    adding = [
        f"ALTER TABLE {table} ADD COLUMN {quote(name)} {type_}" for name, type_ in staged.items() if name not in before
    ]
    touched = touched_files(workspace, published, snapshot.closes(staging))
    statements = [*adding, *snapshot.merge(table, staging, list(staged))]
    outcome = rewrite(workspace, target, published, touched, statements)
    workspace.execute(f"DROP TABLE {staging}")
    return outcome


def _changed(workspace: Workspace, sql: str, how: DbtSnapshot, before: ColumnTypes) -> str:
    if how.strategy == "timestamp":
        return timestamp_changed(how)
    checked = "*" if how.check_columns == "all" else ", ".join(how.check_columns)
    columns = column_types(workspace, f"(select {checked} from {subquery(sql)} subq)")
    return check_changed(list(columns), list(before))


def _check_is_snapshot(key: str, how: DbtSnapshot, columns: ColumnTypes) -> None:
    known = {name.lower() for name in columns}
    required = [*_REQUIRED, *(["dbt_is_deleted"] if how.hard_deletes == "new_record" else [])]
    missing = [how.column_names[name] for name in required if how.column_names[name].lower() not in known]
    if missing:
        names = ", ".join(f"`{name}`" for name in missing)
        reason = f"the table of the snapshot `{key}` has no column {names}"
        instruction = "its configuration has changed since it was built: restore it, or give the snapshot another name"
        raise NodeError("FLOE-0410", reason, instruction)
