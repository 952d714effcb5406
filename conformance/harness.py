"""What the tests share: the server as they see it, and how they run programs."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg2
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

PASSWORD = "canary-83c1-of-the-warehouse"
USER = "loader"


@dataclass(frozen=True)
class Server:
    """A running server; every connection needs the password."""

    port: int

    @contextlib.contextmanager
    def connected(self, database: str) -> Iterator[Any]:
        connection = psycopg2.connect(
            host="127.0.0.1", port=self.port, user=USER, password=PASSWORD, dbname=database, connect_timeout=10
        )
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                yield cursor
        finally:
            connection.close()

    def execute(self, database: str, sql: str) -> None:
        with self.connected(database) as cursor:
            cursor.execute(sql)

    def rows(self, database: str, sql: str) -> list[tuple[Any, ...]]:
        with self.connected(database) as cursor:
            cursor.execute(sql)
            return list(cursor.fetchall())

    def create(self, database: str) -> None:
        """An empty database with what the project finds in it."""
        self.execute("postgres", f"drop database if exists {database} with (force)")
        self.execute("postgres", f"create database {database}")
        self.execute(database, "create schema erp")
        self.execute(database, "create table erp.stock as select g as id from generate_series(1, 4) g")


def binaries() -> Path:
    """The folder of PostgreSQL's programs."""
    found = shutil.which("initdb")
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    folder = Path(found).resolve().parent if found else next(iter(folders), None)
    if folder is None or not (folder / "postgres").exists():
        pytest.exit("PostgreSQL is not installed: `make conformance` needs its server (Debian: postgresql)", 2)
    return folder


def run(
    command: list[str], folder: Path, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a program in a folder, with the password where `secret_ref: warehouse-password` finds it."""
    return subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "NO_COLOR": "1", "WAREHOUSE_PASSWORD": PASSWORD, **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def floe(folder: Path, *arguments: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run a `floe` command in a project."""
    return run([sys.executable, "-m", "floe.cli", *arguments], folder, environment)
