"""What may be wrong with a catalog or a storage: each time one clear error, exit status 2, and a way out that works."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from conformance.catalogs.management import a_token, asked
from conformance.harness import PASSWORD, USER
from services.polaris.server import ROOT_SECRET
from services.process import free_port

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conformance.catalogs.places import Place
    from conformance.harness import Server
    from services.polaris.server import Polaris
    from tests.services.moto import Moto

NO_WRITING = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": ["s3:List*", "s3:Get*", "glue:Get*"], "Resource": "*"}],
}

MODEL = "{{ config(materialized='table') }} select 1 as id"


def said(place: Place, code: str, *secrets: str) -> str:
    """What a run says that ends with this error alone, in one line."""
    result = place.floe("run")
    text = result.stdout + result.stderr
    assert (result.returncode, text.count("error[FLOE-")) == (2, 1), text
    assert f"error[{code}]" in text
    assert "Traceback" not in text
    assert not [secret for secret in secrets if secret in text]
    return " ".join(text.split())


def with_table(place: Place) -> Place:
    """The place, with a model that is published; the one it has is a view."""
    (place.folder / "models/one.sql").write_text(MODEL)
    return place


def changed(place: Place, old: str, new: str, **environment: str) -> Place:
    """The place with another platform.yaml, and other secrets."""
    assert old in place.platform
    other = replace(place, platform=place.platform.replace(old, new), environment={**place.environment, **environment})
    other.write()
    return other


def with_secrets(place: Place, **environment: str) -> Place:
    """The place with other secrets."""
    return replace(place, environment={**place.environment, **environment})


@pytest.fixture(params=["sqlite-s3", "postgres-s3", "polaris-s3", "glue-s3"])
def in_bucket(request: pytest.FixtureRequest, make_place: Callable[[str, Path], Place], tmp_path: Path) -> Place:
    """A place whose tables lie in a bucket, on each catalog."""
    return with_table(make_place(request.param, tmp_path / "project"))


def test_each_fault_of_the_storage_is_told_from_those_of_the_catalog(in_bucket: Place, moto: Moto) -> None:
    place, good = in_bucket, moto.user()
    wrong, poor = replace(good, secret_access_key="canary-of-a-secret"), moto.user(NO_WRITING)
    expired = moto.temporary_keys(1)
    time.sleep(1.1)
    assert "the catalog's credentials are not at fault" in said(
        with_secrets(place, **wrong.environment()), "FLOE-0521", wrong.secret_access_key
    )
    assert "read, write and delete" in said(with_secrets(place, **poor.environment()), "FLOE-0522")
    third = ", session_token: {secret_ref: s3, key: session_token}"
    old = "secret_access_key: {secret_ref: s3, key: secret_access_key}"
    assert "have expired" in said(
        changed(place, old, old + third, **expired.environment()), "FLOE-0523", expired.session_token
    )
    nobody = f"http://127.0.0.1:{free_port()}"
    storage, _, rest = place.platform.partition("catalogs:")
    away = replace(place, platform=f"{storage.replace(moto.endpoint, nobody)}catalogs:{rest}")
    away.write()
    assert f"`{nobody}` cannot be reached" in said(away, "FLOE-0524")
    place.write()
    assert place.floe("run").returncode == 0


def test_a_missing_bucket_is_made_by_the_command_that_the_error_names(in_bucket: Place) -> None:
    bucket = in_bucket.platform.partition("bucket: ")[2].partition(",")[0]
    place = changed(in_bucket, f"bucket: {bucket}", f"bucket: {bucket}-new")
    if "polaris" in place.platform:  # a catalog of Polaris belongs to its bucket: the new one needs a new one
        warehouse = place.plain_properties["warehouse"]
        moved = place.platform.replace(f"warehouse: {warehouse}", f"warehouse: {warehouse}_new")
        place = replace(place, platform=moved)
        place.write()
        text = said(place, "FLOE-0641")  # both are missing, and one error says so
        assert all(f" {code}: " in text for code in ("FLOE-0520", "FLOE-0534")), text
        assert text.count("create it with `floe platform bootstrap`") == 2
    else:
        text = said(place, "FLOE-0520")
        assert f"there is no bucket `{bucket}-new`" in text
        assert "create it with `floe platform bootstrap`" in text
    made = place.floe("platform", "bootstrap")
    assert made.returncode == 0, made.stderr
    assert place.floe("run").returncode == 0


@pytest.mark.parametrize(("kind", "code"), [("sqlite-s3", "FLOE-0525"), ("glue-local", "FLOE-0555")])
def test_a_clock_that_is_wrong_is_the_error(
    kind: str, code: str, make_place: Callable[[str, Path], Place], tmp_path: Path, moto: Moto
) -> None:
    place = with_table(make_place(kind, tmp_path / "project"))
    moto.fail(clock_offset_seconds=3600)
    assert "set the clock" in said(place, code)


def test_each_fault_of_glue_is_one_clear_error(
    make_place: Callable[[str, Path], Place], tmp_path: Path, moto: Moto
) -> None:
    place, good = with_table(make_place("glue-local", tmp_path / "project")), moto.user()
    wrong, poor, expired = replace(good, secret_access_key="canary-g"), moto.user(NO_WRITING), moto.temporary_keys(1)
    assert "does not accept the keys" in said(with_secrets(place, **wrong.environment("glue")), "FLOE-0570", "canary-g")
    assert "may not create" in said(with_secrets(place, **poor.environment("glue")), "FLOE-0570")
    time.sleep(1.1)
    third = ", session_token: {secret_ref: glue, key: session_token}"
    old = "secret_access_key: {secret_ref: glue, key: secret_access_key}"
    assert "have expired" in said(changed(place, old, old + third, **expired.environment("glue")), "FLOE-0556")
    away = changed(place, moto.endpoint, f"http://127.0.0.1:{free_port()}")
    assert "could not connect" in said(away, "FLOE-0571")


def test_each_fault_of_a_postgresql_catalog_is_one_clear_error(
    make_place: Callable[[str, Path], Place], tmp_path: Path, server: Server
) -> None:
    place = with_table(make_place("postgres-local", tmp_path / "project"))
    assert "check `credentials`" in said(with_secrets(place, CATALOG_PASSWORD="canary-p"), "FLOE-0546", "canary-p")
    database = place.platform.partition(f"{server.port}/")[2].partition("'")[0]
    missing = changed(place, f"/{database}'", f"/{database}_new'")
    assert f"create it: `createdb {database}_new`" in said(missing, "FLOE-0547", PASSWORD)
    server.execute("postgres", f"create database {database}_new")
    assert missing.floe("run").returncode == 0
    server.execute("postgres", f"create role reader_{database} login password 'canary-r'")
    poor = changed(place, f"user: {USER}", f"user: reader_{database}", CATALOG_PASSWORD="canary-r")
    assert "grant the user" in said(poor, "FLOE-0548", "canary-r")
    away = changed(place, f":{server.port}/", f":{free_port()}/")
    assert "check that the server runs" in said(away, "FLOE-0545", PASSWORD)


def test_each_fault_of_polaris_is_one_clear_error(
    make_place: Callable[[str, Path], Place], tmp_path: Path, polaris: Polaris
) -> None:
    place = with_table(make_place("polaris-s3", tmp_path / "project"))
    wrong = with_secrets(place, POLARIS_ROOT_SECRET="canary-q")
    assert "check `client_id`, `scope` and the secret" in said(wrong, "FLOE-0531", "canary-q")
    client_id, secret = new_principal(polaris)
    poor = changed(place, "client_id: root", f"client_id: {client_id}", POLARIS_ROOT_SECRET=secret)
    assert "grant it that right" in said(poor, "FLOE-0533", secret)
    nobody = f"uri: 'http://127.0.0.1:{free_port()}/api/catalog', properties: {{patience_seconds: 1}}"
    away = changed(place, f"uri: '{polaris.uri}'", nobody)
    assert "check that it runs" in said(away, "FLOE-0530", ROOT_SECRET)


def test_a_token_of_polaris_that_has_expired_is_told(
    make_place: Callable[[str, Path], Place], tmp_path: Path, hasty_polaris: Polaris
) -> None:
    place = with_table(make_place("hasty_polaris-s3", tmp_path / "project"))
    token = a_token(hasty_polaris)
    who = place.platform.partition("credentials: {mode: oauth2")[2].partition("}, access_delegation")[0]
    bearer = "credentials: {mode: static, token: {secret_ref: polaris-token}"
    place = changed(place, f"credentials: {{mode: oauth2{who}", bearer, POLARIS_TOKEN=token)
    time.sleep(11)
    assert "the token has expired or was revoked" in said(place, "FLOE-0532", token)


def new_principal(polaris: Polaris) -> tuple[str, str]:
    """Client id and secret of a principal that may do nothing."""
    document = {"principal": {"name": f"nobody-{time.monotonic_ns()}", "properties": {}}}
    made = asked(polaris, "principals", document)["credentials"]
    return str(made["clientId"]), str(made["clientSecret"])
