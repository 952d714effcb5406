"""Azure's emulator and one of Google Cloud Storage, and a place for files in each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from services.azurite import ACCOUNT, ACCOUNT_KEY, start_azurite
from services.fake_gcs import start_fake_gcs

from floe.lake.stores.access import Access
from floe.lake.stores.arrow import ArrowStore
from floe.lake.stores.credentials import Credentials, fixed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from services.azurite import Azurite
    from services.fake_gcs import FakeGcs


@dataclass(frozen=True)
class Cloud:
    """A bucket of an emulator: the profile that names it, the secrets that it needs, and a store."""

    profile: str
    secrets: dict[str, str]
    store: ArrowStore
    folder: str


@pytest.fixture(scope="session")
def azurite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Azurite]:
    server = start_azurite(tmp_path_factory.mktemp("azurite"))
    yield server
    server.process.stop()


@pytest.fixture(scope="session")
def fake_gcs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeGcs]:
    server = start_fake_gcs(tmp_path_factory.mktemp("gcs"))
    yield server
    server.process.stop()


@pytest.fixture
def azure(azurite: Azurite) -> Cloud:
    """A new container."""
    return _in_azure(azurite, f"lake-{uuid4().hex[:12]}")


@pytest.fixture
def google(fake_gcs: FakeGcs) -> Cloud:
    """A new bucket."""
    return _in_google(fake_gcs, f"lake-{uuid4().hex[:12]}")


@pytest.fixture(params=["azure", "google"])
def cloud(request: pytest.FixtureRequest) -> Cloud:
    """One after the other."""
    found: Cloud = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def place(cloud: Cloud) -> Cloud:
    """What the contract of a storage asks for."""
    return cloud


def _in_azure(server: Azurite, bucket: str) -> Cloud:
    root = f"abfss://{bucket}@{ACCOUNT}.dfs.core.windows.net/lake"
    store = ArrowStore(
        Access("azure", root, server.endpoint, account=ACCOUNT), fixed(Credentials({"account_key": ACCOUNT_KEY}))
    )
    store.filesystem().create_dir(bucket)
    credentials = "{mode: static, account_key: {secret_ref: cloud}}"
    profile = f"type: azure, account: {ACCOUNT}, bucket: {bucket}, prefix: lake, endpoint: '{server.endpoint}'"
    return Cloud(f"{profile}, credentials: {credentials}", {"CLOUD": ACCOUNT_KEY}, store, root)


def _in_google(server: FakeGcs, bucket: str) -> Cloud:
    server.create_bucket(bucket)
    root, token = f"gs://{bucket}/lake", "any-token"
    store = ArrowStore(Access("gcs", root, server.endpoint), fixed(Credentials({"access_token": token})))
    profile = f"type: gcs, bucket: {bucket}, prefix: lake, endpoint: '{server.endpoint}'"
    return Cloud(
        f"{profile}, credentials: {{mode: static, access_token: {{secret_ref: cloud}}}}", {"CLOUD": token}, store, root
    )
