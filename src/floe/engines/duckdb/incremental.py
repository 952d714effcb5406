"""Incremental models: dbt-duckdb's own statements, run on those rows only whose files they touch.

The rows of the touched files become a table of the model's name, the statements of dbt's incremental materialization
(dbt-duckdb 1.11, `materializations/incremental.sql` and `incremental_strategy/*.sql`) change it, and what is in it
afterwards are the new files. Files that hold no affected key stay as they are. Where it is certain to give the same,
`replacing.py` does without such a table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from floe.engines.duckdb.incremental_sql import (
    DESTINATION,
    ColumnTypes,
    key_match,
    schema_changes,
    strategy_statements,
)
from floe.engines.duckdb.overwriting import partition_match
from floe.engines.duckdb.own_file import WORKING_COPY
from floe.engines.duckdb.replacing import is_plain, quoted_key, require_keys, stage_replacement
from floe.engines.duckdb.replaying import is_blind
from floe.engines.duckdb.sql import beside, literal, quote, relation_name, subquery
from floe.engines.duckdb.staging import Change, stage_query
from floe.engines.duckdb.table_files import FILE_COLUMN, published_files

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from floe.artifact.models import Incremental, Relation
    from floe.engines.base import BuildOutcome
    from floe.engines.duckdb.staging import Target
    from floe.engines.duckdb.table_files import TableFiles
    from floe.engines.duckdb.workspace import Workspace

Properties = tuple[tuple[str, str], ...]


def stage_increment(
    workspace: Workspace, target: Target, query: str, how: Incremental, properties: Properties = ()
) -> BuildOutcome:
    """Apply the rows of `query` to the published table and stage the files that this changes.

    While the query runs, the session's relation shows the published table.

    Raises:
        duckdb.Error: the query or one of dbt's statements fails.
        NodeError: the columns changed and `on_schema_change` is `fail`, a key is none of them, or a type cannot be
            stored.
        LakeError: the published table cannot be read, or the file cannot be written.
    """
    published = published_files(target.base, workspace.execute, renamed=target.renamed)
    require_keys(target.key, how, published)
    workspace.show_files(target.relation, published)
    fitting = _in_the_tables_types(workspace, target, published, query, how)
    if how.strategy == "append" and fitting is not None:
        blind = is_blind(workspace, query, target.relation)
        return stage_query(workspace, target, fitting, Change("append", published, properties=properties, blind=blind))
    source = workspace.new_name()
    if fitting is not None and not properties and is_plain(how, published):
        outcome = stage_replacement(workspace, target, published, how, fitting, source)
        if outcome is not None:
            return outcome
    else:
        with workspace.reading(query):
            workspace.execute(f"CREATE TEMP TABLE {source} AS {subquery(query)}")
    try:
        return _apply(workspace, target, published, source, how, properties)
    finally:
        workspace.execute(f"DROP TABLE {source}")


def _apply(
    workspace: Workspace,
    target: Target,
    published: TableFiles,
    source: str,
    how: Incremental,
    properties: Properties,
) -> BuildOutcome:
    name = relation_name(target.relation)
    before, increment = column_types(workspace, name), column_types(workspace, source)
    alterations = schema_changes(target.key, name, before, increment, how.on_schema_change)
    columns = list(before) if how.on_schema_change == "ignore" else list(increment)
    condition = key_match(how, source)
    if how.strategy == "insert_overwrite":
        condition = partition_match(workspace, target, published, source)
    changing = strategy_statements(name, source, how, columns, condition)
    statements = [*alterations.statements, *changing]
    if alterations.every_file:
        touched: Sequence[str] = published.paths
    else:
        touched = touched_files(workspace, published, condition)
    return rewrite(workspace, target, published, touched, statements, properties, every_file=alterations.every_file)


def rewrite(
    workspace: Workspace,
    target: Target,
    published: TableFiles,
    touched: Sequence[str],
    statements: Sequence[str],
    properties: Properties = (),
    *,
    every_file: bool = False,
) -> BuildOutcome:
    """Run `statements` on a table that holds the rows of the touched files, and stage its rows in their place.

    Raises:
        duckdb.Error: a statement fails.
        LakeError: the file cannot be written.
    """
    begin_work(workspace, target.relation, published.only(touched).select())
    for statement in statements:
        workspace.execute(statement)
    change = Change("replace", properties=properties) if every_file else changed_files(published, touched, properties)
    return stage_work(workspace, target, change)


def begin_work(workspace: Workspace, relation: Relation, query: str) -> None:
    """Make the relation, a view until now or nothing, a table of the query's rows. The query may read the view.

    Raises:
        duckdb.Error: the query fails.
    """
    name, working_copy = relation_name(relation), workspace.new_name()
    table = beside(relation, working_copy)
    workspace.execute(f"CREATE TABLE {table} AS {query}")
    workspace.execute(f"COMMENT ON TABLE {table} IS {literal(WORKING_COPY)}")
    workspace.execute(f"DROP VIEW IF EXISTS {name}")
    workspace.execute(f"ALTER TABLE {table} RENAME TO {quote(relation.identifier)}")


def stage_work(workspace: Workspace, target: Target, change: Change) -> BuildOutcome:
    """Stage the rows of the table that `begin_work` made.

    Raises:
        duckdb.Error: the rows cannot be read.
        NodeError: a column's type or value cannot be stored.
        LakeError: the file cannot be written.
    """
    name, working_copy = relation_name(target.relation), workspace.new_name()
    table = beside(target.relation, working_copy)
    # The view that will show the result has the name of the table that the result is read from.
    workspace.execute(f"ALTER TABLE {name} RENAME TO {working_copy}")
    outcome = stage_query(workspace, target, f"SELECT * FROM {table}", change)
    workspace.execute(f"DROP TABLE {table}")
    return outcome


def changed_files(published: TableFiles, touched: Sequence[str], properties: Properties = ()) -> Change:
    """The change that puts rows in the place of the touched files, and keeps the others."""
    kept = published.only([path for path in published.paths if path not in set(touched)])
    return Change("rewrite" if touched else "append", kept, tuple(touched), properties)


def touched_files(workspace: Workspace, published: TableFiles, condition: str | None) -> list[str]:
    """The files that hold a row, named `DBT_INTERNAL_DEST`, for which the condition is true; none without one.

    Raises:
        duckdb.Error: the condition cannot be evaluated.
    """
    if condition is None or not published.paths:
        return []
    select = f"SELECT DISTINCT {quote(FILE_COLUMN)} FROM ({published.select_with_file()}) AS {DESTINATION}"
    found = {row[0] for row in workspace.execute(f"{select} WHERE {condition}").fetchall()}
    return [path for path in published.paths if path in found]


def column_types(workspace: Workspace, relation: str) -> ColumnTypes:
    """Names and DuckDB types of a relation's columns, in order.

    Raises:
        duckdb.Error: there is no such relation, or the query cannot be bound.
    """
    return {row[0]: row[1] for row in workspace.execute(f"DESCRIBE {relation}").fetchall()}


def _in_the_tables_types(
    workspace: Workspace, target: Target, published: TableFiles, query: str, how: Incremental
) -> str | None:
    """The increment with the table's columns, as INSERT and MERGE cast them; None where its columns are others."""
    names = [field["name"] for field in published.schema["fields"]]
    wanted = column_types(workspace, relation_name(target.relation))
    given = column_types(workspace, subquery(query))
    others = {name for name, type_ in wanted.items() if given.get(name) != type_}
    if set(given) != set(wanted) or (others and not _may_be_cast(how, others)):
        return None
    casts = {name: f"CAST({quote(name)} AS {wanted[name]}) AS " for name in others}
    columns = (f"{casts.get(name, '')}{quote(name)}" for name in names)
    return f"SELECT {', '.join(columns)} FROM {subquery(query)} AS floe_increment"


def _may_be_cast(how: Incremental, columns: Collection[str]) -> bool:
    """Whether dbt's statements cast these columns and do nothing else with them: they are no keys, nor compared."""
    keys = {quoted_key(key).casefold() for key in how.unique_key}
    plain = how.strategy in ("append", "merge", "delete+insert") and how.on_schema_change == "ignore"
    return plain and not how.predicates and keys.isdisjoint(quote(name).casefold() for name in columns)
