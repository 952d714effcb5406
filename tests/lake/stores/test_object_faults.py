"""What goes wrong with an object store is one clear error each, without the keys."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from tests.services.moto import Keys, free_port

from floe.errors import LakeError
from floe.lake.stores.access import Access
from floe.lake.stores.object_faults import Fault, fault_in, storage_error

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.services.moto import Moto

    from floe.lake.stores.arrow import ArrowStore

    OpenStore = Callable[..., ArrowStore]

NOTHING_BUT_LISTING = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*"}],
}


def errors_of(store: ArrowStore) -> list[LakeError]:
    """What each way to use the store says."""
    location = f"{store.access.root}/file"
    caught = []
    for use in (
        store.check,
        lambda: store.write_new(location, b"x"),
        lambda: store.read(location),
        lambda: store.size(location),
        lambda: store.delete([location]),
        lambda: list(store.list_files(store.access.root)),
    ):
        try:
            use()
        except LakeError as error:
            caught.append(error)
    return caught


def test_a_missing_bucket_is_named_with_the_command_that_creates_it(s3: OpenStore, moto: Moto) -> None:
    store = s3("no-such-bucket")
    for use in (
        store.check,
        lambda: store.read(f"{store.access.root}/x"),
        lambda: store.write_new(f"{store.access.root}/x", b""),
    ):
        with pytest.raises(LakeError, match="there is no bucket `no-such-bucket`") as caught:
            use()
        assert caught.value.code == "FLOE-0520"
        assert f"aws s3 mb s3://no-such-bucket --endpoint-url {moto.endpoint}" in caught.value.instruction


def test_wrong_keys_are_told_from_missing_permission_and_expired_tokens(s3: OpenStore, moto: Moto) -> None:
    bucket, administrator = moto.bucket(), moto.administrator
    s3(bucket).write_new(f"s3://{bucket}/lake/file", b"x")
    expired = moto.temporary_keys(1)
    time.sleep(1.1)
    cases = {
        "FLOE-0521": [
            Keys(administrator.access_key_id, "canary-of-a-secret"),
            Keys("AKIACANARYOFAKEY", "canary-of-a-secret"),
        ],
        "FLOE-0523": [expired],
    }
    for code, all_keys in cases.items():
        for keys in all_keys:
            errors = errors_of(s3(bucket, keys))
            assert [error.code for error in errors] == [code] * 6
            said = " ".join(f"{error.reason} {error.instruction} {error.details}" for error in errors)
            assert keys.secret_access_key not in said
            assert not keys.session_token or keys.session_token not in said
            assert "storage" in said
    refused = errors_of(s3(bucket, moto.user(NOTHING_BUT_LISTING)))
    assert {error.code for error in refused} == {"FLOE-0522"}
    assert len(refused) == 4  # listing and looking at the bucket are allowed


def test_a_clock_that_is_wrong_is_named(s3: OpenStore, moto: Moto) -> None:
    store = s3()
    moto.fail(clock_offset_seconds=3600)
    errors = errors_of(store)
    assert [error.code for error in errors] == ["FLOE-0525"] * 6
    assert "set the clock" in errors[0].instruction


def test_a_store_that_cannot_be_reached_is_named(s3: OpenStore) -> None:
    endpoint = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(LakeError, match="cannot be reached") as caught:
        s3("lake", endpoint=endpoint).check()
    assert caught.value.code == "FLOE-0524"
    assert endpoint in caught.value.reason


def test_faults_that_pass_are_tried_again_and_nobody_hears_of_them(s3: OpenStore, moto: Moto) -> None:
    # T4, for storage
    store = s3()
    moto.fail(share=0.2)
    for number in range(12):
        store.write_new(f"{store.access.root}/{number}", b"x")
        assert store.read(f"{store.access.root}/{number}") == b"x"
    moto.fail()
    assert len(list(store.list_files(store.access.root))) == 12


def test_a_file_whose_acknowledgement_was_lost_is_written_once(s3: OpenStore, moto: Moto) -> None:
    # T3, for storage
    store = s3()
    for number in range(3):
        moto.fail(share=1.0, count=1, status=500, code="InternalError", applied=True)
        store.write_new(f"{store.access.root}/{number}", b"ours")
        with pytest.raises(LakeError, match="it is there already"):
            store.write_new(f"{store.access.root}/{number}", b"theirs")
    moto.fail(share=1.0, count=1, status=500, code="InternalError", applied=True)
    store.delete([f"{store.access.root}/0"])
    assert [file.location for file in store.list_files(store.access.root)] == [
        f"{store.access.root}/1",
        f"{store.access.root}/2",
    ]


def test_a_store_that_knows_amazon_s_newer_requests_not_is_used_without_them(s3: OpenStore, moto: Moto) -> None:
    store = s3()
    moto.fail(share=1.0, count=1, status=501, code="NotImplemented")
    locations = [f"{store.access.root}/{number}" for number in range(3)]
    for location in locations:
        store.write_new(location, b"x")
        with pytest.raises(LakeError, match="it is there already"):
            store.write_new(location, b"y")
    store.delete(locations)
    assert list(store.list_files(store.access.root)) == []


def test_deleting_takes_one_request_for_a_thousand_files_and_leaves_no_empty_objects(s3: OpenStore, moto: Moto) -> None:
    store = s3()
    location = f"{store.access.root}/table/data/file"
    store.write_new(location, b"x")
    store.delete([location, *(f"{store.access.root}/never/{number}" for number in range(1500))])
    bucket = store.access.root.split("/")[2]
    assert moto.client("s3").list_objects_v2(Bucket=bucket)["KeyCount"] == 0


def test_faults_that_stay_are_told(s3: OpenStore, moto: Moto) -> None:
    store = s3()
    moto.fail(share=1.0, status=500, code="InternalError")
    with pytest.raises(LakeError, match="after several attempts") as caught:
        store.read(f"{store.access.root}/file")
    assert caught.value.code == "FLOE-0526"


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ("Permission denied: caller does not have storage.objects.get access (403)", Fault.NO_PERMISSION),
        ("UNAUTHENTICATED: Request had invalid authentication credentials", Fault.WRONG_KEYS),
        ("Azure Error: [AuthenticationFailed] 403 Server failed to authenticate the request", Fault.WRONG_KEYS),
        ("[ContainerNotFound] 404 The specified container does not exist.", Fault.NO_BUCKET),
        ("AuthenticationFailed: Signature not valid in the specified time frame", Fault.EXPIRED),
        ("UNAVAILABLE: 503 backend error", Fault.FAILING),
        ("something that nobody has seen before", Fault.OTHER),
    ],
)
def test_what_the_clouds_say_is_understood(said: str, fault: Fault) -> None:
    assert fault_in(said) is fault


@pytest.mark.parametrize(
    ("access", "command"),
    [
        (Access("s3", "s3://lake/p", region="eu-west-1"), "aws s3 mb s3://lake --region eu-west-1"),
        (Access("gcs", "gs://lake"), "gcloud storage buckets create gs://lake"),
        (
            Access("azure", "abfss://lake@shop.dfs.core.windows.net", account="shop"),
            "az storage container create --name lake --account-name shop",
        ),
    ],
)
def test_the_command_that_creates_a_bucket_is_the_cloud_s_own(access: Access, command: str) -> None:
    assert command in storage_error(Fault.NO_BUCKET, access, "use", access.root).instruction
