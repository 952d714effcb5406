"""Builds one project twice, with dbt on dbt-duckdb and with Floe, and compares what came of it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import yaml

from floe.artifact.codec import load

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa
    from pyiceberg.catalog.sql import SqlCatalog
    from pyiceberg.table import Table

    from floe.artifact.models import Asset, CompiledArtifacts

REPOSITORY = Path(__file__).parents[2]
READERS = {".csv": "read_csv", ".json": "read_json", ".parquet": "read_parquet"}
STORED_TYPES = {
    "TINYINT": "INTEGER",
    "SMALLINT": "INTEGER",
    "UTINYINT": "INTEGER",
    "USMALLINT": "INTEGER",
    "UINTEGER": "BIGINT",
    "UBIGINT": "DECIMAL(20,0)",
    "HUGEINT": "DECIMAL(38,0)",
    "JSON": "VARCHAR",
    "TIMESTAMP_S": "TIMESTAMP",
    "TIMESTAMP_MS": "TIMESTAMP",
    "TIMESTAMP_NS": "TIMESTAMP",
}
"""What Iceberg has no type for, and the type it is kept as. Everything else is kept as it is."""


def stored_type(engine_type: str) -> str:
    """The type of a published column whose type in dbt-duckdb's table is `engine_type`."""
    return "VARCHAR" if engine_type.startswith("ENUM(") else STORED_TYPES.get(engine_type, engine_type)


def quoted(name: str) -> str:
    """An SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: object) -> str:
    """An SQL literal of an option in YAML."""
    return str(value) if isinstance(value, bool | int) else "'" + str(value).replace("'", "''") + "'"


@dataclass(frozen=True)
class Outcome:
    """What a build said: its exit code and, by dbt's unique id, status and failing rows of each node and test."""

    exit_code: int
    statuses: Mapping[str, str]
    failures: Mapping[str, int | None]
    output: str = field(repr=False)


