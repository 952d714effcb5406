"""Signatures of requests, checked by moto where it checks them, and credentials that a catalog gives."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
import requests

from floe.errors import LakeError
from floe.lake.base import TableName
from floe.lake.catalogs.rest.answers import Answer
from floe.lake.catalogs.rest.signatures import Signature
from floe.lake.catalogs.rest.vending import credentials_in

from .rest import open_at

if TYPE_CHECKING:
    from pathlib import Path

    from tests.services.moto import Moto
    from tests.services.rest_catalog import RestServer

KEYS = {"region": "us-east-1", "access_key_id": "AKIAEXAMPLE", "secret_access_key": "s3cr3t-of-the-key"}


def test_requests_are_signed_for_the_service_and_region_of_the_platform(
    rest_server: RestServer, tmp_path: Path
) -> None:
    catalog = open_at(rest_server.uri, tmp_path, credentials={"mode": "sigv4", "service": "glue", **KEYS})
    catalog.tables()
    signed = rest_server.seen[-1].headers

    assert "/us-east-1/glue/aws4_request" in signed["Authorization"]
    assert signed["Authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/")
    assert "s3cr3t" not in str(signed)


def test_signatures_are_right_also_with_parameters_and_a_body(moto: Moto) -> None:
    # moto's S3 checks signatures like Amazon's own.
    keys = moto.user()
    values = {"region": "us-east-1", "service": "s3"}
    proof = Signature({**values, "access_key_id": keys.access_key_id, "secret_access_key": keys.secret_access_key})
    bucket = moto.bucket()

    kind = {"Content-Type": "text/plain"}
    put = requests.put(f"{moto.endpoint}/{bucket}/a.b", data=b"content", auth=proof, headers=kind, timeout=30)
    listed = requests.get(f"{moto.endpoint}/{bucket}?list-type=2&prefix=a.b", auth=proof, timeout=30)
    wrong = Signature({**values, "access_key_id": keys.access_key_id, "secret_access_key": "wrong"})
    refused = requests.get(f"{moto.endpoint}/{bucket}?list-type=2", auth=wrong, timeout=30)

    assert (put.status_code, listed.status_code, refused.status_code) == (200, 200, 403)
    assert "<Key>a.b</Key>" in listed.text


def test_a_role_is_assumed_with_the_keys_of_the_platform(moto: Moto, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = moto.user()
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", moto.endpoint)
    values = {"region": "us-east-1", "service": "s3", "role_arn": moto.role()}
    proof = Signature({**values, "access_key_id": keys.access_key_id, "secret_access_key": keys.secret_access_key})
    answer = requests.get(f"{moto.endpoint}/{moto.bucket()}?list-type=2", auth=proof, timeout=30)

    assert answer.status_code == 200
    assert "X-Amz-Security-Token" in answer.request.headers


def test_a_role_that_may_not_be_assumed_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:9")
    proof = Signature({**KEYS, "role_arn": "arn:aws:iam::123456789012:role/none"})
    with pytest.raises(LakeError) as caught:
        requests.get("http://127.0.0.1:9/", auth=proof, timeout=5)

    assert caught.value.code == "FLOE-0543"


def test_without_any_keys_the_error_says_where_to_put_them(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    with pytest.raises(LakeError, match="no AWS keys"):
        Signature({"region": "us-east-1"})


def test_without_boto3_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(LakeError) as caught:
        Signature(KEYS)

    assert caught.value.code == "FLOE-0543"
    assert "extra `glue`" in caught.value.instruction


# Credentials that a catalog gives


def test_the_credentials_of_the_longest_prefix_win_over_the_table_s_configuration() -> None:
    answer = {
        "config": {"s3.access-key-id": "of-config", "s3.secret-access-key": "a"},
        "storage-credentials": [
            {"prefix": "s3://lake/", "config": {"s3.access-key-id": "of-the-bucket"}},
            {"prefix": "s3://lake/gold/", "config": {"s3.access-key-id": "of-gold"}},
            {"prefix": "s3://other/", "config": {"s3.access-key-id": "of-another"}},
        ],
    }

    assert credentials_in(answer, "s3", "s3://lake/gold/totals").values["access_key_id"] == "of-gold"
    assert credentials_in(answer, "s3", "s3://lake/silver/x").values["access_key_id"] == "of-the-bucket"
    assert credentials_in(answer, "s3", "s3://elsewhere/x").values["access_key_id"] == "of-config"


@pytest.mark.parametrize(
    ("kind", "config", "values"),
    [
        ("gcs", {"gcs.oauth2.token": "t", "gcs.oauth2.token-expires-at": "1700000000000"}, {"access_token": "t"}),
        (
            "azure",
            {
                "adls.sas-token.lake.dfs.core.windows.net": "sas",
                "adls.sas-token-expires-at-ms.lake.dfs.core.windows.net": "1700000000000",
            },
            {"sas_token": "sas"},
        ),
        ("s3", {"s3.access-key-id": "a", "expiration-time": "1700000000000"}, {"access_key_id": "a"}),
    ],
)
def test_credentials_of_every_cloud_have_the_platform_s_names_and_their_end(
    kind: str, config: dict[str, str], values: dict[str, str]
) -> None:
    given = credentials_in({"config": config}, kind, "s3://lake/x")

    assert given.values == values
    assert given.expires_at == datetime.fromtimestamp(1_700_000_000, UTC)


def test_a_catalog_that_gives_no_credentials_is_told(rest_server: RestServer, tmp_path: Path, moto: Moto) -> None:
    from floe.artifact.settings import StorageBinding, StorageCredentials
    from floe.lake.catalogs.rest.open import open_rest_catalog
    from floe.lake.stores.open import Stores

    from .rest import binding

    bucket = moto.bucket()
    storage = StorageBinding(
        type="s3", bucket=bucket, endpoint=moto.endpoint, credentials=StorageCredentials(mode="vended")
    )
    vending = binding(rest_server.uri, access_delegation="vended-credentials")
    catalog = open_rest_catalog("default", vending, Stores({"default": storage}, tmp_path), tmp_path)
    state = catalog.load(TableName("gold", "a"), f"s3://{bucket}/gold/a")
    with pytest.raises(LakeError) as caught:
        state.store.read(f"s3://{bucket}/gold/a/file")

    assert caught.value.code == "FLOE-0541"
    assert rest_server.seen[-1].headers["X-Iceberg-Access-Delegation"] == "vended-credentials"


@pytest.mark.parametrize("told", ["table", "server"])
def test_a_catalog_that_would_sign_each_request_is_refused_by_name(
    rest_server: RestServer, tmp_path: Path, moto: Moto, told: str
) -> None:
    from floe.artifact.settings import StorageBinding, StorageCredentials
    from floe.lake.catalogs.rest.open import open_rest_catalog
    from floe.lake.stores.open import Stores

    from .rest import binding

    signing, bucket = {"s3.remote-signing-enabled": "true", "s3.signer.uri": "https://sign"}, moto.bucket()
    if told == "server":
        rest_server.behaviour.config = {"defaults": signing}
    rest_server.behaviour.vend = lambda _: (signing if told == "table" else {}, [])
    storage = StorageBinding(
        type="s3", bucket=bucket, endpoint=moto.endpoint, credentials=StorageCredentials(mode="vended")
    )
    vending = binding(rest_server.uri, access_delegation="vended-credentials")
    catalog = open_rest_catalog("default", vending, Stores({"default": storage}, tmp_path), tmp_path)
    state = catalog.load(TableName("gold", "a"), f"s3://{bucket}/gold/a")
    with pytest.raises(LakeError, match="wants to sign each request") as caught:
        state.store.read(f"s3://{bucket}/gold/a/file")

    assert caught.value.code == "FLOE-0557"
    assert "access_delegation: none" in caught.value.instruction


def test_without_delegation_no_header_asks_for_it(rest_server: RestServer, tmp_path: Path) -> None:
    # lesson 23
    open_at(rest_server.uri, tmp_path).load(TableName("gold", "a"), "")

    assert not any("X-Iceberg-Access-Delegation" in seen.headers for seen in rest_server.seen)


# Answers


def answered(status: int = 503, content: bytes = b"", **headers: str) -> Answer:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, names, content, datetime(2026, 11, 21, 10, tzinfo=UTC))


def test_a_server_says_when_to_come_back_in_seconds_or_as_a_moment() -> None:
    assert answered(Retry_After="7").retry_after == 7
    assert answered(Retry_After="Sat, 21 Nov 2026 10:00:05 GMT").retry_after == 5
    assert answered(Retry_After="Sat, 21 Nov 2026 09:00:00 GMT").retry_after == 0
    assert answered(Retry_After="soon").retry_after == answered().retry_after == 0


def test_messages_are_the_specification_s_or_plain_text_and_never_pages() -> None:
    error = b'{"error": {"message": "no\\n such   table", "type": "X", "code": 404}}'
    assert answered(404, error, Content_Type="application/json").message == "no such table"
    assert answered(500, b"out of memory", Content_Type="text/plain; charset=utf-8").message == "out of memory"
    assert answered(500, b"<html>a page</html>", Content_Type="text/html").message == ""
    assert answered(200, b"{not json", Content_Type="application/json").json() is None
