"""The floor: the statements and tests of an artifact, sent to DuckDB by the shortest program, and one commit.

It writes each table to a Parquet file, syncs the files to the disk as any publish must, and names them all in one
transaction of SQLite. Usage: raw_duckdb.py PROJECT FOLDER
"""

from __future__ import annotations

import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import floor

if TYPE_CHECKING:
    import duckdb


def main(project: Path, folder: Path) -> None:
    files, passed = floor.run(project, folder, _build)
    floor.sync((*files, folder))
    with closing(sqlite3.connect(folder / "catalog.db")) as catalog, catalog:
        catalog.execute("create table tables (name text primary key, file text)")
        catalog.executemany("insert into tables values (?, ?)", [(file.stem, str(file)) for file in files])
    print(f"{passed} tests passed")


def _build(connection: duckdb.DuckDBPyConnection, relation: str, asset: dict, folder: Path) -> Path | None:
    if asset["materialization"] == "view":
        connection.execute(f"create view {relation} as {asset['query']['sql']}")
        return None
    file = folder / f"{asset['name']}.parquet"
    connection.execute(f"create table {relation} as {asset['query']['sql']}")
    connection.execute(f"copy {relation} to '{file}' (format parquet)")
    return file


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve())
