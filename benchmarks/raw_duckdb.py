"""The floor: the statements and tests of an artifact, sent to DuckDB by the shortest program, and one commit.

It writes each table to a Parquet file, syncs the files to the disk as any publish must, and names them all in one
transaction of SQLite. Usage: raw_duckdb.py PROJECT FOLDER
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import sys
from contextlib import closing
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
    files = [file for key in order if (file := _build(connection, assets[key], folder))]
    passed = 0
    for test in artifact["tests"].values():
        ((failures,),) = connection.execute(f"select count(*) from ({test['sql']})").fetchall()
        passed += failures == 0
    _commit(files, folder)
    print(f"{passed} tests passed")


def _build(connection: duckdb.DuckDBPyConnection, asset: dict, folder: Path) -> Path | None:
    relation = f'"{asset["relation"]["schema_name"]}"."{asset["relation"]["identifier"]}"'
    if asset["materialization"] == "view":
        connection.execute(f"create view {relation} as {asset['query']['sql']}")
        return None
    file = folder / f"{asset['name']}.parquet"
    connection.execute(f"create table {relation} as {asset['query']['sql']}")
    connection.execute(f"copy {relation} to '{file}' (format parquet)")
    return file


def _commit(files: list[Path], folder: Path) -> None:
    for path in (*files, folder):
        descriptor = os.open(path, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)
    with closing(sqlite3.connect(folder / "catalog.db")) as catalog, catalog:
        catalog.execute("create table tables (name text primary key, file text)")
        catalog.executemany("insert into tables values (?, ?)", [(file.stem, str(file)) for file in files])


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve())
