"""The floor for large data: DuckDB writes an artifact's tables straight to Parquet, and runs the tests on the files.

With less memory than raw_duckdb.py, which has each table in memory first. Usage: raw_parquet.py PROJECT FOLDER
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import floor

if TYPE_CHECKING:
    import duckdb


def main(project: Path, folder: Path) -> None:
    files, passed = floor.run(project, folder, _build)
    floor.sync((*files, folder))
    print(f"{passed} tests passed")


def _build(connection: duckdb.DuckDBPyConnection, relation: str, asset: dict, folder: Path) -> Path | None:
    query, file = asset["query"]["sql"], None
    if asset["materialization"] != "view":
        file = folder / f"{asset['name']}.parquet"
        connection.execute(f"copy ({query}) to '{file}' (format parquet, compression zstd)")
        query = f"select * from '{file}'"
    connection.execute(f"create view {relation} as {query}")
    return file


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve())
