"""What Arrow's file systems are told of a store; opening one asks nothing of it."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from floe.artifact.settings import StorageBinding, StorageCredentials
from floe.errors import LakeError
from floe.lake.stores.access import Access
from floe.lake.stores.arrow_systems import open_filesystem
from floe.lake.stores.credentials import Credentials
from floe.lake.stores.open import Stores

if TYPE_CHECKING:
    from pathlib import Path

    from tests.services.moto import Moto

KEYS = Credentials({"access_key_id": "id", "secret_access_key": "secret", "session_token": "token"})


def told(access: Access, credentials: Credentials) -> dict[str, Any]:
    """What would open the same file system again."""
    arguments: dict[str, Any] = open_filesystem(access, credentials).__reduce__()[1][0]
    return arguments


def test_keys_and_address_of_an_s3_store_are_the_platform_s() -> None:
    given = told(Access("s3", "s3://lake", "http://minio.example.com:9000", path_style=True), KEYS)
    assert (given["access_key"], given["secret_key"], given["session_token"]) == ("id", "secret", "token")
    assert (given["scheme"], given["endpoint_override"]) == ("http", "minio.example.com:9000")
    assert not given["force_virtual_addressing"]


def test_amazon_s_own_address_is_used_without_an_endpoint() -> None:
    given = told(Access("s3", "s3://lake", region="eu-west-1"), KEYS)
    assert (given["endpoint_override"], given["region"]) == ("", "eu-west-1")
    in_path = told(Access("s3", "s3://lake", region="eu-west-1", path_style=True), KEYS)
    assert in_path["endpoint_override"] == "s3.eu-west-1.amazonaws.com"
    assert Access("s3", "s3://lake", region="cn-north-1").s3_host == "s3.cn-north-1.amazonaws.com.cn"


def test_google_is_told_the_token_and_whom_to_act_as() -> None:
    expires_at = datetime.now(UTC) + timedelta(hours=1)
    given = told(
        Access("gcs", "gs://lake", role=(("impersonate", "loader@shop.example.com"),)),
        Credentials({"access_token": "token"}, expires_at),
    )
    assert given["target_service_account"] == "loader@shop.example.com"
    assert told(Access("gcs", "gs://lake"), Credentials({"access_token": "token"}))["access_token"] == "token"


def test_azure_is_told_the_account_and_who_asks() -> None:
    place = Access("azure", "abfss://lake@shop.dfs.core.windows.net", "http://127.0.0.1:10000", account="shop")
    given = told(place, Credentials({"account_key": "QUJD"}))
    assert (given["account_name"], given["account_key"]) == ("shop", "QUJD")
    assert (given["blob_storage_authority"], given["blob_storage_scheme"]) == ("127.0.0.1:10000", "http")
    application = Access("azure", place.root, account="shop", role=(("client_id", "c"), ("tenant_id", "t")))
    assert told(application, Credentials({"client_secret": "s"}))["tenant_id"] == "t"


ROLE = "arn:aws:iam::123456789012:role/lake"


def binding_of_role(moto: Moto) -> StorageBinding:
    properties = {"role_arn": ROLE, "external_id": "x", "session_name": "loader", "duration_seconds": "900"}
    credentials = StorageCredentials(mode="iam_role", properties=properties)
    return StorageBinding(
        type="s3", bucket=moto.bucket(), endpoint=moto.endpoint, path_style_access=True, credentials=credentials
    )


def test_a_role_that_may_not_be_assumed_is_named(moto: Moto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAUNKNOWN")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary-of-a-secret")
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", moto.endpoint)
    binding = binding_of_role(moto)
    root = Stores({"default": binding}, tmp_path).root("default")
    with pytest.raises(LakeError, match=f"cannot assume the role `{ROLE}`") as caught:
        Stores({"default": binding}, tmp_path).of(root).read(f"{root}/x")
    assert caught.value.code == "FLOE-0521"
    assert "canary" not in f"{caught.value} {caught.value.details}"


def test_without_boto3_arrow_assumes_the_role(moto: Moto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)
    stores = Stores({"default": binding_of_role(moto)}, tmp_path)
    given = stores.of(stores.root("default")).filesystem().__reduce__()[1][0]  # type: ignore[attr-defined]
    assert (given["role_arn"], given["external_id"], given["session_name"]) == (ROLE, "x", "loader")
