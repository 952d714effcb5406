"""A PostgreSQL server of our own, in a temporary folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from services.java import MissingProgramError
from services.process import free_port

if TYPE_CHECKING:
    from collections.abc import Mapping

USER, PASSWORD = "loader", "canary-83c1-of-the-warehouse"


@dataclass(frozen=True)
class Postgres:
    """A server in a folder; every connection needs the password. Nothing is synced to the disk."""

    port: int
    folder: Path

    def start(self) -> None:
        """Start it and wait until it accepts connections."""
        settings = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.folder} -c fsync=off"
        _run([*self._control(), "-l", str(self.folder / "log"), "-o", settings, "start"])

    def stop(self, mode: str = "immediate") -> None:
        """End it; `immediate` is like a crash, `fast` cuts connections and shuts down in order."""
        _run([*self._control(), "-m", mode, "stop"])

    def create_database(self, name: str) -> None:
        """Make an empty database; one of that name, and who is connected to it, is thrown out."""
        self._run_client("dropdb", "--force", "--if-exists", name)
        self._run_client("createdb", name)

    def remove(self) -> None:
        """End it and delete its folder."""
        self.stop()
        shutil.rmtree(self.folder)

    def _run_client(self, program: str, *arguments: str) -> None:
        who = ["-h", "127.0.0.1", "-p", str(self.port), "-U", USER]
        _run([str(_programs() / program), *who, *arguments], {"PGPASSWORD": PASSWORD})

    def _control(self) -> list[str]:
        return [*_as_owner(), str(_programs() / "pg_ctl"), "-D", str(self.folder / "data"), "-w"]


def start_postgres() -> Postgres:
    """Make a new server and start it on a free port of the loopback interface.

    Raises:
        MissingProgramError: PostgreSQL is not installed.
    """
    # Not below other temporary folders: the path of a socket may have about a hundred characters only.
    folder = Path(tempfile.mkdtemp(prefix="floe-postgres-", dir="/tmp"))
    if _as_owner():
        shutil.chown(folder, "postgres")
    password = folder / "password"
    password.write_text(PASSWORD)
    password.chmod(0o644)
    options = ["--username", USER, "--auth", "scram-sha-256", "--pwfile", str(password), "--no-sync"]
    _run([*_as_owner(), str(_programs() / "initdb"), "-D", str(folder / "data"), *options])
    server = Postgres(free_port(), folder)
    server.start()
    return server


def _as_owner() -> list[str]:
    """How to become another user: the server refuses to run as root."""
    return ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []


def _programs() -> Path:
    found = shutil.which("initdb")
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    folder = Path(found).resolve().parent if found else next(iter(folders), None)
    if folder is None or not (folder / "postgres").exists():
        raise MissingProgramError("the PostgreSQL server is missing (Debian and Ubuntu: install postgresql)")
    return folder


def _run(command: list[str], variables: Mapping[str, str] | None = None) -> None:
    environment = {**os.environ, **(variables or {})}
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/", env=environment)
