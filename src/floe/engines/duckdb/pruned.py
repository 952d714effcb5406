"""Lets queries open only those files of published tables that may hold rows they ask for.

The view of a table takes its SQL from variables of the connection. Before a query is executed, DuckDB plans it with a
scan of one file in the place of each such view. The plan says which rows each scan is asked for; partitions and
statistics say in which files these may be, and the query is executed with these files only. Both happen in one
transaction, so that `now()` and `current_date` are the same in the plan and in the query.
"""

from __future__ import annotations

import re
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from floe.engines.duckdb.plans import conditions_of_scans
from floe.engines.duckdb.sql import literal, quote
from floe.lake.conditions import AnyOf

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import duckdb

    from floe.engines.duckdb.plans import Columns
    from floe.lake.base import StoredFile
    from floe.lake.conditions import Condition, Judge

_PLANNING = "floe_planning"
"""Variable: whether a query is only planned."""
_READS_TEXT_FILES = re.compile(r"\b(read|scan|sniff)_(csv|json|ndjson)", re.IGNORECASE)
"""Planning such a query reads the beginning of its files."""


@dataclass(frozen=True)
class PrunableView:
    """The rows of a table, as a view of which a connection can leave out files."""

    variable: str
    """Holds the SQL of the rows that are left, where a connection has set it."""
    planned: str
    """SQL to be planned, with a scan that has a column named as the variable is."""
    files: Sequence[StoredFile]
    columns: Columns = field(repr=False)
    judge: Judge = field(repr=False)
    select: Callable[[Sequence[str]], str] = field(repr=False)
    """SQL of the rows of some of the files."""

    @property
    def sql(self) -> str:
        """SQL of the view."""
        every = self.select([item.path for item in self.files])
        return (
            f"SELECT * FROM query(CASE WHEN getvariable({literal(_PLANNING)}) THEN {literal(self.planned)} "
            f"ELSE coalesce(getvariable({literal(self.variable)})::VARCHAR, {literal(every)}) END)"
        )

    def limited(self, conditions: Sequence[Condition]) -> str | None:
        """SQL of the files with rows that may meet one of the conditions; None where all may."""
        wanted = AnyOf(tuple(conditions))
        kept = [item.path for item in self.files if self.judge.may_meet(item, wanted)]
        return self.select(kept) if len(kept) < len(self.files) else None


class PrunedReads:
    """The prunable views of one DuckDB. Safe to use from several threads, each with a connection of its own."""

    def __init__(self) -> None:
        self._views: dict[str, PrunableView] = {}
        self._lock = threading.Lock()

    def shows(self, relation: str, view: PrunableView | None) -> None:
        """Take note of what a relation is from now on; None: nothing of which files can be left out."""
        with self._lock:
            self._views.pop(relation, None)
            if view is not None:
                self._views[relation] = view

    @contextmanager
    def limited_to(self, connection: duckdb.DuckDBPyConnection, query: str) -> Iterator[None]:
        """While the block executes `query` on the connection, open only the files that it may need.

        Raises:
            duckdb.Error: planning was interrupted.
        """
        with self._lock:
            views = {view.variable: view for view in self._views.values()}
        if not views or _READS_TEXT_FILES.search(query):
            yield
            return
        variables = [_PLANNING]
        connection.execute("BEGIN TRANSACTION")
        try:
            for variable, sql in _limits(connection, query, views).items():
                variables.append(variable)
                connection.execute(f"SET VARIABLE {quote(variable)} = {literal(sql)}")
            yield
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        finally:
            for variable in variables:
                connection.execute(f"RESET VARIABLE {quote(variable)}")


def _limits(connection: duckdb.DuckDBPyConnection, query: str, views: Mapping[str, PrunableView]) -> dict[str, str]:
    """Variable -> SQL of what the query needs of a view, for those of which it does not need all files."""
    connection.execute(f"SET VARIABLE {_PLANNING} = true")
    try:
        wanted = conditions_of_scans(connection, query, {variable: view.columns for variable, view in views.items()})
    except (LookupError, TypeError, ValueError):  # a plan that looks as none did before: all files are read
        wanted = {}
    connection.execute(f"RESET VARIABLE {_PLANNING}")
    found = {variable: views[variable].limited(conditions) for variable, conditions in wanted.items()}
    return {variable: sql for variable, sql in found.items() if sql is not None}
