"""A PostgreSQL server of the tests' own, in a temporary folder on a free port of the loopback interface."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .harness import PASSWORD, USER, Server, binaries

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    # Not below the other temporary files: the path of a socket may have about a hundred characters only.
    folder = Path(tempfile.mkdtemp(prefix="floe-postgres-", dir="/tmp"))
    programs = binaries()
    as_owner = []
    if os.getuid() == 0:  # the server refuses to run as root
        shutil.chown(folder, "postgres")
        as_owner = ["runuser", "-u", "postgres", "--"]
    password_file = folder / "password"
    password_file.write_text(PASSWORD)
    password_file.chmod(0o644)
    data = str(folder / "data")
    options = ["--username", USER, "--auth", "scram-sha-256", "--pwfile", str(password_file), "--no-sync"]
    subprocess.run([*as_owner, str(programs / "initdb"), "-D", data, *options], check=True, capture_output=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
    control = [*as_owner, str(programs / "pg_ctl"), "-D", data, "-w"]
    subprocess.run(
        [*control, "-l", str(folder / "log"), "-o", settings, "start"], check=True, stdout=subprocess.DEVNULL
    )
    try:
        yield Server(port)
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], check=True, stdout=subprocess.DEVNULL)
        shutil.rmtree(folder)
