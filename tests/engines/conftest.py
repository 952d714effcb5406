"""A project built by hand: real DuckDB, real SQLite catalog, real files; each run opens a session and publishes."""

from __future__ import annotations

import itertools
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from floe.artifact.models import (
    Asset,
    CompiledArtifacts,
    DbtSnapshot,
    Incremental,
    PythonFunction,
    Query,
    Relation,
    Seed,
    SourceFiles,
    Test,
)
from floe.artifact.settings import CatalogBinding, ComputeBinding, Layer, PlatformChoice, Project, StorageBinding
from floe.engines.base import SessionRequest
from floe.engines.duckdb.session import open_session
from floe.lake.base import TableName
from floe.lake.open import open_catalogs
from floe.lake.publish import publish
from floe.lake.read import live_files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    import pyarrow as pa

    from floe.engines.base import BuildOutcome, Session, TestOutcome
    from floe.lake.base import PublishedTable, StoredFile, TableState

META = {name: name for name in ("dbt_valid_from", "dbt_valid_to", "dbt_scd_id", "dbt_updated_at", "dbt_is_deleted")}


@dataclass
class Lakehouse:
    """A project folder, its assets, and what tests do with them."""

    directory: Path
    assets: dict[str, Asset] = field(default_factory=dict)
    tests: dict[str, Test] = field(default_factory=dict)
    compute: dict[str, Any] = field(default_factory=dict)
    search_path: tuple[str, ...] = (".",)
    _runs: Any = field(default_factory=lambda: itertools.count(1))

    @property
    def artifacts(self) -> CompiledArtifacts:
        layers = ("bronze", "silver", "gold", "main")
        return CompiledArtifacts(
            floe_version="0",
            project=Project(name="shop", version="1.0.0"),
            platform=PlatformChoice(environment="local", source="built-in", reason="none given"),
            storage={"default": StorageBinding(path=".floe/warehouse")},
            catalogs={"default": CatalogBinding(uri="sqlite:///.floe/catalog.db", warehouse="floe")},
            compute=ComputeBinding(properties=self.compute),
            layers={name: Layer(namespace=name, storage="default", catalog="default") for name in layers},
            search_path=self.search_path,
            assets=self.assets,
            tests=self.tests,
        )

    def write(self, path: str, text: str) -> Path:
        file = self.directory / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return file

    def add(self, key: str, **details: object) -> Asset:
        layer, _, name = key.partition(".")
        details = {"kind": "model", "materialization": "table", **details}
        relation = Relation(schema_name=layer, identifier=name)
        self.assets[key] = Asset(key=key, name=name, layer=layer, relation=relation, **details)
        return self.assets[key]

    def model(self, key: str, sql: str, materialization: str = "table", **details: object) -> Asset:
        query = Query(sql=sql, rendered_path=f".floe/rendered/{key.replace('.', '/')}.sql")
        return self.add(key, materialization=materialization, query=query, **details)

    def incremental(self, key: str, sql: str, increment: str, strategy: str, *unique_key: str, **how: object) -> Asset:
        query = Query(sql=sql, increment=increment, rendered_path=f".floe/rendered/{key.replace('.', '/')}.sql")
        incremental = Incremental(strategy=strategy, unique_key=unique_key, **how)
        return self.add(key, materialization="incremental", query=query, incremental=incremental)

    def snapshot(self, key: str, sql: str, strategy: str, *unique_key: str, **how: object) -> Asset:
        query = Query(sql=sql, rendered_path=f".floe/rendered/{key.replace('.', '/')}.sql")
        names = {**META, **how.pop("column_names", {})}
        snapshot = DbtSnapshot(strategy=strategy, unique_key=unique_key, column_names=names, **how)
        return self.add(key, kind="dbt_snapshot", query=query, dbt_snapshot=snapshot)

    def source(self, key: str, *files: str, format: str = "csv", **details: object) -> Asset:  # noqa: A002
        return self.add(key, kind="source", source=SourceFiles(files=files, format=format, **details))

    def seed(self, key: str, file: str, columns: Sequence[tuple[str, str]], delimiter: str = ",") -> Asset:
        seed = Seed(file=file, sha256="", delimiter=delimiter, columns=tuple(columns))
        return self.add(key, kind="seed", seed=seed)

    def python(self, key: str, file: str, function: str, **parameters: str) -> Asset:
        python = PythonFunction(file=file, function=function, parameters=parameters)
        return self.add(key, kind="python", python=python)

    def test(self, name: str, sql: str, **details: object) -> Test:
        test = Test(
            id=f"test.shop.{name}",
            name=name,
            kind="generic",
            sql=sql,
            rendered_path=f".floe/rendered/tests/{name}.sql",
            **details,
        )
        self.tests[test.id] = test
        return test

    @contextmanager
    def session(self, nodes: frozenset[str] = frozenset()) -> Iterator[Session]:
        artifacts = self.artifacts
        catalogs = open_catalogs(artifacts, self.directory)
        request = SessionRequest(artifacts, self.directory, f"run{next(self._runs)}", catalogs, 2, nodes)
        session = open_session(request)
        try:
            yield session
        finally:
            session.close()

    def build(self, *keys: str, full_refresh: bool = False) -> dict[str, BuildOutcome]:
        """Build the assets (all if none are named) in order, attach nothing, publish what they staged."""
        with self.session() as session:
            outcomes = {key: session.build(self.assets[key], full_refresh=full_refresh) for key in keys or self.assets}
        self.publish([outcome.staged for outcome in outcomes.values() if outcome.staged is not None])
        return outcomes

    def run_test(self, test: Test, *keys: str) -> TestOutcome:
        """Build the assets and run the test on them in one session; nothing is published."""
        with self.session() as session:
            for key in keys:
                session.build(self.assets[key], full_refresh=False)
            return session.test(test)

    def publish(self, staged: Sequence[Any]) -> tuple[PublishedTable, ...]:
        catalog = open_catalogs(self.artifacts, self.directory)["default"]
        return publish([(catalog, table) for table in staged], "run", "digest", lambda _: None)

    def state(self, table: str) -> TableState:
        namespace, _, name = table.rpartition(".")
        catalog = open_catalogs(self.artifacts, self.directory)["default"]
        return catalog.load(TableName(namespace, name), "")

    def files(self, table: str) -> tuple[StoredFile, ...]:
        return live_files(self.state(table))

    def published(self, table: str, order: str = "all") -> list[tuple[Any, ...]]:
        """The published rows, as PyIceberg reads them."""
        arrow = self.iceberg(table)
        with duckdb.connect() as connection:
            connection.register("arrow", arrow)
            return connection.execute(f"SELECT * FROM arrow ORDER BY {order}").fetchall()

    def iceberg(self, table: str, snapshot_id: int | None = None) -> pa.Table:
        """The table as Arrow, read by plain PyIceberg."""
        from pyiceberg.catalog.sql import SqlCatalog

        catalog = SqlCatalog(
            "floe",
            uri=f"sqlite:///{self.directory}/.floe/catalog.db",
            warehouse=str(self.directory / ".floe/warehouse"),
        )
        try:
            return catalog.load_table(table).scan(snapshot_id=snapshot_id).to_arrow()
        finally:
            catalog.close()

    def seen(self, key: str, *builds: str, order: str = "all") -> list[tuple[Any, ...]]:
        """The rows that the session shows for an asset after the builds (all assets if none are named)."""
        with self.session() as session:
            for name in builds or self.assets:
                session.build(self.assets[name], full_refresh=False)
            return rows(session, key, order)


def rows(session: Session, key: str, order: str = "all") -> list[tuple[Any, ...]]:
    schema, _, name = key.partition(".")
    return session._workspace.execute(f'SELECT * FROM floe."{schema}"."{name}" ORDER BY {order}').fetchall()


def types(session: Session, key: str) -> dict[str, str]:
    schema, _, name = key.partition(".")
    return {row[0]: row[1] for row in session._workspace.execute(f'DESCRIBE floe."{schema}"."{name}"').fetchall()}


@pytest.fixture
def lakehouse(tmp_path: Path) -> Lakehouse:
    return Lakehouse(tmp_path)


@pytest.fixture
def refused() -> Callable[[Any], str]:
    """Everything an error says, in one text."""
    return lambda error: "\n".join((error.reason, *error.details, error.instruction))