@dataclass(frozen=True)
class Twins:
    """A project with its dbt half (a DuckDB file, filled by `dbt build`) and its Floe half (`.floe/`)."""

    project: Path
    work: Path

    @classmethod
    def of(cls, source: Path, folder: Path) -> Twins:
        """Copy the project of `source`, without anything built, so that both can build it."""
        project = folder / source.name
        shutil.copytree(source, project, ignore=shutil.ignore_patterns(".floe", "target", "logs", "__pycache__"))
        twins = cls(project, folder / "dbt-half")
        twins.work.mkdir()
        profile = yaml.safe_load((project / "dbt" / "dbt_project.yml").read_text("utf-8"))["profile"]
        output = {"type": "duckdb", "path": str(twins.database), "schema": "main", "threads": 2}
        (twins.work / "profiles.yml").write_text(
            yaml.safe_dump({profile: {"target": "dev", "outputs": {"dev": output}}}), "utf-8"
        )
        return twins

    @property
    def database(self) -> Path:
        """The file of the dbt half; its name makes the database's name the one Floe renders with."""
        return self.work / "floe.duckdb"

    @property
    def settings(self) -> Mapping[str, Any]:
        """`floe.yaml`, read plainly."""
        return dict(yaml.safe_load((self.project / "floe.yaml").read_text("utf-8")))

    @property
    def artifacts(self) -> CompiledArtifacts:
        """The compiled artifact."""
        return load(self.project / ".floe" / "artifacts.json")

    @property
    def catalog(self) -> SqlCatalog:
        """The project's catalog, opened by plain PyIceberg."""
        from pyiceberg.catalog.sql import SqlCatalog

        state = self.project / ".floe"
        return SqlCatalog("floe", uri=f"sqlite:///{state / 'catalog.db'}", warehouse=str(state / "warehouse"))

    def table(self, name: str) -> Table:
        """A published table, opened by plain PyIceberg."""
        catalog = self.catalog
        table = catalog.load_table(name)
        catalog.close()
        return table

    def rows(self, name: str) -> pa.Table:
        """All rows of a published table, read by plain PyIceberg."""
        return self.table(name).scan().to_arrow()

    def floe(self, *arguments: str, environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """Run a `floe` command in the project folder."""
        return _run([sys.executable, "-m", "floe.cli", *arguments], self.project, environment)

    def show(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of `floe show --sql`."""
        shown = self.floe("show", "--json", "--limit", "1000", "--sql", sql)
        assert shown.returncode == 0, shown.stderr
        return [tuple(row) for row in json.loads(shown.stdout)["rows"]]

    def floe_run(self, *arguments: str) -> Outcome:
        """`floe run`, with its statuses translated to dbt's unique ids."""
        result = self.floe("run", "--json", *arguments)
        assert result.stdout, result.stderr
        report = json.loads(result.stdout)
        assets = self.artifacts.assets
        statuses = {assets[node["asset"]].unique_id or node["asset"]: node["status"] for node in report["nodes"]}
        tests = {test["test"]: test for test in report["tests"]}
        return Outcome(
            result.returncode,
            statuses | {name: test["status"] for name, test in tests.items()},
            {name: test["failures"] for name, test in tests.items()},
            result.stdout + result.stderr,
        )

    def dbt_build(self, *arguments: str) -> Outcome:
        """`dbt build` on the DuckDB file, which gets Floe's sources and Python assets first, as they are now."""
        self._load_sources()
        self._load_python_assets()
        folders = {"project-dir": self.project / "dbt", "profiles-dir": self.work}
        folders |= {"target-path": self.work / "target", "log-path": self.work / "logs"}
        options = [part for name, folder in folders.items() for part in (f"--{name}", str(folder))]
        variables = next((t.get("vars") for t in self.settings["transforms"] if t["type"] == "dbt"), None)
        options += ["--vars", json.dumps(variables)] if variables else []
        command = [str(Path(sys.executable).with_name("dbt")), "--no-use-colors", "build", *options, *arguments]
        result = _run(command, self.project, {"DBT_SEND_ANONYMOUS_USAGE_STATS": "false"})
        report_path = self.work / "target" / "run_results.json"
        assert result.returncode in (0, 1), result.stdout + result.stderr
        report = json.loads(report_path.read_text("utf-8"))["results"]
        return Outcome(
            result.returncode,
            {node["unique_id"]: node["status"] for node in report},
            {node["unique_id"]: node["failures"] for node in report if node["unique_id"].startswith("test.")},
            result.stdout + result.stderr,
        )

    def dbt_rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of a query on the dbt half."""
        with duckdb.connect(str(self.database), read_only=True) as connection:
            return connection.execute(sql).fetchall()

    def _load_sources(self) -> None:
        with duckdb.connect(str(self.database)) as connection:
            for name, source in self.settings.get("sources", {}).items():
                options = "".join(f", {key}={literal(value)}" for key, value in source.get("options", {}).items())
                files = literal(str(self.project / source["files"]))
                reader = READERS[Path(source["files"]).suffix]
                connection.execute(f"CREATE SCHEMA IF NOT EXISTS {quoted(source['layer'])}")
                connection.execute(
                    f"CREATE OR REPLACE TABLE {quoted(source['layer'])}.{quoted(name)} AS"
                    f" FROM {reader}({files}{options})"
                )

    def _load_python_assets(self) -> None:
        with duckdb.connect(str(self.database)) as connection:
            for key, asset in self.artifacts.assets.items():
                if asset.kind == "python":
                    published = self.rows(key)
                    connection.register("published", published)
                    relation = asset.relation
                    schema = quoted(relation.schema_name)
                    connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
                    connection.execute(
                        f"CREATE OR REPLACE TABLE {schema}.{quoted(relation.identifier)} AS FROM published"
                    )
                    connection.unregister("published")

    def published_assets(self) -> dict[str, Asset]:
        """Assets that become tables, by key."""
        return {key: asset for key, asset in self.artifacts.assets.items() if asset.publishes}

    def differences(self, key: str) -> list[str]:
        """How the published table differs from dbt's, in words; nothing when columns, types and rows are equal.

        A dbt snapshot takes times from the clock: they are compared as "a time of today", and the hashes made of
        them (`dbt_scd_id` of the check strategy) not at all.
        """
        asset = self.artifacts.assets[key]
        relation = f"dbt.{quoted(asset.relation.schema_name)}.{quoted(asset.relation.identifier)}"
        with duckdb.connect() as connection:
            connection.execute(f"ATTACH {literal(str(self.database))} AS dbt (READ_ONLY)")
            connection.register("published", self.rows(key))
            return [f"{key}: {difference}" for difference in _differences(connection, relation, _comparison(asset))]

    def all_differences(self) -> list[str]:
        """How the published tables differ from dbt's, and the views' rows from those of dbt's views."""
        tables = [difference for key in self.published_assets() for difference in self.differences(key)]
        return tables + self._view_differences()

    def _view_differences(self) -> list[str]:
        views = {key: asset.relation for key, asset in self.artifacts.assets.items() if asset.materialization == "view"}
        fingerprint = "SELECT '{}', count(*), CAST(sum(hash(viewed)) AS VARCHAR) FROM {} AS viewed"
        ours = self.show(" UNION ALL ".join(fingerprint.format(key, key) for key in views))
        theirs = self.dbt_rows(
            " UNION ALL ".join(
                fingerprint.format(key, f"{relation.schema_name}.{relation.identifier}")
                for key, relation in views.items()
            )
        )
        pairs = zip(sorted(ours), sorted(theirs), strict=True)
        return [f"view {one}, expected {other}" for one, other in pairs if one != other]


def _comparison(asset: Asset) -> Mapping[str, str]:
    """How to compare the columns of a dbt snapshot that depend on the clock: an SQL expression, or nothing."""
    snapshot = asset.dbt_snapshot
    if snapshot is None:
        return {}
    names = snapshot.column_names
    from_clock = "CASE WHEN abs(epoch({0}) - epoch(now())) < 86400 THEN 'today' ELSE CAST({0} AS VARCHAR) END"
    clock = {names[role]: from_clock for role in ("dbt_valid_from", "dbt_valid_to", "dbt_updated_at")}
    hashed_clock = snapshot.strategy == "check" and not snapshot.updated_at
    return clock | ({names["dbt_scd_id"]: "NULL"} if hashed_clock else {})


def _differences(connection: duckdb.DuckDBPyConnection, relation: str, comparison: Mapping[str, str]) -> list[str]:
    theirs = _columns(connection, relation)
    ours = _columns(connection, "published")
    expected = [(name, stored_type(kind)) for name, kind in theirs]
    if ours != expected:
        return [f"columns are {ours}, expected {expected}"]
    same = {name: comparison.get(name, "{0}").format(quoted(name)) for name, _ in ours}
    casts = ", ".join(f"CAST({quoted(name)} AS {kind}) AS {quoted(name)}" for name, kind in ours)
    expected_rows = f"SELECT {', '.join(same.values())} FROM (SELECT {casts} FROM {relation})"
    published_rows = f"SELECT {', '.join(same.values())} FROM published"
    missing = connection.execute(f"{expected_rows} EXCEPT ALL {published_rows}").fetchall()
    surplus = connection.execute(f"{published_rows} EXCEPT ALL {expected_rows}").fetchall()
    found = [f"{len(missing)} rows of dbt are missing, e.g. {missing[0]}"] if missing else []
    return found + ([f"{len(surplus)} rows are not in dbt's table, e.g. {surplus[0]}"] if surplus else [])


def _columns(connection: duckdb.DuckDBPyConnection, relation: str) -> list[tuple[str, str]]:
    return [(row[0], row[1]) for row in connection.execute(f"DESCRIBE FROM {relation}").fetchall()]


def _run(
    command: Sequence[str], folder: Path, environment: Mapping[str, str] | None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "NO_COLOR": "1", **(environment or {})},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=300,
    )
