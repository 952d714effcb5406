"""One piece of work on a table, in a process of its own: `lake_work.py WHAT WHO FOLDER [ROWS INCREMENT]`.

Prints the seconds of the work itself, by the clock and of the processor: from the query to the commit, with the imports
and the opening of databases and catalogs before it. `benchmarks/lake.py` runs this. With `FLOE_BENCH_SECONDS` in the
environment the process ends itself by SIGALRM after so many seconds.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import duckdb

    from floe.artifact.models import Asset

BASE = "select range as id, (hash(range) % 1000)::bigint as value, 'name of ' || range as name from range({rows})"
INCREMENT = """
    select case when range % 20 = 0 then range // 20 * greatest({rows} // ({increment} // 20), 1)
        else {rows} + range end as id, range % 7 as value, 'new name of ' || range as name from range({increment})
"""
"""Five in a hundred keys are in the table, spread over all of it."""


Spent = dict[str, float]
"""`seconds` by the clock, and `processor`: of all cores."""


def now() -> tuple[float, float]:
    """When some work begins, for `since`."""
    return time.perf_counter(), time.process_time()


def since(started: tuple[float, float]) -> Spent:
    """What the work has taken."""
    return {"seconds": time.perf_counter() - started[0], "processor": time.process_time() - started[1]}


class Floe:
    """A session on a local catalog, as a run opens it."""

    def __init__(self, folder: Path) -> None:
        from floe.artifact.models import CompiledArtifacts
        from floe.artifact.settings import (
            CatalogBinding,
            ComputeBinding,
            Layer,
            PlatformChoice,
            Project,
            StorageBinding,
        )

        self.folder = folder
        self._settings: dict[str, Any] = {
            "floe_version": "0",
            "project": Project(name="bench", version="1.0.0"),
            "platform": PlatformChoice(environment="local", source="built-in", reason="benchmark"),
            "storage": {"default": StorageBinding(path=".floe/warehouse")},
            "catalogs": {"default": CatalogBinding(uri="sqlite:///.floe/catalog.db", warehouse="floe")},
            "compute": ComputeBinding(properties={"threads": os.cpu_count() or 2}),
            "layers": {"gold": Layer(namespace="gold", storage="default", catalog="default")},
        }
        self._artifacts = CompiledArtifacts

    def build(self, asset: Asset) -> Spent:
        """Build and publish one asset; return what that took."""
        from floe.engines.base import SessionRequest
        from floe.engines.duckdb.session import open_session
        from floe.lake.open import open_catalogs
        from floe.lake.publish import publish
        from floe.lake.snapshots import prepare  # noqa: F401 - the import, which a run does beside its queries

        artifacts = self._artifacts(**self._settings, assets={asset.key: asset})
        catalogs = open_catalogs(artifacts, self.folder)
        session = open_session(SessionRequest(artifacts, self.folder, f"run{time.time_ns()}", catalogs, 2))
        started = now()
        outcome = session.build(asset, full_refresh=False)
        if outcome.staged is not None:
            publish([(catalogs["default"], outcome.staged)], "run", "digest", lambda _: None)
        spent = since(started)
        session.close()
        return spent


def model(sql: str, increment: str | None = None) -> Asset:
    """A table `gold.t`; with an increment, one that merges by `id`."""
    from floe.artifact.models import Asset, Incremental, Query, Relation

    return Asset(
        key="gold.t",
        name="t",
        layer="gold",
        kind="model",
        materialization="table" if increment is None else "incremental",
        relation=Relation(schema_name="gold", identifier="t"),
        query=Query(sql=sql, increment=increment, rendered_path="t.sql"),
        incremental=None if increment is None else Incremental(strategy="merge", unique_key=("id",)),
    )


def pyiceberg_table(folder: Path, schema: Any = None) -> Any:  # noqa: ANN401 - PyIceberg's table
    """The table `gold.t` of a catalog beside Floe's; made from an Arrow schema."""
    from pyiceberg.catalog.sql import SqlCatalog

    folder.mkdir(parents=True, exist_ok=True)
    catalog = SqlCatalog("floe", uri=f"sqlite:///{folder}/theirs.db", warehouse=str(folder / "theirs"))
    if schema is None:
        return catalog.load_table("gold.t")
    catalog.create_namespace_if_not_exists("gold")
    return catalog.create_table_if_not_exists("gold.t", schema)


def write(who: str, folder: Path, query: str) -> Spent:
    """Write the query's rows as the table's only ones; a table that is there already loses its own."""
    import duckdb

    if who == "floe":
        return Floe(folder).build(model(query))
    folder.mkdir(parents=True, exist_ok=True)
    connection = duckdb.connect()
    if who == "pyiceberg":
        return overwrite(folder, connection, query)
    options = "FORMAT parquet" + (", COMPRESSION zstd" if who == "zstd" else "")
    started = now()
    connection.execute(f"COPY ({query}) TO '{folder}/t.parquet' ({options})")
    descriptor = os.open(folder / "t.parquet", os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)
    return since(started)


def overwrite(folder: Path, connection: duckdb.DuckDBPyConnection, query: str) -> Spent:
    """Overwrite PyIceberg's table with the Arrow table of the query; the first time it is made."""
    known = (folder / "theirs.db").exists()
    schema = None if known else connection.sql(query).limit(0).to_arrow_table().schema
    table = pyiceberg_table(folder, schema)
    put = table.overwrite if known else table.append
    started = now()
    put(connection.sql(query).to_arrow_table())
    return since(started)


def prepare_merge(who: str, folder: Path, rows: int) -> Spent:
    """Write the table that the merge changes."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    query = BASE.format(rows=rows)
    if who == "floe":
        return Floe(folder).build(model(query))
    import duckdb

    rows_ = duckdb.sql(query).to_arrow_table()
    pyiceberg_table(folder, rows_.schema).append(rows_)
    return since(now())


def merge(who: str, folder: Path, rows: int, increment: int) -> Spent:
    """Merge the increment by `id`."""
    query = INCREMENT.format(rows=rows, increment=increment)
    if who == "floe":
        return Floe(folder).build(model(BASE.format(rows=rows), query))
    import duckdb

    table = pyiceberg_table(folder)
    started = now()
    table.upsert(duckdb.sql(query).to_arrow_table(), join_cols=["id"])
    return since(started)


def main() -> None:
    """Do what the command line says, and print the figures as JSON."""
    signal.alarm(int(os.environ.get("FLOE_BENCH_SECONDS", "0")))
    what, who, folder, *rest = sys.argv[1:]
    if what == "write":
        print(json.dumps(write(who, Path(folder), *rest)))
        return
    rows = [int(number) for number in rest]
    works = {"prepare": prepare_merge, "merge": merge}
    print(json.dumps(works[what](who, Path(folder), *rows)))


if __name__ == "__main__":
    main()
