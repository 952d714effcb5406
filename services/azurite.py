"""Azurite: Azure's own emulator of Blob Storage, from npm."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from services.cache import built_once
from services.process import Process, free_port, listens

ACCOUNT = "devstoreaccount1"
ACCOUNT_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""Account and key that Azurite has, and that its documentation names."""
_PACKAGE = "azurite@3"


@dataclass(frozen=True)
class Azurite:
    """A running server."""

    port: int
    process: Process

    @property
    def endpoint(self) -> str:
        """Where Blob Storage is."""
        return f"http://127.0.0.1:{self.port}"


def start_azurite(folder: Path) -> Azurite:
    """Start the server on a free port; data and log are in the folder. It is fetched once; that needs Node and npm."""
    program = built_once("azurite", [Path(__file__)], _install) / "node_modules/azurite/dist/src/blob/main.js"
    port = free_port()
    where = ["--blobHost", "127.0.0.1", "--blobPort", str(port), "--location", str(folder / "azurite")]
    # Newer clients than it knows are no reason to refuse them; and it has nobody to tell of its use.
    options = ["--skipApiVersionCheck", "--disableTelemetry", "--silent"]
    process = Process(["node", str(program), *where, *options], folder / "azurite.log", lambda: listens(port))
    process.start()
    return Azurite(port, process)


def _install(folder: Path) -> None:
    command = ["npm", "install", "--prefix", str(folder), "--ignore-scripts", "--no-audit", "--no-fund", _PACKAGE]
    subprocess.run(command, check=True, capture_output=True)
