"""Print what somebody built, as JSON: table or view -> rows and a hash of them that no order or writer changes.

Usage: fingerprint.py duckdb FILE | parquet FOLDER | iceberg PROJECT, in the folder that relative paths in views mean
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

if TYPE_CHECKING:
    from collections.abc import Iterator

Relation = tuple[str, str]
"""Name of a table, and SQL that reads it."""


def main(kind: str, place: Path) -> None:
    found = {"duckdb": _in_database, "parquet": _in_folder, "iceberg": _in_catalog}[kind](place)
    with duckdb.connect(str(place) if kind == "duckdb" else ":memory:", read_only=kind == "duckdb") as connection:
        print(json.dumps({name: _fingerprint(connection, relation) for name, relation in found}))


def _in_database(file: Path) -> Iterator[Relation]:
    with duckdb.connect(str(file), read_only=True) as connection:
        rows = connection.execute("select table_name from information_schema.tables where table_schema = 'main'")
        for (name,) in rows.fetchall():
            yield name, f'main."{name}"'


def _in_folder(folder: Path) -> Iterator[Relation]:
    for file in folder.glob("*.parquet"):
        yield file.stem, f"read_parquet('{file}')"


def _in_catalog(project: Path) -> Iterator[Relation]:
    from pyiceberg.catalog.sql import SqlCatalog

    catalog = SqlCatalog("floe", uri=f"sqlite:///{project}/.floe/catalog.db", warehouse=f"{project}/.floe/warehouse")
    for namespace in catalog.list_namespaces():
        for identifier in catalog.list_tables(namespace):
            files = [task.file.file_path for task in catalog.load_table(identifier).scan().plan_files()]
            # A landed file and a model may have one name in two layers.
            prefix = "bronze_" if identifier[0] == "bronze" else ""
            yield prefix + identifier[-1], f"read_parquet({[file.removeprefix('file://') for file in files]})"


def _fingerprint(connection: duckdb.DuckDBPyConnection, relation: str) -> list[object]:
    columns = sorted(row[0] for row in connection.execute(f"describe from {relation}").fetchall())
    texts = ", ".join(f'"{column}"::varchar' for column in columns)
    (row,) = connection.execute(f"select count(*), sum(hash([{texts}]))::varchar from {relation}").fetchall()
    return list(row)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]).resolve())
