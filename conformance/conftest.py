"""The services that the tests share, each started when the first test asks for it. A missing one is a failure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from conformance.harness import Server
from services.polaris.server import start_polaris
from services.postgres import start_postgres
from tests.services.moto import moto, moto_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from services.polaris.server import Polaris
    from tests.services.moto import Moto

__all__ = ["moto", "moto_server"]


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A PostgreSQL server of the tests' own."""
    postgres = start_postgres()
    try:
        yield Server(postgres.port, postgres)
    finally:
        postgres.remove()


@pytest.fixture
def hasty_polaris(moto_server: Moto, server: Server, tmp_path: Path) -> Iterator[Polaris]:
    """A Polaris whose tokens, and the credentials that it vends, live for ten seconds."""
    keys = moto_server.administrator
    lives = {"STORAGE_CREDENTIAL_DURATION_SECONDS": "10", "STORAGE_CREDENTIAL_CACHE_DURATION_SECONDS": "2"}
    running = start_polaris(
        tmp_path, server.process, keys.access_key_id, keys.secret_access_key, lives, token_seconds=10
    )
    try:
        yield running
    finally:
        running.process.stop()


@pytest.fixture(scope="session")
def polaris(moto_server: Moto, server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Polaris]:
    """A Polaris that may do everything in moto's buckets."""
    keys = moto_server.administrator
    folder = tmp_path_factory.mktemp("polaris")
    running = start_polaris(folder, server.process, keys.access_key_id, keys.secret_access_key)
    try:
        yield running
    finally:
        running.process.stop()
