"""Relations that dbt builds itself: what it finds of the last run, and how its result is staged."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from floe.engines.base import BuildOutcome
from floe.engines.duckdb.own_file import DBT_MARK
from floe.engines.duckdb.sql import literal, quote, relation_name
from floe.engines.duckdb.staging import Target, stage_query
from floe.engines.duckdb.superseded import is_superseded
from floe.engines.duckdb.table_files import published_files
from floe.lake.schema import NOTHING_RENAMED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from floe.artifact.models import Relation
    from floe.engines.duckdb.workspace import Workspace
    from floe.lake.base import TableState


def restore_relation(
    workspace: Workspace, relation: Relation, base: TableState | None, renamed: Mapping[str, str] = NOTHING_RENAMED
) -> None:
    """Make the relation what it would be for dbt: the table that the last run published, or nothing.

    Until it is staged it is marked, so that a later run knows what to do with it in a database file.

    Raises:
        duckdb.Error: the relation cannot be replaced.
        LakeError: the published table cannot be read.
    """
    _drop(workspace, relation)
    workspace.execute(f"CREATE OR REPLACE VIEW {relation_name(_mark(relation))} AS SELECT 1 AS mark")
    if base is not None and base.exists and not is_superseded(base):
        rows = published_files(base, workspace.execute, renamed=renamed).select()
        workspace.execute(f"CREATE TABLE {relation_name(relation)} AS {rows}")


def stage_relation(workspace: Workspace, target: Target) -> BuildOutcome:
    """Stage the rows of the table or view that was built, and let the session show what is staged in its place.

    A materialization that made no such relation publishes nothing.

    Raises:
        duckdb.Error: the relation cannot be read.
        NodeError: a column's type or value cannot be stored.
        LakeError: the file cannot be written.
    """
    relation = target.relation
    if relation_kind(workspace, relation) is None:
        release_relation(workspace, relation)
        return BuildOutcome()
    staged = relation.model_copy(update={"identifier": workspace.new_name()})
    query = f"SELECT * FROM {relation_name(relation)}"
    outcome = stage_query(workspace, replace(target, relation=staged), query)
    _drop(workspace, relation)
    workspace.execute(f"ALTER VIEW {relation_name(staged)} RENAME TO {quote(relation.identifier)}")
    release_relation(workspace, relation)
    return outcome


def release_relation(workspace: Workspace, relation: Relation) -> None:
    """Take the mark away: the relation is as the session wants it.

    Raises:
        duckdb.Error: the database cannot be changed.
    """
    workspace.execute(f"DROP VIEW {relation_name(_mark(relation))}")


def _mark(relation: Relation) -> Relation:
    return relation.model_copy(update={"identifier": f"{DBT_MARK}{relation.identifier}"})


def _drop(workspace: Workspace, relation: Relation) -> None:
    kind = relation_kind(workspace, relation)
    if kind is not None:
        workspace.execute(f"DROP {kind} {relation_name(relation)}")


def relation_kind(workspace: Workspace, relation: Relation) -> str | None:
    """`TABLE`, `VIEW`, or None where there is no such relation."""
    found = workspace.execute(
        "SELECT table_type FROM system.information_schema.tables "
        f"WHERE lower(table_catalog) = lower({literal(relation.database)}) "
        f"AND lower(table_schema) = lower({literal(relation.schema_name)}) "
        f"AND lower(table_name) = lower({literal(relation.identifier)})"
    ).fetchone()
    return None if found is None else "VIEW" if found[0] == "VIEW" else "TABLE"
