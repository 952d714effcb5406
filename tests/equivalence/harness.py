"""Builds one project twice, with dbt on dbt-duckdb and with Floe, and compares what came of it."""

from __future__ import annotations

import json
import re
import shutil
from contextlib import closing
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import yaml

from floe.artifact.codec import decode

from .programs import Programs, shared_workers

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Mapping

    import pyarrow as pa
    from pyiceberg.catalog.sql import SqlCatalog
    from pyiceberg.table import Table

    from floe.artifact.models import Asset, CompiledArtifacts, Relation

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


NOT_STORED = re.compile(rf"ENUM\([^)]*\)|\[\d+\]|\"NULL\"|\b(?:{'|'.join(STORED_TYPES)})\b")


def stored_type(engine_type: str) -> str:
    """The type of a published column, or of what is nested in it, whose type in dbt's table is `engine_type`."""
    kept = {"E": "VARCHAR", "[": "[]", '"': "INTEGER"}
    return NOT_STORED.sub(lambda found: STORED_TYPES.get(found[0]) or kept[found[0][0]], engine_type)


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
    programs: Programs = field(default_factory=shared_workers)

    @classmethod
    def of(cls, source: Path, folder: Path) -> Twins:
        """Copy the project of `source`, without anything built, so that both can build it."""
        project = folder / source.name
        shutil.copytree(source, project, ignore=shutil.ignore_patterns(".floe", "target", "logs", "__pycache__"))
        return cls.at(project, folder / "dbt-half", shared_workers())

    @classmethod
    def at(cls, project: Path, work: Path, programs: Programs) -> Twins:
        """The project of a folder; its dbt half goes to `work`."""
        twins = cls(project, work, programs)
        work.mkdir()
        profile = yaml.safe_load((twins.dbt_folder / "dbt_project.yml").read_text("utf-8"))["profile"]
        output = {"type": "duckdb", "path": str(twins.database), "schema": "main", "threads": 2}
        (twins.work / "profiles.yml").write_text(
            yaml.safe_dump({profile: {"target": "dev", "outputs": {"dev": output}}}), "utf-8"
        )
        return twins

    @property
    def dbt_folder(self) -> Path:
        """The dbt project: a folder of its own, or the one that holds floe.yaml."""
        return self.project / "dbt" if (self.project / "dbt").is_dir() else self.project

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
        return _loaded((self.project / ".floe" / "artifacts.json").read_bytes())

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
        return self.programs.run("floe", arguments, self.project, environment or {})

    def show(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of `floe show --sql`."""
        shown = self.floe("show", "--json", "--limit", "1000", "--sql", sql)
        assert shown.returncode == 0, shown.stderr
        return [tuple(row) for row in json.loads(shown.stdout)["rows"]]

    def floe_run(self, *arguments: str, environment: Mapping[str, str] | None = None) -> Outcome:
        """`floe run`, with its statuses translated to dbt's unique ids."""
        result = self.floe("run", "--json", *arguments, environment=environment)
        assert result.stdout, result.stderr
        report = json.loads(result.stdout)
        assets = self.artifacts.assets
        statuses = {assets[node["asset"]].unique_id or node["asset"]: node["status"] for node in report["nodes"]}
        tests = {test["test"]: test for test in report["tests"]}
        return Outcome(
            result.returncode,
            statuses
            | {name: test["status"] for name, test in tests.items()}
            | {hook["hook"]: hook["status"] for hook in report["hooks"]},
            {name: test["failures"] for name, test in tests.items()},
            result.stdout + result.stderr,
        )

    def dbt(self, *arguments: str, environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """Run a command of dbt's in the project folder, which is not the dbt project's."""
        command, *rest = arguments
        folders = {"project-dir": self.dbt_folder, "profiles-dir": self.work, "log-path": self.work / "logs"}
        folders |= {"target-path": self.work / "target"} if command != "deps" else {}
        options = [part for name, folder in folders.items() for part in (f"--{name}", str(folder))]
        variables = next((t.get("vars") for t in self.settings["transforms"] if t["type"] == "dbt"), None)
        options += ["--vars", json.dumps(variables)] if variables else []
        quiet = {"DBT_SEND_ANONYMOUS_USAGE_STATS": "false", **(environment or {})}
        common = ("--no-use-colors", "--log-level", "error", "--log-level-file", "none")
        return self.programs.run("dbt", [*common, command, *options, *rest], self.project, quiet)

    def dbt_build(self, *arguments: str, environment: Mapping[str, str] | None = None) -> Outcome:
        """`dbt build` on the DuckDB file, which gets Floe's sources and Python assets first, as they are now."""
        self._load_sources()
        self._load_python_assets()
        result = self.dbt("build", "--no-write-json", *arguments, environment=environment)
        report_path = self.work / "target" / "run_results.json"
        assert result.returncode in (0, 1), result.stdout + result.stderr
        results = json.loads(report_path.read_text("utf-8"))["results"]
        # Exposures and saved queries are there in name only.
        report = [node for node in results if not node["unique_id"].startswith(("exposure.", "saved_query."))]
        return Outcome(
            result.returncode,
            {node["unique_id"]: node["status"] for node in report},
            {node["unique_id"]: node["failures"] for node in report if "test." in node["unique_id"]},
            result.stdout + result.stderr,
        )

    def dbt_rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of a query on the dbt half."""
        settings = {"file_search_path": str(self.project)}
        with duckdb.connect(str(self.database), read_only=True, config=settings) as connection:
            return connection.execute(sql).fetchall()

    def _load_sources(self) -> None:
        sources = self.settings.get("sources")
        if not sources:
            return
        with duckdb.connect(str(self.database)) as connection:
            for name, source in sources.items():
                options = "".join(f", {key}={literal(value)}" for key, value in source.get("options", {}).items())
                files = literal(str(self.project / source["files"]))
                reader = READERS[Path(source["files"]).suffix]
                connection.execute(f"CREATE SCHEMA IF NOT EXISTS {quoted(source['layer'])}")
                connection.execute(
                    f"CREATE OR REPLACE TABLE {quoted(source['layer'])}.{quoted(name)} AS"
                    f" FROM {reader}({files}{options})"
                )

    def _load_python_assets(self) -> None:
        relations = {key: asset.relation for key, asset in self.artifacts.assets.items() if asset.kind == "python"}
        if not relations:
            return
        with duckdb.connect(str(self.database)) as connection:
            for key, relation in relations.items():
                connection.register("published", self.rows(key))
                connection.execute(f"CREATE SCHEMA IF NOT EXISTS {quoted(relation.schema_name)}")
                connection.execute(f"CREATE OR REPLACE TABLE {_sql_name(relation)} AS FROM published")
                connection.unregister("published")

    def published_assets(self) -> dict[str, Asset]:
        """Assets that become tables, by key."""
        return {key: asset for key, asset in self.artifacts.assets.items() if asset.publishes}

    def differences(self, *keys: str) -> list[str]:
        """How published tables differ from dbt's, in words; nothing when columns, types and rows are equal.

        A dbt snapshot takes times from the clock: they are compared as "a time of today", and the hashes made of
        them (`dbt_scd_id` of the check strategy) not at all.
        """
        assets, found = self.artifacts.assets, []
        with duckdb.connect() as connection, closing(self.catalog) as catalog:
            connection.execute(f"ATTACH {literal(str(self.database))} AS dbt (READ_ONLY)")
            for key in keys:
                relation = f"dbt.{_sql_name(assets[key].relation)}"
                connection.register("published", catalog.load_table(key).scan().to_arrow())
                found += [f"{key}: {said}" for said in _differences(connection, relation, _comparison(assets[key]))]
        return found

    def all_differences(self) -> list[str]:
        """How the published tables, and stored failures, differ from dbt's, and the views' rows from dbt's views."""
        return self.differences(*self.published_assets()) + self._failure_differences() + self._view_differences()

    def _failure_differences(self) -> list[str]:
        """How the failing rows that tests have stored differ."""
        stored = [test.failures_relation for test in self.artifacts.tests.values() if test.failures_relation]
        names = {f"{relation.schema_name}.{relation.identifier}" for relation in stored}
        there = [relation for relation in stored if self._dbt_has(relation)]
        found = [
            f"{name}: failing rows {ours}, expected {theirs}"
            for relation in there
            for name in [f"{relation.schema_name}.{relation.identifier}"]
            for ours in [sorted(repr(tuple(row.values())) for row in self.rows(name).to_pylist())]
            for theirs in [sorted(map(repr, self.dbt_rows(f"FROM {_sql_name(relation)}")))]
            if ours != theirs
        ]
        return found + ([f"dbt stored no failures of {names}"] if names and not there else [])

    def _dbt_has(self, relation: Relation) -> bool:
        found = self.dbt_rows(
            "SELECT count(*) FROM information_schema.tables"
            f" WHERE table_schema = {literal(relation.schema_name)} AND table_name = {literal(relation.identifier)}"
        )
        return bool(found[0][0])

    def _view_differences(self) -> list[str]:
        views = {key: asset.relation for key, asset in self.artifacts.assets.items() if asset.materialization == "view"}
        if not views:
            return []
        fingerprint = (
            "SELECT '{}', count(*), CAST(sum(hash(viewed)) AS VARCHAR), typeof(any_value(viewed)) FROM {} AS viewed"
        )
        ours = self.show(
            " UNION ALL ".join(
                fingerprint.format(key, ".".join(map(quoted, key.split(".", maxsplit=1)))) for key in views
            )
        )
        theirs = self.dbt_rows(
            " UNION ALL ".join(fingerprint.format(key, _sql_name(relation)) for key, relation in views.items())
        )
        pairs = zip(sorted(ours), sorted(theirs), strict=True)
        return [f"view {one}, expected {other}" for one, other in pairs if one != other]


@lru_cache(maxsize=1)
def _loaded(content: bytes) -> CompiledArtifacts:
    return decode(content, "artifacts.json")


def _sql_name(relation: Relation) -> str:
    return f"{quoted(relation.schema_name)}.{quoted(relation.identifier)}"


def _comparison(asset: Asset) -> Mapping[str, str]:
    """How to compare the columns of a dbt snapshot that depend on the clock: an SQL expression, or nothing."""
    snapshot = asset.dbt_snapshot
    if snapshot is None:
        return {}
    names = snapshot.column_names
    from_clock = "CASE WHEN abs(epoch({0}) - epoch(now())) < 86400 THEN 'today' ELSE CAST({0} AS VARCHAR) END"
    clock = {names[role]: from_clock for role in ("dbt_valid_from", "dbt_valid_to", "dbt_updated_at")}
    if snapshot.strategy == "check" and not snapshot.updated_at:
        return clock | {names["dbt_scd_id"]: "NULL"}
    if snapshot.hard_deletes == "new_record":
        # The record of a deletion is made at a moment, and its hash of that moment.
        return clock | {names["dbt_scd_id"]: f"CASE WHEN {quoted(names['dbt_is_deleted'])} = 'False' THEN {{0}} END"}
    return clock


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
