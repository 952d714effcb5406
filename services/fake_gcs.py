"""An emulator of Google Cloud Storage, built from its Go module."""

from __future__ import annotations

import json
import os
import subprocess
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from services.cache import built_once
from services.process import Process, free_port, listens

_MODULE = "github.com/fsouza/fake-gcs-server@v1"


@dataclass(frozen=True)
class FakeGcs:
    """A running server. It takes any token."""

    port: int
    process: Process

    @property
    def endpoint(self) -> str:
        """Where the storage is."""
        return f"http://127.0.0.1:{self.port}"

    def create_bucket(self, name: str) -> None:
        """Make a bucket."""
        address, body = f"{self.endpoint}/storage/v1/b?project=test", json.dumps({"name": name}).encode()
        request = urllib.request.Request(address, body, {"Content-Type": "application/json"}, method="POST")
        with urllib.request.urlopen(request, timeout=30):
            pass


def start_fake_gcs(folder: Path) -> FakeGcs:
    """Start the server on a free port; its log is in the folder. It is built once; that needs Go."""
    program = built_once("fake-gcs-server", [Path(__file__)], _build) / "fake-gcs-server"
    port = free_port()
    options = ["-scheme", "http", "-host", "127.0.0.1", "-port", str(port), "-public-host", f"127.0.0.1:{port}"]
    process = Process([str(program), *options, "-backend", "memory"], folder / "gcs.log", lambda: listens(port))
    process.start()
    return FakeGcs(port, process)


def _build(folder: Path) -> None:
    environment = {**os.environ, "GOBIN": str(folder)}
    subprocess.run(["go", "install", _MODULE], check=True, capture_output=True, env=environment)
