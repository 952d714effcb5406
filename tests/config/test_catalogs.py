"""Catalogs on servers in platform.yaml: checked by name, type and what belongs together; secrets by reference only."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from floe.compiler.bindings import catalogs
from floe.config.load import load_configuration

if TYPE_CHECKING:
    from tests.config.conftest import Project

    from floe.artifact.settings import CatalogBinding
    from floe.diagnostics.diagnostic import Diagnostic

FLOE = """
name: shop
version: "1.0.0"
transforms:
  - type: dbt
    path: ./models
"""
OAUTH = """
type: polaris
uri: https://polaris.example.com/api/catalog
warehouse: lake
credentials:
  {mode: oauth2, client_id: floe, client_secret: {secret_ref: polaris, key: secret}, scope: PRINCIPAL_ROLE:ALL}
"""
SIGNED = """
type: rest
uri: https://glue.eu-west-1.amazonaws.com/iceberg
credentials: {mode: sigv4, region: eu-west-1, service: glue}
"""


def platform(profile: str, namespace: str = "bronze") -> str:
    indented = "\n".join(f"    {line}" for line in profile.strip().splitlines())
    return f"""version: "1.0.0"
storage:
  default: {{type: local, path: warehouse}}
catalogs:
  default:
{indented}
compute:
  default: {{type: duckdb}}
layers:
  bronze: {{namespace: {namespace}}}
"""


def binding(project: Project, profile: str) -> CatalogBinding:
    project.load(FLOE, platform(profile))
    return catalogs(load_configuration(project.folder))["default"]


def mistakes(project: Project, profile: str) -> list[Diagnostic]:
    return list(project.diagnostics(FLOE, platform(profile)))


def test_a_polaris_catalog_keeps_its_secrets_as_references(project: Project) -> None:
    bound = binding(project, OAUTH)

    assert (bound.type, bound.uri, bound.warehouse) == ("polaris", "https://polaris.example.com/api/catalog", "lake")
    assert (bound.access_delegation, bound.token_refresh_enabled) == ("none", True)
    assert bound.credentials["mode"] == "oauth2"
    secret = bound.credentials["client_secret"]
    assert (secret.name, secret.key) == ("polaris", "secret")


def test_a_postgresql_catalog_keeps_its_password_as_a_reference(project: Project) -> None:
    profile = "type: sql\nuri: postgresql://db.example.com:5432/lake\ncredentials:\n  "
    bound = binding(project, profile + "{user: floe, password: {secret_ref: lake-password}}")

    assert (bound.type, bound.uri, bound.warehouse) == ("sql", "postgresql://db.example.com:5432/lake", "floe")
    assert (bound.credentials["user"], bound.credentials["password"].name) == ("floe", "lake-password")
    assert binding(project, "type: sql\nuri: postgresql://db/lake?sslmode=verify-full").credentials == {}


@pytest.mark.parametrize(
    ("profile", "code"),
    [
        ("type: sql\nuri: sqlite:///c.db\ncredentials: {user: floe}", "FLOE-0107"),
        ("type: sql\nuri: postgresql://floe@db/lake", "FLOE-0107"),
        ("type: sql\nuri: postgresql://db", "FLOE-0107"),
        ("type: sql\nuri: postgresql://floe:hunter2@db/lake", "FLOE-0112"),
        ("type: sql\nuri: postgresql://db/lake\ncredentials: {password: hunter2}", "FLOE-0112"),
    ],
)
def test_a_sql_catalog_says_who_connects_in_one_place_only(project: Project, profile: str, code: str) -> None:
    # lesson 8
    assert code in {diagnostic.code for diagnostic in mistakes(project, profile)}


def test_a_rest_catalog_may_be_open_to_everybody_and_have_no_warehouse(project: Project) -> None:
    bound = binding(project, "type: rest\nuri: http://localhost:8181")

    assert (bound.warehouse, bound.credentials, bound.settings.headers) == ("", {}, {})


def test_properties_say_how_requests_are_made(project: Project) -> None:
    properties = """
