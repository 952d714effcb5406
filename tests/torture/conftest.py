"""A project whose tables all carry the generation of their input, so that a mixed publish cannot go unseen."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing, contextmanager
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Self

import pytest

from floe.runtime.journal import Journal, journal_path

from .warm import Warm

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pyiceberg.catalog.sql import SqlCatalog

TABLES = ("bronze.input", "silver.squares", "gold.totals", "gold.history", "gold.empty_or_not")
LOCATIONS = "SELECT metadata_location FROM iceberg_tables WHERE table_name <> 'history'"
CHILD = Path(__file__).with_name("child.py")
READERS = 3
FLOE = (sys.executable, "-m", "floe.cli")
FILES = {
    "floe.yaml": """
        name: torture
        version: "1.0.0"
        transforms:
          - type: dbt
            path: ./models
        sources:
          input: {files: "input.csv", layer: bronze}
        """,
    "models/sources.yml": """
        sources:
          - name: bronze
            tables: [{name: input}]
        """,
    "models/silver/squares.sql": """
        {{ config(materialized='table') }}
        select generation, n, n * n as square from {{ source('bronze', 'input') }}
        """,
    "models/silver/doubled.sql": "select generation, 2 * n as d from {{ source('bronze', 'input') }}",
    "models/gold/totals.sql": """
        {{ config(materialized='table') }}
        select s.generation, sum(s.square)::bigint as total,
          (select sum(d)::bigint from {{ ref('doubled') }}) as doubled
        from {{ ref('squares') }} as s group by 1
        """,
    "models/gold/history.sql": """
        {{ config(materialized='incremental', incremental_strategy='append') }}
        select distinct generation from {{ ref('squares') }}
        {% if is_incremental() %}
        where generation > (select coalesce(max(generation), 0) from {{ this }})
        {% endif %}
        """,
    "models/gold/empty_or_not.sql": """
        {{ config(materialized='table') }}
        select generation, n from {{ ref('squares') }} where generation % 2 = 0
        """,
    "models/gold/schema.yml": """
        models:
          - name: totals
            columns: [{name: generation, data_tests: [unique, not_null]}]
          - name: history
            columns: [{name: generation, data_tests: [unique]}]
        """,
}


def _dedented(text: str) -> str:
    from textwrap import dedent

    return dedent(text).lstrip("\n")


class Torture:
    """The project, what it should contain, and what it does."""

    def __init__(self, warm: Warm, directory: Path, catalogs: Mapping[str, str] | None = None) -> None:
        """`catalogs`: namespace -> catalog file, of those that are not in `catalog.db`."""
        self.warm = warm
        self.directory = directory
        self.generation = 0
        self._catalogs = catalogs or {}

    def next_generation(self) -> int:
        """Change the input: generation g has g + 3 rows."""
        self.generation += 1
        rows = "".join(f"{self.generation},{n}\n" for n in range(self.generation + 3))
        (self.directory / "input.csv").write_text(f"generation,n\n{rows}")
        return self.generation

    def floe(self, *arguments: str, largest_file: int | None = None) -> subprocess.CompletedProcess[str]:
        """A command in a process of its own, from its start to its end."""
        return self.warm.floe(self.directory, arguments, largest_file)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
        return subprocess.Popen([*FLOE, *arguments], cwd=self.directory, text=True, **quiet)

    def child(self, action: str, what: str) -> subprocess.Popen[str]:
        command = [sys.executable, str(CHILD), str(self.directory), action, what]
        return subprocess.Popen(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def published_runs(self) -> set[str]:
        """Run ids of the tables' current snapshots; none where nothing was ever published."""
        database = self.directory / ".floe" / "catalog.db"
        if not database.exists():
            return set()
        with closing(sqlite3.connect(database, timeout=30)) as connection:
            return published_runs(connection)

    def contents(self) -> dict[str, list[tuple[object, ...]]]:
        """All tables, as plain PyIceberg reads them."""
        found: dict[str, list[tuple[object, ...]]] = {}
        for file in sorted({self._file_of(name) for name in TABLES}):
            found |= self._read(file, [name for name in TABLES if self._file_of(name) == file])
        return found

    def _file_of(self, name: str) -> str:
        return self._catalogs.get(name.partition(".")[0], "catalog.db")

    def _read(self, file: str, names: list[str]) -> dict[str, list[tuple[object, ...]]]:
        with self.plain(file) as catalog:
            return {name: _rows(catalog, name) for name in names}

    def published_ever(self) -> set[str]:
        """Run ids of every snapshot that the input's table still has."""
        with self.plain() as catalog:
            snapshots = catalog.load_table("bronze.input").snapshots()
            return {str(snapshot.summary["floe.run-id"]) for snapshot in snapshots if snapshot.summary}

    @contextmanager
    def plain(self, file: str = "catalog.db") -> Iterator[SqlCatalog]:
        """A catalog file, as plain PyIceberg opens it."""
        from pyiceberg.catalog.sql import SqlCatalog

        floe = self.directory / ".floe"
        catalog = SqlCatalog("floe", uri=f"sqlite:///{floe / file}", warehouse=f"file://{floe / 'warehouse'}")
        try:
            yield catalog
        finally:
            catalog.engine.dispose()

    def expected(self, generation: int, history: list[int]) -> dict[str, list[tuple[object, ...]]]:
        """All tables after a publish of `generation`; `history` are the generations published so far."""
        numbers = range(generation + 3)
        return {
            "bronze.input": [(generation, n) for n in numbers],
            "silver.squares": [(generation, n, n * n) for n in numbers],
            "gold.totals": [(generation, sum(n * n for n in numbers), sum(2 * n for n in numbers))],
            "gold.history": [(entry,) for entry in history],
            "gold.empty_or_not": [(generation, n) for n in numbers] if generation % 2 == 0 else [],
        }

    def files_of(self, run_id: str) -> list[str]:
        warehouse = self.directory / ".floe" / "warehouse"
        return [str(path) for path in warehouse.rglob("*") if run_id in path.name]

    def journal(self) -> list[dict[str, object]]:
        """All runs, oldest first."""
        with Journal(journal_path(self.directory)) as journal:
            return journal.runs(limit=100_000)[::-1]


