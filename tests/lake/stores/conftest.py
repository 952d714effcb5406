"""Stores of every kind that this machine can offer, for the behaviour that they share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from floe.lake.stores.access import Access
from floe.lake.stores.arrow import ArrowStore
from floe.lake.stores.credentials import Credentials, fixed
from floe.lake.stores.local import LOCAL

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.services.moto import Keys, Moto

    from floe.lake.stores.base import FileStore

StoreOf = "Callable[[str, Keys], ArrowStore]"


@dataclass(frozen=True)
class Place:
    """A store and a folder in it that is the test's own."""

    store: FileStore
    folder: str


def credentials_of(keys: Keys) -> Credentials:
    names = ("access_key_id", "secret_access_key", "session_token")
    return Credentials({name: getattr(keys, name) for name in names if getattr(keys, name)})


@pytest.fixture
def s3(moto: Moto) -> Callable[..., ArrowStore]:
    """Opens a bucket of moto with keys; the administrator's, in a new bucket, if nothing is said."""

    def open_store(bucket: str = "", keys: Keys | None = None, endpoint: str = "") -> ArrowStore:
        root = f"s3://{bucket or moto.bucket()}/lake"
        access = Access("s3", root, endpoint or moto.endpoint, path_style=True)
        return ArrowStore(access, fixed(credentials_of(keys or moto.administrator)))

    return open_store


@pytest.fixture(params=["local", "s3"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "local":
        return Place(LOCAL, str(tmp_path / "lake"))
    store: ArrowStore = request.getfixturevalue("s3")()
    return Place(store, store.access.root)