properties:
  headers: {Polaris-Realm: floe, X-Pass: {secret_ref: gateway}}
  ca_bundle: certificates/ca.pem
  timeout_seconds: 5
  patience_seconds: 0
  page_size: 50
"""
    settings = binding(project, OAUTH + properties.strip()).settings

    assert settings.headers["Polaris-Realm"] == "floe"
    assert settings.headers["X-Pass"].name == "gateway"
    assert (settings.ca_bundle, settings.timeout_seconds) == ("certificates/ca.pem", 5)
    assert (settings.patience_seconds, settings.page_size) == (0, 50)


def test_requests_may_be_signed_for_a_role_of_any_partition(project: Project) -> None:
    role = "arn:aws-cn:iam::123456789012:role/lake"
    bound = binding(project, SIGNED.replace("mode: sigv4", f"mode: iam_role, role_arn: '{role}'"))

    assert bound.credentials == {"mode": "iam_role", "role_arn": role, "region": "eu-west-1", "service": "glue"}


@pytest.mark.parametrize(
    ("before", "after", "code", "message"),
    [
        ("type: polaris", "type: polar", "FLOE-0107", "unknown value `polar` for `catalogs.default.type`"),
        ("warehouse: lake\n", "", "FLOE-0105", "missing field `warehouse` in `catalogs.default`"),
        ("https://polaris", "polaris", "FLOE-0107", "`catalogs.default.uri` must be the address of a server"),
        ("warehouse: lake", "warehuose: lake", "FLOE-0103", "unknown field `warehuose`"),
        ("mode: oauth2", "mode: oauth", "FLOE-0107", "unknown value `oauth` for `catalogs.default.credentials.mode`"),
        (", scope: PRINCIPAL_ROLE:ALL", "", "FLOE-0542", "mode `oauth2` needs `scope`"),
        ("mode: oauth2", "mode: static", "FLOE-0542", "mode `static` needs `token`"),
        ("client_id: floe", "client_id: floe, region: eu", "FLOE-0542", "`region` does not belong to mode `oauth2`"),
        ("warehouse: lake", "warehouse: lake\naccess_delegation: remote-signing", "FLOE-0107", "`remote-signing`"),
        ("warehouse: lake", "warehouse: lake\nproperties: {timeout_seconds: 0}", "FLOE-0107", "must be at least 1"),
        ("{secret_ref: polaris, key: secret}", "s3cr3t-in-plain", "FLOE-0112", "plaintext credential"),
    ],
)
def test_each_setting_is_checked(project: Project, before: str, after: str, code: str, message: str) -> None:
    found = mistakes(project, OAUTH.replace(before, after))

    assert any(item.code == code and message in item.message for item in found)
    assert all(item.span is not None and item.span.line > 4 for item in found)


def test_a_key_without_its_secret_is_refused_at_its_place(project: Project) -> None:
    (mistake,) = mistakes(project, SIGNED.replace("service: glue", "access_key_id: {secret_ref: aws}"))

    assert (mistake.code, mistake.message) == ("FLOE-0542", "mode `sigv4` needs `secret_access_key`")
    assert mistake.span.line == 8


def test_a_role_must_be_an_arn(project: Project) -> None:
    (mistake,) = mistakes(project, SIGNED.replace("mode: sigv4", "mode: iam_role, role_arn: lake"))

    assert "`catalogs.default.credentials.role_arn` must be the ARN of a role" in mistake.message


def test_no_namespace_begins_with_the_warehouse(project: Project) -> None:
    # lesson 7
    (mistake,) = project.diagnostics(FLOE, platform(OAUTH, namespace="lake.bronze"))

    assert mistake.code == "FLOE-0115"


def test_a_catalog_without_a_warehouse_takes_any_namespace(project: Project) -> None:
    assert project.diagnostics(FLOE, platform("type: rest\nuri: http://localhost:8181", namespace="floe.x")) == ()