@lru_cache(maxsize=100)
def _current_run(metadata: str) -> str:
    """Metadata files never change, so that each is read once."""
    document = json.loads(Path(metadata).read_bytes())
    current = next(item for item in document["snapshots"] if item["snapshot-id"] == document["current-snapshot-id"])
    return str(current["summary"]["floe.run-id"])


def _rows(catalog: object, name: str) -> list[tuple[object, ...]]:
    table = catalog.load_table(name)
    return sorted(tuple(row.values()) for row in table.scan().to_arrow().to_pylist())


class Reader:
    """Threads that look at the catalog as often as they can, and keep every look that saw tables of two runs."""

    def __init__(self, torture: Torture) -> None:
        self._torture = torture
        self._stop = threading.Event()
        self._started = 0.0
        self._looks = [0] * READERS
        self.mixed: list[set[str]] = []
        self.problems: list[Exception] = []
        self._threads = [threading.Thread(target=self._read, args=(number,)) for number in range(READERS)]

    @property
    def looks(self) -> int:
        return sum(self._looks)

    @property
    def looks_per_second(self) -> float:
        return self.looks / (time.monotonic() - self._started)

    def __enter__(self) -> Self:
        self._started = time.monotonic()
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _read(self, number: int) -> None:
        database = self._torture.directory / ".floe" / "catalog.db"
        while not database.exists() and not self._stop.wait(0.01):
            continue
        try:
            # Not read-only: who looks first after a kill undoes what the dead process had begun to write.
            with closing(sqlite3.connect(f"file:{database}?mode=rw", uri=True, timeout=30)) as connection:
                self._look(connection, number)
        except Exception as error:  # noqa: BLE001 - told by the test that started the reader
            self.problems.append(error)

    def _look(self, connection: sqlite3.Connection, number: int) -> None:
        while not self._stop.wait(0.002):
            seen = published_runs(connection)
            self._looks[number] += 1
            if len(seen) > 1:
                self.mixed.append(seen)


def published_runs(connection: sqlite3.Connection) -> set[str]:
    """Run ids of the tables' current snapshots, as one look at the catalog finds them.

    Without the incremental table: a rerun that adds no row to it makes no snapshot of it.
    """
    try:
        found = connection.execute(LOCATIONS).fetchall()
    except sqlite3.OperationalError as error:
        if "no such table" not in str(error):
            raise
        return set()
    return {_current_run(location.removeprefix("file://")) for (location,) in found}


@pytest.fixture(scope="session")
def compiled(warm: Warm, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("torture") / "project"
    for name, text in FILES.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_dedented(text))
    torture = Torture(warm, directory)
    torture.next_generation()
    compiled = torture.floe("compile")
    assert compiled.returncode == 0, compiled.stderr
    return directory


@pytest.fixture(scope="session")
def project_in(warm: Warm) -> Callable[..., Torture]:
    """A folder as a project to be tortured, for tests that make it themselves."""
    return partial(Torture, warm)


@pytest.fixture
def torture(compiled: Path, warm: Warm, tmp_path: Path) -> Iterator[Torture]:
    """A compiled project of its own, that nothing has run in."""
    directory = tmp_path / "project"
    shutil.copytree(compiled, directory, symlinks=True)
    return Torture(warm, directory)


@pytest.fixture(scope="session")
def warm() -> Iterator[Warm]:
    """The process of which those that are killed often are forked."""
    with Warm() as warm:
        yield warm


@pytest.fixture(scope="session")
def kills() -> int:
    """How many random kills: few in the usual tests, `FLOE_TORTURE_KILLS` for the long version."""
    return int(os.environ.get("FLOE_TORTURE_KILLS", "4"))


@pytest.fixture
def reader(torture: Torture) -> Iterator[Reader]:
    with Reader(torture) as reader:
        yield reader
    assert reader.problems == []
    assert reader.mixed == []
