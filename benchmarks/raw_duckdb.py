"""The floor: the statements of an artifact, sent to DuckDB by the shortest program. Usage: raw_duckdb.py PROJECT"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from graphlib import TopologicalSorter
from pathlib import Path

import duckdb


def main(project: Path) -> None:
    artifact = json.loads((project / ".floe" / "artifacts.json").read_bytes())
    assets = artifact["assets"]
    order = TopologicalSorter({key: asset.get("depends_on", []) for key, asset in assets.items()}).static_order()
    os.chdir(project / "dbt")
    connection = duckdb.connect()
    connection.execute("attach ':memory:' as floe; use floe")
    with tempfile.TemporaryDirectory() as folder:
        for number, key in enumerate(order):
            _build(connection, assets[key], f"{folder}/{number}.parquet")
    for test in artifact["tests"].values():
        connection.execute(f"select count(*) from ({test['sql']})").fetchall()


def _build(connection: duckdb.DuckDBPyConnection, asset: dict, file: str) -> None:
    relation = f'"{asset["relation"]["schema_name"]}"."{asset["relation"]["identifier"]}"'
    if asset["materialization"] == "view":
        connection.execute(f"create view {relation} as {asset['query']['sql']}")
        return
    connection.execute(f"create table {relation} as {asset['query']['sql']}")
    connection.execute(f"copy {relation} to '{file}' (format parquet)")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
