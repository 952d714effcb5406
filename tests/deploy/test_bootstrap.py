"""`floe platform bootstrap`: creates what is missing, once, and says what became of each step."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pyiceberg.catalog.sql import SqlCatalog

if TYPE_CHECKING:
    from tests.deploy.conftest import Floe, PolarisServer
    from tests.services.moto import Moto

LOCAL = "{type: local, path: lake}"
SQLITE = "{type: sql, uri: 'sqlite:///catalog.db'}"
S3 = (
    "{{type: s3, bucket: {}, prefix: prod, endpoint: '{}', "
    "credentials: {{mode: static, access_key_id: {}, secret_access_key: {}}}}}"
)
KEYS = ("{secret_ref: s3, key: access_key_id}", "{secret_ref: s3, key: secret_access_key}")
POLARIS = (
    "{{type: polaris, uri: '{}', warehouse: lake, access_delegation: vended-credentials, "
    "credentials: {{mode: oauth2, client_id: root-id, client_secret: {{secret_ref: polaris-root}}, "
    "scope: 'PRINCIPAL_ROLE:ALL'}}, bootstrap: {{role_arn: 'arn:aws:iam::123456789012:role/lake'{}}}}}"
)
ON_S3 = "{type: s3, bucket: shop-lake, prefix: prod, region: eu-west-1, credentials: {mode: vended}}"


def project(storage: str = LOCAL, catalog: str = SQLITE, layers: tuple[str, ...] = ("bronze", "eu.gold")) -> None:
    Path("one.csv").write_text("id\n1\n")
    sources = f"{{one: {{files: one.csv, layer: {layers[0].rpartition('.')[2]}}}}}"
    Path("floe.yaml").write_text(f'name: shop\nversion: "1.0.0"\nsources: {sources}\n')
    Path("platform/local").mkdir(parents=True, exist_ok=True)
    bound = "".join(f"  {name.rpartition('.')[2]}: {{namespace: {name}}}\n" for name in layers)
    Path("platform/local/platform.yaml").write_text(
        f'version: "1.0.0"\nstorage:\n  default: {storage}\ncatalogs:\n  default: {catalog}\n'
        f"compute:\n  default: {{type: duckdb}}\nlayers:\n{bound}"
    )


def read_a_model() -> None:
    """Let the project have a model of dbt's, not a file, which takes longer."""
    Path("models").mkdir()
    Path("models/one.sql").write_text("select 1 as id")
    Path("floe.yaml").write_text('name: shop\nversion: "1.0.0"\ntransforms: [{type: dbt, path: models}]\n')


def outcomes(text: str) -> dict[str, str]:
    return {step["step"]: step["outcome"] for step in json.loads(text)["steps"]}


def test_a_local_platform_gets_its_folder_and_namespaces_and_a_second_call_changes_nothing(
    floe: Floe, tmp_path: Path
) -> None:
    project()
    first = floe("platform", "bootstrap")
    second = floe("platform", "bootstrap", "--json")

    assert first.status == second.status == 0
    assert first.err.count("done") == 3
    assert "3 steps: 3 created, 0 failed or skipped" in first.err
    assert set(outcomes(second.out).values()) == {"already there"}
    assert Path("lake").is_dir()
    catalog = SqlCatalog("floe", uri=f"sqlite:///{tmp_path}/catalog.db", warehouse=str(tmp_path))
    assert ("bronze",) in catalog.list_namespaces()
    assert catalog.load_namespace_properties("eu.gold")["location"] == f"{tmp_path}/lake/eu.gold"


def test_a_rehearsal_makes_nothing(floe: Floe) -> None:
    project()
    said = floe("platform", "bootstrap", "--dry-run", "--json")

    assert said.status == 0
    assert set(outcomes(said.out).values()) == {"to do"}
    assert not Path("lake").exists()
    assert not Path("catalog.db").exists()


