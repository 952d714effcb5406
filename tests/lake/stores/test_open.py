"""Which store holds a location."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from floe.artifact.settings import SecretReference, StorageBinding, StorageCredentials
from floe.errors import EnvironmentFaultError, LakeError
from floe.lake.files import same_file
from floe.lake.stores.arrow import ArrowStore
from floe.lake.stores.local import LOCAL
from floe.lake.stores.locations import object_location
from floe.lake.stores.open import Stores

if TYPE_CHECKING:
    from pathlib import Path

KEYS = StorageCredentials(
    mode="static",
    secrets={
        "access_key_id": SecretReference(name="no-such", key="id"),
        "secret_access_key": SecretReference(name="no-such", key="secret"),
    },
)
BINDINGS = {
    "disk": StorageBinding(path="warehouse"),
    "all": StorageBinding(type="s3", bucket="lake", region="eu-west-1", credentials=KEYS),
    "part": StorageBinding(type="s3", bucket="lake", prefix="gold/prod", region="eu-west-1", credentials=KEYS),
    "google": StorageBinding(type="gcs", bucket="lake", prefix="a"),
    "azure": StorageBinding(type="azure", account="shop", bucket="lake"),
    "vended": StorageBinding(type="s3", bucket="other", credentials=StorageCredentials(mode="vended")),
}


@pytest.fixture
def stores(tmp_path: Path) -> Stores:
    return Stores(BINDINGS, tmp_path)


def test_every_profile_has_a_root(stores: Stores, tmp_path: Path) -> None:
    assert {name: stores.root(name) for name in BINDINGS} == {
        "disk": str(tmp_path / "warehouse"),
        "all": "s3://lake",
        "part": "s3://lake/gold/prod",
        "google": "gs://lake/a",
        "azure": "abfss://lake@shop.dfs.core.windows.net",
        "vended": "s3://other",
    }


@pytest.mark.parametrize(
    ("location", "root"),
    [
        ("s3://lake/bronze/orders/data/1.parquet", "s3://lake"),
        ("s3a://lake/gold/prod/gold/orders", "s3://lake/gold/prod"),
        ("s3://lake/gold/production", "s3://lake"),
        ("gs://lake/elsewhere", "gs://lake/a"),
        ("abfs://lake@shop.blob.core.windows.net/x", "abfss://lake@shop.dfs.core.windows.net"),
    ],
)
def test_a_location_belongs_to_the_profile_with_the_longest_root_above_it(
    stores: Stores, location: str, root: str
) -> None:
    store = stores.of(location)
    assert isinstance(store, ArrowStore)
    assert store.access.root == root


def test_paths_and_file_uris_are_of_this_machine(stores: Stores) -> None:
    assert all(stores.of(location) is LOCAL for location in ("/srv/lake/x", "file:///srv/lake/x", "file:/srv/x", ""))


def test_a_bucket_that_no_profile_has_is_named(stores: Stores) -> None:
    with pytest.raises(
        LakeError, match="no storage profile of the platform has the bucket of `s3://foreign/x`"
    ) as caught:
        stores.of("s3://foreign/x")
    assert caught.value.code == "FLOE-0527"


def test_opening_needs_no_secret_but_using_does(stores: Stores) -> None:
    store = stores.of("s3://lake/x")
    with pytest.raises(EnvironmentFaultError, match="NO_SUCH_ID") as caught:
        store.read("s3://lake/x")
    assert caught.value.code == "FLOE-0460"


def test_a_storage_whose_keys_the_catalog_gives_cannot_be_used_without_them(stores: Stores) -> None:
    with pytest.raises(LakeError, match="has no credentials of its own") as caught:
        stores.of("s3://other/x").read("s3://other/x")
    assert caught.value.code == "FLOE-0529"
    assert "s3://other" not in [root for _, root in stores.roots()]


def test_one_file_has_one_name_however_its_location_is_written() -> None:
    assert same_file("s3a://lake/x/y") == same_file("s3://lake/x/y") != same_file("s3://lake/x/z")
    assert same_file("file:///srv/lake/x") == same_file("/srv/lake//x") == same_file("file:/srv/lake/x")
    assert object_location("s3://lake/x").path == "lake/x"


def test_a_platform_on_this_machine_loads_nothing_of_object_stores() -> None:
    code = """
import sys
from pathlib import Path
from floe.artifact.settings import StorageBinding
from floe.lake.stores.open import Stores
stores = Stores({"default": StorageBinding(path="warehouse")}, Path.cwd())
assert stores.of(stores.root("default")).is_local
heavy = {"pyarrow", "floe.lake.stores.arrow", "boto3", "fsspec"} & set(sys.modules)
assert not heavy, heavy
"""
    subprocess.run([sys.executable, "-c", code], check=True)
