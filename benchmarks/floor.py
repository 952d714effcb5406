"""What the programs that are the floor have in common: the artifact's statements and tests, sent to DuckDB in turn."""

from __future__ import annotations

import json
import os
import shutil
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING

import duckdb

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    Build = Callable[[duckdb.DuckDBPyConnection, str, dict, Path], Path | None]
    """Builds an asset, whose relation is named, and returns the file that it wrote below the folder."""


def run(project: Path, folder: Path, build: Build) -> tuple[list[Path], int]:
    """Build everything in a new folder and run the tests; the files, and how many tests passed."""
    artifact = json.loads((project / ".floe" / "artifacts.json").read_bytes())
    assets = artifact["assets"]
    order = TopologicalSorter({key: asset.get("depends_on", []) for key, asset in assets.items()}).static_order()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    os.chdir(project / "dbt")
    connection = duckdb.connect()
    connection.execute("attach ':memory:' as floe; use floe")
    files = [file for key in order if (file := build(connection, _relation(assets[key]), assets[key], folder))]
    passed = 0
    for test in artifact["tests"].values():
        ((failures,),) = connection.execute(f"select count(*) from ({test['sql']})").fetchall()
        passed += failures == 0
    return files, passed


def sync(paths: Iterable[Path]) -> None:
    """Force files and folders to the disk."""
    for path in paths:
        descriptor = os.open(path, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)


def _relation(asset: dict) -> str:
    return f'"{asset["relation"]["schema_name"]}"."{asset["relation"]["identifier"]}"'