def test_a_bucket_is_made(floe: Floe, moto: Moto, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in moto.user().environment("s3").items():
        monkeypatch.setenv(name, value)
    project(S3.format("made-by-bootstrap", moto.endpoint, *KEYS))

    assert outcomes(floe("platform", "bootstrap", "--json").out)["bucket `made-by-bootstrap`"] == "done"
    assert outcomes(floe("platform", "bootstrap", "--json").out)["bucket `made-by-bootstrap`"] == "already there"
    assert "made-by-bootstrap" in {item["Name"] for item in moto.client("s3").list_buckets()["Buckets"]}


def test_a_step_that_is_not_allowed_fails_and_the_rest_is_done(
    floe: Floe, moto: Moto, monkeypatch: pytest.MonkeyPatch
) -> None:
    # lesson 36: bootstrap exited 0 after failing
    nothing = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}
    for name, value in moto.user(nothing).environment("s3").items():
        monkeypatch.setenv(name, value)
    project(S3.format("not-allowed", moto.endpoint, *KEYS))
    said = floe("platform", "bootstrap")

    assert said.status == 2
    assert "failed  storage.default: bucket `not-allowed`" in said.err
    assert "error[FLOE-052" in said.err
    assert "done  catalogs.default: namespace `bronze`" in said.err


def test_polaris_gets_a_catalog_a_principal_roles_grants_and_namespaces(floe: Floe, polaris: PolarisServer) -> None:
    project(ON_S3, POLARIS.format(polaris.uri, ", principal: loader, sts_endpoint: 'https://sts.example.com'"))
    first = floe("platform", "bootstrap")
    made = polaris.managed

    assert first.status == 0, first.err
    catalog = made.things["catalogs/lake"]
    assert catalog["properties"] == {"default-base-location": "s3://shop-lake/prod"}
    assert catalog["storageConfigInfo"] == {
        "storageType": "S3",
        "allowedLocations": ["s3://shop-lake/prod"],
        "region": "eu-west-1",
        "stsEndpoint": "https://sts.example.com",
        "roleArn": "arn:aws:iam::123456789012:role/lake",
        "stsUnavailable": False,
        "pathStyleAccess": False,
    }
    assert made.lists == {
        "catalogs/lake/catalog-roles/floe/grants": [{"type": "catalog", "privilege": "CATALOG_MANAGE_CONTENT"}],
        "principal-roles/floe/catalog-roles/lake": [{"name": "floe"}],
        "principals/loader/principal-roles": [{"name": "floe"}],
    }
    namespaces = {".".join(name): value["location"] for name, value in polaris.state.namespaces.items()}
    assert namespaces == {
        "bronze": "s3://shop-lake/prod/bronze",
        "eu": "s3://shop-lake/prod/eu",
        "eu.gold": "s3://shop-lake/prod/eu/gold",
    }
    assert "principal `loader`: client_id = id-of-loader" in first.out
    assert "principal `loader`: client_secret = made-up" in first.out
    assert "canary" not in first.out + first.err

    second = floe("platform", "bootstrap", "--json")
    assert second.status == 0
    assert set(outcomes(second.out).values()) == {"already there"}
    assert "made-up" not in second.out + second.err


def test_without_a_named_principal_the_one_that_connects_gets_the_role(floe: Floe, polaris: PolarisServer) -> None:
    project(ON_S3, POLARIS.format(polaris.uri, ", principal_role: writers"))

    assert floe("platform", "bootstrap").status == 0
    assert polaris.managed.lists["principals/root/principal-roles"] == [{"name": "writers"}]
    polaris.managed.things["principals/root"]["clientId"] = "another"
    polaris.managed.lists.clear()
    said = floe("platform", "bootstrap", "--json")
    assert said.status == 2
    assert "FLOE-0751" in said.err


