"""The SQL of dbt's incremental strategies, word for word where it decides which rows end where.

Sources: dbt-duckdb 1.11.1 `incremental_strategy/{delete_insert,merge}.sql` and dbt-adapters
`models/incremental/{on_schema_change,column_helpers,strategies}.sql`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from floe.engines.duckdb.sql import quote
from floe.engines.duckdb.types import engine_type
from floe.errors import NodeError
from floe.lake.schema import widens

if TYPE_CHECKING:
    from collections.abc import Sequence

    from floe.artifact.models import Incremental

DESTINATION = "DBT_INTERNAL_DEST"
_SOURCE = "DBT_INTERNAL_SOURCE"

ColumnTypes = Mapping[str, str]
OnSchemaChange = Literal["ignore", "fail", "append_new_columns", "sync_all_columns"]


@dataclass(frozen=True)
class SchemaChanges:
    """What `on_schema_change` does to the table before the rows arrive."""

    statements: tuple[str, ...] = ()
    every_file: bool = False
    """Whether a column changes to a type that the files that are there cannot be read as."""


def schema_changes(
    key: str, table: str, before: ColumnTypes, increment: ColumnTypes, policy: OnSchemaChange
) -> SchemaChanges:
    """Statements that bring the table's columns in line with the increment's, as dbt's `process_schema_changes`.

    Raises:
        NodeError: the policy is `fail` and the columns differ.
    """
    added = {name: type_ for name, type_ in increment.items() if name not in before}
    removed = [name for name in before if name not in increment]
    changed = {name: type_ for name, type_ in increment.items() if name in before and before[name] != type_}
    if policy == "ignore" or not (added or removed or changed):
        return SchemaChanges()
    if policy == "fail":
        raise _out_of_sync(key, added, removed, {name: (before[name], changed[name]) for name in changed})
    adding = [f"ALTER TABLE {table} ADD COLUMN {quote(name)} {type_}" for name, type_ in added.items()]
    if policy == "append_new_columns":
        return SchemaChanges(tuple(adding))
    dropping = [f"ALTER TABLE {table} DROP COLUMN {quote(name)}" for name in removed]
    changing = [statement for name, type_ in changed.items() for statement in _change_type(table, name, type_)]
    every_file = any(not _is_widening(name, before[name], type_) for name, type_ in changed.items())
    return SchemaChanges((*adding, *dropping, *changing), every_file)


def strategy_statements(
    table: str, source: str, how: Incremental, columns: Sequence[str], condition: str | None = None
) -> tuple[str, ...]:
    """Statements that bring the rows of `source` into `table`; `columns` are dbt's `dest_columns`.

    `condition` says which rows of the table a partition overwrite removes.
    """
    if how.strategy == "merge":
        return (_merge(table, source, how, columns),)
    names = ", ".join(quote(name) for name in columns)
    insert = f"INSERT INTO {table} ({names}) (SELECT {names} FROM {source})"
    if how.strategy == "insert_overwrite":
        return (f"DELETE FROM {table} AS {DESTINATION} WHERE {condition}", insert)
    if how.strategy == "append" or not how.unique_key:
        return (insert,)
    return (_delete(table, source, how), insert)


def key_match(how: Incremental, source: str) -> str | None:
    """The condition under which a row of the table may be changed by the increment; None when none can."""
    if how.strategy == "append" or not how.unique_key:
        return None
    if how.strategy == "delete+insert" and len(how.unique_key) == 1:
        key = how.unique_key[0]
        return f"({key}) IN (SELECT ({key}) FROM {source})"
    equal = " AND ".join(f"{_SOURCE}.{key} = {DESTINATION}.{key}" for key in how.unique_key)
    return f"EXISTS (SELECT 1 FROM {source} AS {_SOURCE} WHERE {equal})"


def _delete(table: str, source: str, how: Incremental) -> str:
    predicates = "".join(f" AND {predicate}" for predicate in how.predicates)
    if len(how.unique_key) == 1:
        key = how.unique_key[0]
        return f"DELETE FROM {table} WHERE ({key}) IN (SELECT ({key}) FROM {source}){predicates}"
    equal = " AND ".join(f"{source}.{key} = DBT_INCREMENTAL_TARGET.{key}" for key in how.unique_key)
    return f"DELETE FROM {table} AS DBT_INCREMENTAL_TARGET USING {source} WHERE ({equal}{predicates})"


def _merge(table: str, source: str, how: Incremental, columns: Sequence[str]) -> str:
    equal = [f"{_SOURCE}.{key} = {DESTINATION}.{key}" for key in how.unique_key] or ["FALSE"]
    condition = ") AND (".join((*equal, *how.predicates))
    return (
        f"MERGE INTO {table} AS {DESTINATION} USING {source} AS {_SOURCE} ON ({condition}) "
        f"WHEN MATCHED THEN {_merge_update(how, columns)} WHEN NOT MATCHED THEN INSERT BY NAME"
    )


def _merge_update(how: Incremental, columns: Sequence[str]) -> str:
    if how.merge_update_columns:
        names: Sequence[str] = how.merge_update_columns
    elif how.merge_exclude_columns:
        excluded = {name.lower() for name in how.merge_exclude_columns}
        names = [quote(name) for name in columns if name.lower() not in excluded]
    else:
        return "UPDATE BY NAME"
    return f"UPDATE SET {', '.join(f'{name} = {_SOURCE}.{name}' for name in names)}"


def _change_type(table: str, name: str, type_: str) -> tuple[str, ...]:
    """As dbt's `alter_column_type`: the column moves to the end."""
    column, temporary = quote(name), quote(f"{name}__dbt_alter")
    return (
        f"ALTER TABLE {table} ADD COLUMN {temporary} {type_}",
        f"UPDATE {table} SET {temporary} = {column}",
        f"ALTER TABLE {table} DROP COLUMN {column} CASCADE",
        f"ALTER TABLE {table} RENAME COLUMN {temporary} TO {column}",
    )


def _is_widening(name: str, before: str, after: str) -> bool:
    old, new = engine_type(name, before).iceberg, engine_type(name, after).iceberg
    return isinstance(old, str) and isinstance(new, str) and widens(old, new)


def _out_of_sync(
    key: str, added: ColumnTypes, removed: Sequence[str], changed: Mapping[str, tuple[str, str]]
) -> NodeError:
    details = [f"new column `{name}` {type_}" for name, type_ in added.items()]
    details += [f"column `{name}` is not in the query any more" for name in removed]
    details += [f"column `{name}` was {old} and is {new}" for name, (old, new) in changed.items()]
    reason = f"the columns of `{key}` have changed and its `on_schema_change` is `fail`"
    instruction = "set `on_schema_change` to `append_new_columns` or `sync_all_columns`, or run with --full-refresh"
    return NodeError("FLOE-0409", reason, instruction, details=details)
