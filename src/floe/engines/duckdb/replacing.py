"""Increments that take the place of rows, without a working copy: new rows are written once, kept ones copied once.

The result is that of dbt's own statements (`incremental_sql.py`), in the cases in which that is certain: an increment
with the table's own columns, plain columns as keys, no predicates. A merge also needs keys that are unique in the
increment and among the rows it changes, so that updating is the same as replacing. `stage_replacement` gives the
increment back as a table where one of these is not so.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from floe.engines.duckdb.incremental_sql import DESTINATION
from floe.engines.duckdb.layout import no_such_column
from floe.engines.duckdb.overwriting import stage_in_place, stage_overwrite
from floe.engines.duckdb.replaying import replayable
from floe.engines.duckdb.sql import quote
from floe.engines.duckdb.staging import write_query
from floe.engines.duckdb.table_files import FILE_COLUMN, TableFiles
from floe.lake.affected import Wanted
from floe.lake.read import live_files

if TYPE_CHECKING:
    from collections.abc import Sequence

    from floe.artifact.models import Incremental
    from floe.engines.base import BuildOutcome
    from floe.engines.duckdb.staging import Target, Written
    from floe.engines.duckdb.workspace import Workspace
    from floe.lake.base import StagedFile

_NAME = re.compile(r'"(?:[^"]|"")+"|[A-Za-z_]\w*')
_SOURCE = "floe_increment"


@dataclass(frozen=True)
class Replacement:
    """One increment, written to its files, and the table that it changes."""

    workspace: Workspace
    target: Target
    published: TableFiles
    how: Incremental
    written: Written

    @property
    def keys(self) -> tuple[str, ...]:
        """The key columns, quoted."""
        return _keys(self.how, self.written)

    @property
    def increment(self) -> str:
        """SQL of the increment's rows, as the session sees them."""
        files, schema = self.written.files, self.written.schema
        return TableFiles(tuple(file.path for file in files), schema, self.written.engine_types, differ=False).select()

    def stage(self) -> BuildOutcome | None:
        """Find the rows whose place the increment takes, copy the others of their files, and stage both.

        None where the result might not be that of dbt's statements.
        """
        matched = self.workspace.new_name()
        candidates = self.published.only(self._candidates())
        keys = ", ".join(f"{DESTINATION}.{key}" for key in self.keys)
        found = f"SELECT {quote(FILE_COLUMN)}, {keys} FROM ({candidates.select_with_file()}) AS {DESTINATION}"
        self.workspace.execute(f"CREATE TEMP TABLE {matched} AS {found} SEMI JOIN {self.source} ON {self.equal}")
        try:
            if self.how.strategy == "merge" and not self._is_plain_merge(matched):
                return None
            counted = f"SELECT {quote(FILE_COLUMN)}, count(*) FROM {matched} GROUP BY 1"
            gone = dict(self.workspace.execute(counted).fetchall())
        finally:
            self.workspace.execute(f"DROP TABLE {matched}")
        return self._stage([path for path in self.published.paths if path in gone])

    @property
    def source(self) -> str:
        """SQL of the increment's keys, named `floe_increment`."""
        names = ", ".join(self.keys)
        return f"(SELECT {names} FROM ({self.increment})) AS {_SOURCE}"

    @property
    def equal(self) -> str:
        """The condition under which a row of the table has a key of the increment."""
        return " AND ".join(f"{_SOURCE}.{key} = {DESTINATION}.{key}" for key in self.keys)

    def _is_plain_merge(self, matched: str) -> bool:
        """Whether no key is twice in the increment, nor among the rows that it changes."""
        names = ", ".join(self.keys)
        full = " AND ".join(f"{key} IS NOT NULL" for key in self.keys)
        twice = f"SELECT 1 FROM {{}} WHERE {full} GROUP BY {names} HAVING count(*) > 1 LIMIT 1"
        rows = (self.workspace.execute(twice.format(name)).fetchone() for name in (matched, self.source))
        return all(row is None for row in rows)

    def _candidates(self) -> list[str]:
        """The files that may hold one of the keys, as far as partitions and statistics tell."""
        fields = {quote(item["name"]).casefold(): item["id"] for item in self.published.schema["fields"]}
        keys = frozenset(fields[key.casefold()] for key in self.keys)
        collated = "default_collation" in self.workspace.artifacts.compute.properties
        wanted = Wanted(self.published.schema, self.written.files, keys, self.written.layout.spec, texts=not collated)
        known = {file.path: file for file in live_files(self.target.base)}
        return [path for path in self.published.paths if path not in known or wanted.may_be_in(known[path])]

    def _stage(self, touched: Sequence[str]) -> BuildOutcome:
        kept: tuple[StagedFile, ...] = ()
        if touched:
            names = ", ".join(f"{DESTINATION}.{quote(item['name'])}" for item in self.published.schema["fields"])
            rows = f"({self.published.only(touched).select()}) AS {DESTINATION}"
            select = f"SELECT {names} FROM {rows} ANTI JOIN {self.source} ON {self.equal}"
            kept = write_query(self.workspace, self.target, select, "rewrite").files
        outcome = stage_in_place(self.workspace, self.target, self.published, touched, self.written, kept)
        return replayable(self, outcome)