def test_what_needs_a_failed_step_is_skipped(floe: Floe, polaris: PolarisServer) -> None:
    project(ON_S3, POLARIS.format(polaris.uri, ", principal: loader"))
    polaris.forbidden_path = "principal-roles"
    said = floe("platform", "bootstrap", "--json")

    assert said.status == 2
    document: dict[str, Any] = json.loads(said.out)
    assert document["status"] == "error"
    found = outcomes(said.out)
    assert found["principal `loader`"] == "done"
    assert found["principal role `floe`"] == "failed"
    assert found["namespace `bronze`"] == "skipped"
    failed = next(step for step in document["steps"] if step["outcome"] == "failed")
    assert failed["error"]["code"] == "FLOE-0533"
    rehearsed = floe("platform", "bootstrap", "--dry-run", "--json")
    assert rehearsed.status == 0
    assert outcomes(rehearsed.out)["principal role `floe`"] == "to do"


def test_a_polaris_catalog_that_keeps_its_tables_elsewhere_is_left_alone(floe: Floe, polaris: PolarisServer) -> None:
    project(ON_S3, POLARIS.format(polaris.uri, ""))
    elsewhere = {"name": "lake", "storageConfigInfo": {"storageType": "S3", "allowedLocations": ["s3://other/x/"]}}
    polaris.managed.things["catalogs/lake"] = elsewhere
    said = floe("platform", "bootstrap")

    assert said.status == 2
    assert "FLOE-0752" in said.err
    assert "it may in `s3://other/x`" in said.err
    assert polaris.managed.things["catalogs/lake"] is elsewhere


def test_polaris_cannot_use_a_folder_of_this_machine(floe: Floe, polaris: PolarisServer) -> None:
    project(LOCAL, POLARIS.format(polaris.uri, "").replace("vended-credentials", "none"))
    said = floe("platform", "bootstrap")

    assert said.status == 2
    assert "FLOE-0753" in said.err


@pytest.mark.parametrize(
    ("storage", "expected"),
    [
        ("{type: gcs, bucket: shop-lake, credentials: {mode: vended}}", {"storageType": "GCS"}),
        (
            "{type: azure, account: shop, bucket: shop-lake, credentials: {mode: vended}}",
            {"storageType": "AZURE", "tenantId": ""},
        ),
    ],
)
def test_other_object_stores_are_described_to_polaris(
    floe: Floe, polaris: PolarisServer, storage: str, expected: dict[str, str]
) -> None:
    project(storage, POLARIS.format(polaris.uri, ""))

    assert floe("platform", "bootstrap").status == 0
    described = polaris.managed.things["catalogs/lake"]["storageConfigInfo"]
    assert expected.items() <= described.items()


def test_another_rest_catalog_gets_its_namespaces(floe: Floe, polaris: PolarisServer) -> None:
    polaris.behaviour.clients.clear()
    project(LOCAL, f"{{type: rest, uri: '{polaris.uri}', warehouse: lake}}")
    said = floe("platform", "bootstrap", "--json")

    assert said.status == 0
    assert outcomes(said.out)["namespace `eu.gold`"] == "done"
    assert ("eu", "gold") in polaris.state.namespaces


def test_glue_gets_its_databases(floe: Floe, moto: Moto, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in moto.user().environment("s3").items():
        monkeypatch.setenv(name, value)
    keys = "access_key_id: {}, secret_access_key: {}".format(*KEYS)
    glue = f"{{type: glue, region: us-east-1, endpoint: '{moto.endpoint}', credentials: {{mode: static, {keys}}}}}"
    project(S3.format("lake-of-glue", moto.endpoint, *KEYS), glue, ("bootstrapped",))

    assert floe("platform", "bootstrap").status == 0
    assert outcomes(floe("platform", "bootstrap", "--json").out)["namespace `bootstrapped`"] == "already there"
    database = moto.client("glue").get_database(Name="bootstrapped")["Database"]
    assert database["LocationUri"] == "s3://lake-of-glue/prod/bootstrapped"


def test_a_warehouse_has_nothing_to_bootstrap(floe: Floe, tmp_path: Path) -> None:
    project()
    read_a_model()
    Path("platform/local/platform.yaml").write_text(
        'version: "1.0.0"\ncompute:\n  default: {type: postgres, properties: {host: db, database: d, schema: s}, '
        "credentials: {user: u, password: {secret_ref: p}}}\n"
    )
    said = floe("platform", "bootstrap")

    assert said.status == 2
    assert "FLOE-0750" in said.err
