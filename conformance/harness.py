"""What the tests share: the server as they see it, and how they run programs."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg
from services.postgres import PASSWORD, USER

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from services.postgres import Postgres

__all__ = ["PASSWORD", "USER", "Server", "floe", "run"]


@dataclass(frozen=True)
class Server:
    """A running server; every connection needs the password."""

    port: int
    process: Postgres

    @contextlib.contextmanager
    def connected(self, database: str) -> Iterator[Any]:
        with psycopg.connect(
            f"postgresql://127.0.0.1:{self.port}/{database}",
            user=USER,
            password=PASSWORD,
            connect_timeout=10,
            autocommit=True,
        ) as connection:
            yield connection

    def execute(self, database: str, sql: str) -> None:
        with self.connected(database) as connection:
            connection.execute(sql)

    def rows(self, database: str, sql: str) -> list[tuple[Any, ...]]:
        with self.connected(database) as connection:
            return connection.execute(sql).fetchall()

    def create(self, database: str) -> None:
        """An empty database with what the project finds in it."""
        self.execute("postgres", f"drop database if exists {database} with (force)")
        self.execute("postgres", f"create database {database}")
        self.execute(database, "create schema erp")
        self.execute(database, "create table erp.stock as select g as id from generate_series(1, 4) g")


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
