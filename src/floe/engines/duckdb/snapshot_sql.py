"""The SQL of dbt snapshots, as dbt's macros write it for DuckDB.

Sources: dbt-adapters `materializations/snapshots/{helpers,strategies,snapshot}.sql` and dbt-duckdb 1.11.1
`snapshot_helper.sql`, `adapters.sql` (`snapshot_get_time`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from floe.engines.duckdb.sql import quote

if TYPE_CHECKING:
    from collections.abc import Sequence

    from floe.artifact.models import DbtSnapshot

NOW = "now()::timestamp"
CHANGE_TYPE = "dbt_change_type"


@dataclass(frozen=True)
class SnapshotSql:
    """The statements of one snapshot. `changed` is the condition for a row having changed."""

    how: DbtSnapshot
    query: str
    changed: str = ""

    @property
    def updated_at(self) -> str:
        """The expression that says since when a row is as it is."""
        return self.how.updated_at or NOW

    def first_build(self) -> str:
        """SQL of the table when there is none yet (`build_snapshot_table`)."""
        return f"select *, {self._meta_columns()} from ({self.query}\n) sbq"

    def staging(self, table: str, source_columns: Sequence[str], table_columns: Sequence[str]) -> str:
        """SQL of all changes since the last snapshot in `table` (`snapshot_staging_table`).

        The columns are the query's and the table's; only hard deletes that become records need them.
        """
        parts = [
            f"snapshot_query as ({self.query}\n)",
            f"snapshotted_data as (select *, {self._key_fields()} from {table} where {self._is_current()})",
            f"insertions_source_data as (select *, {self._key_fields()}, {self._staged_meta()} from snapshot_query)",
            f"updates_source_data as (select *, {self._key_fields()}, {self._closing_columns()} from snapshot_query)",
            f"deletes_source_data as (select *, {self._key_fields()} from snapshot_query)",
            f"insertions as ({self._insertions()})",
            f"updates as ({self._updates()})",
        ]
        changes = ["insertions", "updates"]
        if self.how.hard_deletes != "ignore":
            parts.append(f"deletes as ({self._deletes()})")
            changes.append("deletes")
        if self.how.hard_deletes == "new_record":
            parts.append(f"deletion_records as ({self._deletion_records(source_columns, table_columns)})")
            changes.append("deletion_records")
        union = " union all ".join(f"select * from {change}" for change in changes)
        return f"with {', '.join(parts)} {union}"

    def closes(self, staging: str) -> str:
        """The condition under which a row, named `DBT_INTERNAL_DEST`, is closed by a change in `staging`."""
        identity = self._name("dbt_scd_id")
        return (
            f"{self._is_current('DBT_INTERNAL_DEST.')} AND EXISTS (SELECT 1 FROM {staging} AS s "
            f"WHERE s.{identity}::text = DBT_INTERNAL_DEST.{identity}::text "
            f"AND s.{CHANGE_TYPE}::text IN ('update'::text, 'delete'::text))"
        )

    def merge(self, table: str, staging: str, columns: Sequence[str]) -> tuple[str, str]:
        """Statements that close changed rows and insert new ones (`duckdb__snapshot_merge_sql`)."""
        identity, valid_to = self._name("dbt_scd_id"), self._name("dbt_valid_to")
        names = ", ".join(quote(name) for name in columns)
        update = (
            f"update {table} as DBT_INTERNAL_TARGET set {valid_to} = DBT_INTERNAL_SOURCE.{valid_to} "
            f"from {staging} as DBT_INTERNAL_SOURCE "
            f"where DBT_INTERNAL_SOURCE.{identity}::text = DBT_INTERNAL_TARGET.{identity}::text "
            f"and DBT_INTERNAL_SOURCE.{CHANGE_TYPE}::text in ('update'::text, 'delete'::text) "
            f"and {self._is_current('DBT_INTERNAL_TARGET.')}"
        )
        insert = (
            f"insert into {table} ({names}) select {names} from {staging} where {CHANGE_TYPE}::text = 'insert'::text"
        )
        return update, insert

    def key_columns(self) -> list[str]:
        """Columns of the staging rows that are not the table's."""
        return [CHANGE_TYPE, *(name for name, _ in self._keys())]

    def _name(self, column: str) -> str:
        return self.how.column_names[column]

    def _keys(self) -> list[tuple[str, str]]:
        keys = self.how.unique_key
        if len(keys) == 1:
            return [("dbt_unique_key", keys[0])]
        return [(f"dbt_unique_key_{number}", key) for number, key in enumerate(keys, 1)]

    def _key_fields(self) -> str:
        return ", ".join(f"{key} as {name}" for name, key in self._keys())

    def _same_key(self) -> str:
        return " and ".join(f"(snapshotted_data.{name} = source_data.{name})" for name, _ in self._keys())

    def _no_key(self, relation: str) -> str:
        return f"{relation}.{self._keys()[0][0]} is null"

    def _is_current(self, prefix: str = "") -> str:
        valid_to = f"{prefix}{self._name('dbt_valid_to')}"
        if self.how.valid_to_current:
            return f"({valid_to} = {self.how.valid_to_current} or {valid_to} is null)"
        return f"{valid_to} is null"

    def _scd_id(self, arguments: Sequence[str]) -> str:
        parts = " || '|' || ".join(f"coalesce(cast({argument} as varchar), '')" for argument in arguments)
        return f"md5({parts})"

    def _row_scd_id(self) -> str:
        return f"{self._scd_id([*self.how.unique_key, self.updated_at])} as {self._name('dbt_scd_id')}"

    def _valid_to_current(self) -> str:
        current = self.how.valid_to_current or "null"
        updated_at = self.updated_at
        return f"coalesce(nullif({updated_at}, {updated_at}), {current}) as {self._name('dbt_valid_to')}"

    def _since(self) -> str:
        updated_at = self.updated_at
        return f"{updated_at} as {self._name('dbt_updated_at')}, {updated_at} as {self._name('dbt_valid_from')}"

    def _meta_columns(self) -> str:
        deleted = f", 'False' as {self._name('dbt_is_deleted')}" if self.how.hard_deletes == "new_record" else ""
        return f"{self._row_scd_id()}, {self._since()}, {self._valid_to_current()}{deleted}"

    def _staged_meta(self) -> str:
        return f"{self._since()}, {self._valid_to_current()}, {self._row_scd_id()}"

    def _closing_columns(self) -> str:
        return f"{self._since()}, {self.updated_at} as {self._name('dbt_valid_to')}"

    def _changed_or_back(self) -> str:
        if self.how.hard_deletes != "new_record":
            return self.changed
        return f"{self.changed} or snapshotted_data.{self._name('dbt_is_deleted')} = 'True'"

    def _old_meta(self) -> str:
        deleted = self.how.hard_deletes == "new_record"
        flag = f", snapshotted_data.{self._name('dbt_is_deleted')}" if deleted else ""
        return f"snapshotted_data.{self._name('dbt_scd_id')}{flag}"

    def _insertions(self) -> str:
        flag = f", 'False' as {self._name('dbt_is_deleted')}" if self.how.hard_deletes == "new_record" else ""
        return (
            f"select 'insert' as {CHANGE_TYPE}, source_data.*{flag} "
            f"from insertions_source_data as source_data left outer join snapshotted_data on {self._same_key()} "
            f"where {self._no_key('snapshotted_data')} or (not ({self._no_key('snapshotted_data')}) "
            f"and ({self._changed_or_back()}))"
        )

    def _updates(self) -> str:
        return (
            f"select 'update' as {CHANGE_TYPE}, source_data.*, {self._old_meta()} "
            f"from updates_source_data as source_data join snapshotted_data on {self._same_key()} "
            f"where ({self._changed_or_back()})"
        )

    def _gone(self) -> str:
        """The rows of the table whose key the query does not have any more."""
        condition = (
            f"from snapshotted_data left join deletes_source_data as source_data on {self._same_key()} "
            f"where {self._no_key('source_data')}"
        )
        if self.how.hard_deletes != "new_record":
            return condition
        valid_to = f"snapshotted_data.{self._name('dbt_valid_to')}"
        current = f"{valid_to} = {self.how.valid_to_current}" if self.how.valid_to_current else f"{valid_to} is null"
        return f"{condition} and not (snapshotted_data.{self._name('dbt_is_deleted')} = 'True' and {current})"

    def _deletes(self) -> str:
        return (
            f"select 'delete' as {CHANGE_TYPE}, source_data.*, {NOW} as {self._name('dbt_valid_from')}, "
            f"{NOW} as {self._name('dbt_updated_at')}, {NOW} as {self._name('dbt_valid_to')}, {self._old_meta()} "
            f"{self._gone()}"
        )

    def _deletion_records(self, source_columns: Sequence[str], table_columns: Sequence[str]) -> str:
        known = set(table_columns)
        columns = [f"{'snapshotted_data' if name in known else 'source_data'}.{quote(name)}" for name in source_columns]
        keys = [f"snapshotted_data.{name} as {name}" for name, _ in self._keys()]
        identity = self._scd_id([self._name("dbt_scd_id"), NOW])
        return (
            f"select 'insert' as {CHANGE_TYPE}, {', '.join((*columns, *keys))}, "
            f"{NOW} as {self._name('dbt_valid_from')}, {NOW} as {self._name('dbt_updated_at')}, "
            f"snapshotted_data.{self._name('dbt_valid_to')} as {self._name('dbt_valid_to')}, "
            f"{identity} as {self._name('dbt_scd_id')}, 'True' as {self._name('dbt_is_deleted')} {self._gone()}"
        )


def timestamp_changed(how: DbtSnapshot) -> str:
    """The condition of the timestamp strategy for a row having changed."""
    return f"(snapshotted_data.{how.column_names['dbt_valid_from']} < source_data.{how.updated_at})"


def check_changed(query_columns: Sequence[str], table_columns: Sequence[str]) -> str:
    """The condition of the check strategy; a checked column that the table lacks means that every row changed."""
    known = set(table_columns)
    if any(name not in known for name in query_columns):
        return "(TRUE)"
    return f"({' or '.join(_differs(quote(name)) for name in query_columns)})"


def _differs(column: str) -> str:
    old, new = f"snapshotted_data.{column}", f"source_data.{column}"
    return f"{old} != {new} or ((({old} is null) and not ({new} is null)) or ((not {old} is null) and ({new} is null)))"
