"""Catalogs of type `glue` in platform.yaml: who asks, where, and what of it ends in the artifact."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from floe.artifact.settings import SecretReference
from floe.compiler.bindings import catalogs
from floe.config.load import load_configuration

if TYPE_CHECKING:
    from tests.config.conftest import Project

FLOE = """
name: shop
version: "1.0.0"
transforms:
  - type: dbt
    path: ./models
"""
PLATFORM = """version: "1.0.0"
storage:
  default: {{type: s3, bucket: lake, region: eu-west-1}}
catalogs:
  default: {glue}
compute:
  default: {{type: duckdb}}
layers:
  bronze: {{namespace: bronze}}
"""
KEYS = "access_key_id: {secret_ref: aws, key: id}, secret_access_key: {secret_ref: aws, key: secret}"
ONE_KEY = "access_key_id: {secret_ref: aws, key: id}"
ROLE = "arn:aws:iam::123456789012:role/floe"


def binding(project: Project, glue: str):
    project.load(FLOE, PLATFORM.format(glue=glue))
    return catalogs(load_configuration(project.folder))["default"]


def mistakes(project: Project, glue: str) -> list[tuple[str, str]]:
    return [(item.code, item.message) for item in project.diagnostics(FLOE, PLATFORM.format(glue=glue))]


def test_a_region_is_enough(project: Project) -> None:
    bound = binding(project, "{type: glue, region: eu-west-1}")
    assert (bound.type, bound.uri, bound.warehouse) == ("glue", "", "")
    assert bound.credentials == {"mode": "service_account", "region": "eu-west-1"}


def test_secrets_stay_references(project: Project) -> None:
    text = f"{{type: glue, endpoint: 'https://glue.example.com/', credentials: {{mode: static, {KEYS}}}}}"
    bound = binding(project, text)
    assert bound.uri == "https://glue.example.com"
    assert bound.credentials == {
        "mode": "static",
        "access_key_id": SecretReference(name="aws", key="id"),
        "secret_access_key": SecretReference(name="aws", key="secret"),
    }


def test_a_role_may_be_taken_on_with_keys_or_with_what_the_machine_has(project: Project) -> None:
    role = f"mode: iam_role, role_arn: '{ROLE}', external_id: floe"
    bound = binding(project, f"{{type: glue, region: eu-west-1, catalog_id: '123456789012', credentials: {{{role}}}}}")
    assert bound.warehouse == "123456789012"
    assert bound.credentials["role_arn"] == ROLE
    bound = binding(project, f"{{type: glue, region: eu-west-1, credentials: {{{role}, {KEYS}}}}}")
    assert bound.credentials["access_key_id"] == SecretReference(name="aws", key="id")


@pytest.mark.parametrize(
    ("glue", "said"),
    [
        ("{type: glue}", "a catalog of type `glue` needs `region` or `endpoint`"),
        ("{type: glue, region: r, credentials: {mode: static}}", "mode `static` needs `access_key_id`"),
        ("{type: glue, region: r, credentials: {mode: iam_role}}", "mode `iam_role` needs `role_arn`"),
        (
            f"{{type: glue, region: r, credentials: {{mode: service_account, role_arn: '{ROLE}'}}}}",
            "`role_arn` has no meaning with mode `service_account`",
        ),
        (
            f"{{type: glue, region: r, credentials: {{mode: iam_role, role_arn: '{ROLE}', {ONE_KEY}}}}}",
            "mode `iam_role` needs `secret_access_key`",
        ),
    ],
)
def test_what_is_missing_or_does_not_belong_together_is_named(project: Project, glue: str, said: str) -> None:
    assert said in [message for _, message in mistakes(project, glue)]


def test_unknown_keys_are_refused(project: Project) -> None:
    found = mistakes(project, "{type: glue, region: r, warehouse: lake}")
    assert any("unknown key `warehouse`" in message or "`warehouse`" in message for _, message in found)