def stage_replacement(
    workspace: Workspace, target: Target, published: TableFiles, how: Incremental, query: str, source: str
) -> BuildOutcome | None:
    """Write the rows of `query`, which has the table's columns, and stage them in the place of others.

    None where the result might not be that of dbt's statements: then the rows are in a temporary table `source`.

    Raises:
        duckdb.Error: the query fails.
        NodeError: a value cannot be stored, or the layout does not fit the columns.
        LakeError: the published table cannot be read, or a file cannot be written.
    """
    written = write_query(workspace, target, query, "rewrite")
    if how.strategy == "insert_overwrite":
        return stage_overwrite(workspace, target, published, written)
    replacement = Replacement(workspace, target, published, how, written)
    outcome = replacement.stage()
    if outcome is None:
        # Which of several rows of a key wins in a MERGE depends on their order, which only plain files have kept.
        has_order = not (written.layout.partitions or written.layout.sort)
        with workspace.reading(query):
            workspace.execute(f"CREATE TEMP TABLE {source} AS {replacement.increment if has_order else query}")
        target.base.store.delete(file.path for file in written.files)
    return outcome


def is_plain(how: Incremental, published: TableFiles) -> bool:
    """Whether an increment with the table's columns can be staged this way, by what its configuration says."""
    if how.predicates or how.merge_update_columns or how.merge_exclude_columns:
        return False
    if how.strategy == "insert_overwrite":
        return True
    known = {quote(item["name"]).casefold(): item for item in published.schema["fields"]}
    plain = [_NAME.fullmatch(key) is not None and quoted_key(key).casefold() in known for key in how.unique_key]
    stored = [
        known[quoted_key(key).casefold()]["name"] not in published.engine_types for key in how.unique_key if all(plain)
    ]
    return how.strategy in ("merge", "delete+insert") and bool(plain) and all(plain) and all(stored)


def require_keys(key: str, how: Incremental, published: TableFiles) -> None:
    """Refuse a `unique_key` that is the name of a column which the table of the asset `key` does not have.

    Raises:
        NodeError: it is; an expression is left to the engine.
    """
    known = {quote(field["name"]).casefold() for field in published.schema["fields"]}
    for name in how.unique_key if how.strategy in ("merge", "delete+insert") and published.paths else ():
        if _NAME.fullmatch(name) and quoted_key(name).casefold() not in known:
            raise no_such_column(key, "unique_key", name, published.schema)


def _keys(how: Incremental, written: Written) -> tuple[str, ...]:
    names = {quote(item["name"]).casefold(): quote(item["name"]) for item in written.schema["fields"]}
    return tuple(names[quoted_key(key).casefold()] for key in how.unique_key)


def quoted_key(key: str) -> str:
    """A key that is a column's name, quoted."""
    return key if key.startswith('"') else quote(key)
