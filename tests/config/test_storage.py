"""Buckets in platform.yaml: every mistake at its place, secrets by reference, and what the artifact holds of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from floe.artifact.settings import SecretReference
from floe.compiler.bindings import storage
from floe.config.load import load_configuration

if TYPE_CHECKING:
    from tests.config.conftest import Project

    from floe.artifact.settings import StorageBinding

FLOE = """
name: shop
version: "1.0.0"
transforms:
  - type: dbt
    path: ./models
"""
KEYS = "{mode: static, access_key_id: {secret_ref: s3, key: id}, secret_access_key: {secret_ref: s3, key: secret}}"
S3 = f"type: s3, bucket: lake, prefix: prod/shop, region: eu-west-1, credentials: {KEYS}"
GCS = "type: gcs, bucket: lake, credentials: {mode: service_account, impersonate: loader@shop.example.com}"
AZURE = "type: azure, account: shoplake, bucket: lake, credentials: {mode: static, account_key: {secret_ref: azure}}"
ROLE = "{mode: iam_role, role_arn: 'arn:aws-cn:iam::123456789012:role/lake', external_id: x, duration_seconds: 900}"


def platform(profile: str, catalog: str = "type: sql, uri: 'sqlite:///catalog.db'") -> str:
    return f"""version: "1.0.0"
storage:
  default: {{{profile}}}
catalogs:
  default: {{{catalog}}}
compute:
  default: {{type: duckdb}}
layers:
  bronze: {{namespace: bronze}}
"""


def binding(project: Project, profile: str) -> StorageBinding:
    project.load(FLOE, platform(profile))
    return storage(load_configuration(project.folder))["default"]


def test_a_bucket_is_bound_with_its_secrets_by_reference(project: Project) -> None:
    found = binding(project, S3)
    assert (found.type, found.bucket, found.prefix, found.region) == ("s3", "lake", "prod/shop", "eu-west-1")
    assert (found.endpoint, found.path_style_access) == ("", False)
    assert found.credentials.secrets == {
        "access_key_id": SecretReference(name="s3", key="id"),
        "secret_access_key": SecretReference(name="s3", key="secret"),
    }


def test_a_store_with_an_endpoint_has_the_bucket_in_the_path_unless_said_otherwise(project: Project) -> None:
    endpoint = "type: s3, bucket: lake, endpoint: 'https://minio.example.com:9000/'"
    assert binding(project, endpoint).path_style_access
    assert binding(project, endpoint).endpoint == "https://minio.example.com:9000"
    assert not binding(project, f"{endpoint}, path_style_access: false").path_style_access


def test_credentials_that_are_left_out_are_those_of_the_machine(project: Project) -> None:
    assert binding(project, "type: s3, bucket: lake, region: eu-west-1").credentials.mode == "service_account"
    assert binding(project, GCS).credentials.properties == {"impersonate": "loader@shop.example.com"}
    assert binding(project, AZURE).account == "shoplake"


def test_a_role_is_bound_with_what_is_needed_to_assume_it(project: Project) -> None:
    found = binding(project, f"type: s3, bucket: lake, region: cn-north-1, credentials: {ROLE}").credentials
    expected = {"role_arn": "arn:aws-cn:iam::123456789012:role/lake", "external_id": "x", "duration_seconds": "900"}
    assert (found.mode, found.properties, found.secrets) == ("iam_role", expected, {})


MISTAKES = {
    "no type": ("bucket: lake", "3:3: FLOE-0105 missing field `type` in `storage.default`"),
    "unknown type": ("type: s4, bucket: lake", "3:19: FLOE-0107 unknown value `s4` for `storage.default.type`"),
    "unknown field": (S3.replace("prefix", "prefx"), "3:37: FLOE-0103 unknown field `prefx` (did you mean `prefix`?)"),
    "no bucket": ("type: s3, region: eu-west-1", "3:3: FLOE-0105 missing field `bucket` in `storage.default`"),
    "neither region nor endpoint": ("type: s3, bucket: lake", "3:3: FLOE-0124 storage of type `s3` needs `region` or"),
    "a bucket in capitals": (
        "type: gcs, bucket: Lake",
        "3:32: FLOE-0107 `storage.default.bucket` must be small letters",
    ),
    "a slash at the end": (
        "type: gcs, bucket: lake, prefix: a/",
        "FLOE-0107 `storage.default.prefix` must be names joined",
    ),
    "no protocol": ("type: s3, bucket: lake, endpoint: minio:9000", "must be `http://` or `https://` and a host"),
    "unknown mode": (S3.replace("static", "statik"), "unknown value `statik` for `storage.default.credentials.mode`"),
    "half a pair of keys": (
        "type: s3, bucket: lake, region: r, credentials: {mode: static, access_key_id: {secret_ref: s3}}",
        "FLOE-0124 mode `static` needs `secret_access_key` (add `secret_access_key`)",
    ),
    "a role without its name": (
        "type: s3, bucket: lake, region: r, credentials: {mode: iam_role}",
        "FLOE-0124 mode `iam_role` needs `role_arn`",
    ),
    "no ARN": (
        "type: s3, bucket: lake, region: r, credentials: {mode: iam_role, role_arn: lake}",
        "must be the ARN of a role",
    ),
    "keys beside a role": (
        f"type: s3, bucket: lake, region: r, credentials: {ROLE[:-1]}, session_token: {{secret_ref: s3}}}}",
        "FLOE-0107 `session_token` has no meaning with mode `iam_role` (leave it out)",
    ),
    "two ways into Azure": (
        AZURE.replace("account_key", "sas_token: {secret_ref: sas}, account_key"),
        "FLOE-0124 mode `static` needs one of `account_key`, `sas_token` and `client_secret`",
    ),
    "an application without its tenant": (
        AZURE.replace("account_key: {secret_ref: azure}", "client_secret: {secret_ref: azure}, client_id: c"),
        "FLOE-0124 mode `static` needs `tenant_id`",
    ),
    "a token that is missing": (
        "type: gcs, bucket: lake, credentials: {mode: static}",
        "FLOE-0124 mode `static` needs `access_token`",
    ),
    "vended by nobody": (
        "type: s3, bucket: lake, region: r, credentials: {mode: vended}",
        "9:3: FLOE-0107 the storage of layer `bronze` has credentials of mode `vended`, and its catalog vends none",
    ),
}


@pytest.mark.parametrize(("profile", "line"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_in_a_storage_profile_is_one_clear_line(profile: str, line: str, project: Project) -> None:
    report = project.report(FLOE, platform(profile)).splitlines()
    assert [line for line in report if line.startswith("platform.yaml")] == report[:1], report
    assert line in report[0]


def test_a_key_in_plain_text_is_refused_and_not_shown(project: Project) -> None:
    # lesson 8
    report = project.report(FLOE, platform(S3.replace("{secret_ref: s3, key: secret}", "canary-of-a-secret")))
    assert "FLOE-0112" in report
    assert "canary" not in report


def test_a_storage_without_keys_goes_with_a_catalog_that_vends_them(project: Project) -> None:
    catalog = "type: rest, uri: 'https://catalog.example.com', access_delegation: vended-credentials"
    profile = "type: s3, bucket: lake, region: r, credentials: {mode: vended}"
    assert project.diagnostics(FLOE, platform(profile, catalog)) == ()
