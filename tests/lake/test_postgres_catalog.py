"""A catalog on PostgreSQL, as far as no server is needed; `conformance/` has the rest."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from floe.artifact.models import CompiledArtifacts
from floe.artifact.settings import (
    CatalogBinding,
    ComputeBinding,
    PlatformChoice,
    Project,
    SecretReference,
    StorageBinding,
)
from floe.errors import EnvironmentFaultError, LakeError
from floe.lake.base import Catalog, TableName
from floe.lake.open import open_catalogs

SECRET = "canary-5d20-of-the-catalog"


def opened(port: int) -> Catalog:
    credentials = {"user": "floe", "password": SecretReference(name="lake-password")}
    artifacts = CompiledArtifacts(
        floe_version="0",
        project=Project(name="shop", version="1.0.0"),
        platform=PlatformChoice(environment="prod", source="platform.yaml", reason="given"),
        storage={"default": StorageBinding(path="warehouse")},
        catalogs={
            "default": CatalogBinding(
                uri=f"postgresql://127.0.0.1:{port}/lake", warehouse="floe", credentials=credentials
            )
        },
        compute=ComputeBinding(),
        layers={},
        assets={},
    )
    return open_catalogs(artifacts, Path("/project"))["default"]


@pytest.fixture
def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_server_that_is_not_there_is_named_and_the_password_is_not(
    closed_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAKE_PASSWORD", SECRET)
    catalog = opened(closed_port)
    for call in (catalog.tables, lambda: catalog.drop([TableName("gold", "a")])):
        with pytest.raises(
            LakeError, match=f"the catalog `default` at `postgresql://127.0.0.1:{closed_port}"
        ) as caught:
            call()
        assert caught.value.code == "FLOE-0545"
        assert "Connection refused" in " ".join(caught.value.details)
        assert SECRET not in f"{caught.value.reason} {caught.value.details} {caught.value.instruction}"


def test_opening_asks_for_no_secret_and_the_first_call_names_a_missing_one(closed_port: int) -> None:
    catalog = opened(closed_port)
    with pytest.raises(EnvironmentFaultError, match="`LAKE_PASSWORD`") as caught:
        catalog.tables()
    assert caught.value.code == "FLOE-0460"


def test_a_missing_driver_says_what_to_install(closed_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(EnvironmentFaultError, match="`psycopg`") as caught:
        opened(closed_port).tables()
    assert caught.value.code == "FLOE-0754"
    assert "floe-runtime[catalog-postgres]" in caught.value.instruction


def test_a_catalog_in_a_file_loads_no_driver() -> None:
    script = (
        "import sys, floe.lake.open, floe.lake.publish, floe.lake.catalogs.sql.sqlite\n"
        "sys.exit(any(name in sys.modules for name in ('psycopg', 'floe.lake.catalogs.sql.postgres')))"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
