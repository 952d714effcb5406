"""The floor for large data: DuckDB writes an artifact's tables straight to Parquet, and runs the tests on the files.

With less memory than raw_duckdb.py, which has each table in memory first. Usage: raw_parquet.py PROJECT FOLDER
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import duckdb


def main(project: Path, folder: Path) -> None:
    artifact = json.loads((project / ".floe" / "artifacts.json").read_bytes())
    assets = artifact["assets"]
    order = TopologicalSorter({key: asset.get("depends_on", []) for key, asset in assets.items()}).static_order()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    os.chdir(project / "dbt")
    connection = duckdb.connect()
    connection.execute("attach ':memory:' as floe; use floe")
    for key in order:
        _build(connection, assets[key], folder)
    passed = 0
    for test in artifact["tests"].values():
        ((failures,),) = connection.execute(f"select count(*) from ({test['sql']})").fetchall()
        passed += failures == 0
    for path in (*folder.iterdir(), folder):
        descriptor = os.open(path, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)
    print(f"{passed} tests passed")


def _build(connection: duckdb.DuckDBPyConnection, asset: dict, folder: Path) -> None:
    relation = f'"{asset["relation"]["schema_name"]}"."{asset["relation"]["identifier"]}"'
    query = asset["query"]["sql"]
    if asset["materialization"] != "view":
        file = folder / f"{asset['name']}.parquet"
        connection.execute(f"copy ({query}) to '{file}' (format parquet, compression zstd)")
        query = f"select * from '{file}'"
    connection.execute(f"create view {relation} as {query}")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve())
