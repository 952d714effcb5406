"""Lets tests of one asset share a scan, where that is exact.

A scan only finds out which tests pass: finding nothing means the same in its SQL as in the test's own. Whatever finds
something, fails, or is not understood, is run by itself as dbt runs it (`checks.py`).
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import duckdb

from floe.engines.duckdb.sql import relation_name
from floe.engines.duckdb.stock_scans import follows_from, probe, scan_keys, scan_rows
from floe.engines.duckdb.stock_tests import stock_test

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from floe.artifact.models import Asset, Test
    from floe.engines.duckdb.stock_tests import StockTest
    from floe.engines.duckdb.workspace import Workspace

SMALL_ROWS = 100_000
"""Up to here a statement costs mostly its planning, so that one for all tests is best. Beyond, DuckDB answers
`not_null` and `accepted_values` from statistics and dictionaries of the files, which a scan for all would read."""
_DATABASES = 2
"""Those of a session: DuckDB's first one, and `floe`."""


@dataclass
class _Group:
    """The tests of one asset that are dbt's own."""

    tests: dict[str, StockTest]
    lock: threading.Lock = field(default_factory=threading.Lock)
    settled: dict[str, float | None] = field(default_factory=dict)
    """Test id -> its share of the seconds of the scan by which it passes; None: it must run by itself."""


class SharedScans:
    """Decides for tests whether they pass. Safe to use from several threads.

    Args:
        workspace: The session's.
        tests: What the run tests. A test is decided together with those of them that are on the same asset.
        is_shared: Whether others execute SQL in the session, too, that nobody tells of: dbt, hooks, Python assets.
    """

    def __init__(self, workspace: Workspace, tests: Iterable[Test], *, is_shared: bool) -> None:
        self._workspace = workspace
        self._wanted: dict[str, list[Test]] = {}
        for test in tests:
            self._wanted.setdefault(test.attached_to, []).append(test)
        self._groups: dict[str, _Group] = {}
        self._lock = threading.Lock()
        self._rows: dict[str, int | None] = {}
        """Relations that are there, with about as many rows as they have; None: unknown."""
        properties = workspace.artifacts.compute.properties
        # A database file of the user's may have collations, too.
        self._collates = "path" in properties or "default_collation" in properties
        self._is_shared = is_shared

    def reads(self, sql: str) -> None:
        """Take note of the SQL of an asset, before it is executed."""
        # Under a collation, GROUP BY and DISTINCT disagree about which texts are equal.
        self._collates = self._collates or "collat" in sql.lower()

    def is_there(self, asset: Asset, rows: int | None = None) -> None:
        """Take note that the session shows the asset, and how many rows it has where that is known."""
        relation = relation_name(asset.relation)
        if facts := self._workspace.facts.get(relation):
            rows = facts.rows
        elif rows is None and not asset.publishes:
            rows = self._rows_above(asset)
        self._rows[relation] = rows
        # The SQL of a view that dbt made itself is not known here.
        self._collates = self._collates or (asset.rendering == "dbt" and not asset.publishes)

    def seconds_if_passed(self, test: Test) -> float | None:
        """The test's share of the scan by which it passes; None: run it by itself."""
        group = self._group(test.attached_to) if test.attached_to else None
        if group is None or test.id not in group.tests:
            return None
        with group.lock:
            if test.id not in group.settled:
                self._settle(group)
            return group.settled.get(test.id)

    def _rows_above(self, asset: Asset) -> int | None:
        assets = self._workspace.artifacts.assets
        rows = [self._rows.get(relation_name(assets[key].relation)) for key in asset.depends_on]
        known = [number for number in rows if number is not None]
        return max(known) if known and len(known) == len(rows) else None

    @cached_property
    def _keywords(self) -> frozenset[str]:
        """What means something else than a column where it is not quoted."""
        query = "SELECT keyword_name FROM duckdb_keywords() WHERE keyword_category <> 'unreserved'"
        return frozenset(row[0] for row in self._workspace.execute(query).fetchall())

    def _group(self, asset: str) -> _Group:
        with self._lock:
            if asset not in self._groups:
                relation = relation_name(self._workspace.artifacts.assets[asset].relation)
                found = (stock_test(test) for test in self._wanted.get(asset, ()))
                own = {test.id: test for test in found if test and test.model == relation and self._is_column(test)}
                self._groups[asset] = _Group(own)
            return self._groups[asset]

    def _is_column(self, test: StockTest) -> bool:
        return self._keywords.isdisjoint((test.column.lower(), test.field.lower()))

    def _settle(self, group: _Group) -> None:
        """Decide all tests of the group that can be decided now."""
        pending = [test for test in group.tests.values() if test.id not in group.settled and self._can_run(test)]
        started = time.perf_counter()
        try:
            passed = self._passed(pending) if pending else set()
        except duckdb.Error:
            # Each test meets the error again, and then the message is about that test.
            passed = set()
        seconds = (time.perf_counter() - started) / max(1, len(passed))
        group.settled.update((test.id, seconds if test.id in passed else None) for test in pending)

    def _can_run(self, test: StockTest) -> bool:
        return test.model in self._rows and (not test.to or test.to in self._rows)

    def _passed(self, tests: Sequence[StockTest]) -> set[str]:
        """Identifiers of those that pass. All are about one relation.

        Raises:
            duckdb.Error: a statement fails.
        """
        relation = tests[0].model
        facts = self._workspace.facts.get(relation)
        passed = {test.id for test in tests if facts and follows_from(facts, test)}
        left = [test for test in tests if test.id not in passed]
        rows = self._rows[relation]
        if (len(left) < 2 and (rows is None or rows <= SMALL_ROWS)) or not self._may_scan():
            return passed
        return passed | self._scan(relation, left)

    def _scan(self, relation: str, tests: Sequence[StockTest]) -> set[str]:
        facts, rows, passed = self._workspace.facts.get(relation), self._rows[relation], set[str]()
        if facts is None and (rows is None or rows > SMALL_ROWS):
            facts = probe(self._first_row, relation, tests)
            self._rows[relation] = rows = facts.rows
            passed = {test.id for test in tests if follows_from(facts, test)}
            tests = [test for test in tests if test.id not in passed]
        if facts is not None and facts.rows > SMALL_ROWS:
            return passed | scan_keys(self._first_row, relation, tests, facts)
        if len(tests) > 1:
            self._rows[relation], found = scan_rows(self._first_row, relation, tests)
            passed |= found
        return passed

    def _may_scan(self) -> bool:
        """Whether no collation can be in force; what others execute may bring one along unseen."""
        # Asking DuckDB costs as much as a scan of a small relation.
        if self._collates or not self._is_shared:
            return not self._collates
        collated = "SELECT count(*) FROM duckdb_tables() WHERE sql ILIKE '%collate%'"
        databases = "SELECT count(*) FROM duckdb_databases() WHERE NOT internal"
        query = f"SELECT current_setting('default_collation'), ({databases}), ({collated})"
        return self._first_row(query) == ("", _DATABASES, 0)

    def _first_row(self, query: str) -> tuple[object, ...]:
        row: tuple[object, ...] | None = self._workspace.execute(query).fetchone()
        return row or ()
