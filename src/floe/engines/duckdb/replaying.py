"""What may follow another writer: increments that are worked out again on a newer state of their table.

That gives what both would have given one after the other where the rows whose place the increment takes are the same in
both states: nobody else has changed, added or removed a row with one of its keys.
"""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import duckdb

from floe.engines.duckdb.faults import environment_fault
from floe.engines.duckdb.incremental_sql import DESTINATION
from floe.engines.duckdb.sql import literal, quote
from floe.engines.duckdb.table_files import published_files
from floe.lake.read import live_files

if TYPE_CHECKING:
    from collections.abc import Iterator

    from floe.artifact.models import Relation
    from floe.engines.base import BuildOutcome
    from floe.engines.duckdb.replacing import Replacement
    from floe.engines.duckdb.table_files import TableFiles
    from floe.engines.duckdb.workspace import Workspace
    from floe.lake.base import StagedTable, TableState


def is_blind(workspace: Workspace, query: str, relation: Relation) -> bool:
    """Whether a query gives the same rows whatever the table `relation` holds, because it does not name it.

    Raises:
        duckdb.Error: the query cannot be looked at.
    """
    row = workspace.execute(f"SELECT json_serialize_sql({literal(query)}::VARCHAR)").fetchone()
    tree = json.loads(row[0]) if row else {"error": True}
    return not tree["error"] and relation.identifier.casefold() not in set(_tables(tree))


def _tables(tree: object) -> Iterator[str]:
    """Names of tables, in small letters, anywhere in a query that DuckDB took apart."""
    if isinstance(tree, dict):
        if "table_name" in tree:
            yield str(tree["table_name"]).casefold()
        for part in tree.values():
            yield from _tables(part)
    elif isinstance(tree, list):
        for part in tree:
            yield from _tables(part)


def replayable(replacement: Replacement, outcome: BuildOutcome) -> BuildOutcome:
    """The outcome, which a publish can let work out again."""
    if outcome.staged is None:
        return outcome
    return replace(outcome, staged=replace(outcome.staged, replay=partial(_again, replacement)))


def _again(replacement: Replacement, current: TableState) -> StagedTable | None:
    """The increment on a newer state of its table; None where others have changed rows with its keys.

    Raises:
        LakeError: the table cannot be read, or a file cannot be written.
    """
    workspace, target = replacement.workspace, replacement.target
    try:
        now = published_files(current, workspace.execute)
        if not _has_same_form(replacement, current, now) or _is_changed(replacement, current, now):
            return None
        outcome = replace(replacement, published=now, target=replace(target, base=current)).stage()
    except duckdb.Error as error:
        fault = environment_fault(error, target.key)
        if fault is not None:
            raise fault from error
        return None  # the increment does not fit the table any more, or the run is being stopped
    return outcome.staged if outcome is not None else None


def _has_same_form(replacement: Replacement, current: TableState, now: TableFiles) -> bool:
    """Whether columns and partitions are those that the increment was written for."""
    before, base = replacement.published, replacement.target.base
    same_columns = before.schema["fields"] == now.schema["fields"] and before.engine_types == now.engine_types
    return same_columns and base.metadata["default-spec-id"] == current.metadata["default-spec-id"]


def _is_changed(replacement: Replacement, current: TableState, now: TableFiles) -> bool:
    """Whether rows with the increment's keys are others now than those it was computed from."""
    old = {file.path: file for file in live_files(replacement.target.base)}
    new = {file.path: file for file in live_files(current)}
    gone = replacement.published.only([path for path, file in old.items() if new.get(path) != file])
    came = now.only([path for path, file in new.items() if old.get(path) != file])
    one, other = _affected(replacement, gone), _affected(replacement, came)
    query = f"({one} EXCEPT ALL {other}) UNION ALL ({other} EXCEPT ALL {one})"
    return replacement.workspace.execute(f"SELECT 1 FROM ({query}) LIMIT 1").fetchone() is not None


def _affected(replacement: Replacement, files: TableFiles) -> str:
    names = ", ".join(f"{DESTINATION}.{quote(item['name'])}" for item in replacement.published.schema["fields"])
    rows = f"({files.select()}) AS {DESTINATION}"
    return f"(SELECT {names} FROM {rows} SEMI JOIN {replacement.source} ON {replacement.equal})"
