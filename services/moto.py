"""moto's server: S3, STS and Glue."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.process import Process, free_port, listens

if TYPE_CHECKING:
    from pathlib import Path

ACCESS_KEY, SECRET_KEY, REGION = "AKIAFLOECONFORMANCE0", "canary-1f07-of-the-object-store", "us-east-1"
ROLE = "arn:aws:iam::123456789012:role/floe"


@dataclass(frozen=True)
class Moto:
    """A running server. It takes any keys, and knows which of them it issued as session keys."""

    port: int
    process: Process

    @property
    def endpoint(self) -> str:
        """Where S3, STS and Glue are."""
        return f"http://127.0.0.1:{self.port}"

    def client(self, service: str) -> object:
        """boto3's client of a service."""
        import boto3

        keys = {"aws_access_key_id": ACCESS_KEY, "aws_secret_access_key": SECRET_KEY}
        return boto3.client(service, endpoint_url=self.endpoint, region_name=REGION, **keys)


def start_moto(folder: Path) -> Moto:
    """Start the server on a free port; its log is in the folder."""
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    process = Process(command, folder / "moto.log", lambda: listens(port))
    process.start()
    return Moto(port, process)
