"""Credentials and endpoints are found wherever they are written, and credentials are never shown."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from floe.config.endpoints import is_endpoint
from floe.config.reading import read_text
from floe.config.secrecy import is_credential_key, looks_secret
from floe.diagnostics.render import FORMATS, render
from floe.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Project

CANARY = "c4nary-Hunter2"


@pytest.mark.parametrize(
    "key",
    ["password", "db_password", "PGPASSWORD", "client_secret", "clientSecret", "api-key", "apiKey", "apikey", "token",
     "aws_secret_access_key", "access_key_id", "private_key", "connection_string", "credentials", "passwd"],
)  # fmt: skip
def test_keys_that_name_credentials_are_known(key: str):
    assert is_credential_key(key)


@pytest.mark.parametrize(
    "key",
    ["unique_key", "key", "secret_ref", "token_column", "token_refresh_enabled", "primary_key", "path",
     "keys", "id", ""],
)  # fmt: skip
def test_keys_that_do_not_are_left_alone(key: str):
    assert not is_credential_key(key)


@pytest.mark.parametrize(
    "value",
    [
        "AKIA" + "ABCDEFGHIJ234567",
        "-----BEGIN RSA " + "PRIVATE KEY-----",
        "ghp_" + "a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6e7f8",
        "xoxb-" + "123456789012-abcdef",
        "eyJhbGciOiJIUzI1NiJ9" + ".eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
        "postgresql://floe:" + "s3cret@db/lake",
        "Server=db;Password=" + "s3cret",
    ],
)
def test_values_that_look_like_credentials_are_known(value: str):
    assert looks_secret((), value)


@pytest.mark.parametrize(
    "value", ["sqlite:///.floe/catalog.db", "data/*.csv", "team@example.org", "1.0.0", "", "orders"]
)
def test_values_that_do_not_are_left_alone(value: str):
    assert not looks_secret((), value)


def test_a_plaintext_credential_gets_its_replacement_and_is_masked(  # lesson 8
    project: Project, lines: Callable[[str], str]
):
    text = f"""
        name: shop
        version: "1.0.0"
        transforms:
          - type: dbt
            path: models
            vars: {{start: 2024-01-01, api_token: {CANARY}, end: 2025}}
        """
    assert project.report(text, output_format="full") == lines(
        """
        error[FLOE-0112]: plaintext credential in `api_token`
          --> floe.yaml:6:42
           |
         6 |     vars: {start: 2024-01-01, api_token: **************, end: 2025}
           |                                          ^^^^^^^^^^^^^^ use `secret_ref`
           |
        hint: keep credentials out of floe.yaml: in platform.yaml, write `api_token: {secret_ref: api-token}` and keep the value in a secret store
        hint: run `floe explain FLOE-0112`

        found 1 error in 1 file
        """  # noqa: E501
    )


def test_a_plaintext_credential_in_platform_yaml_is_refused_as_well(project: Project):  # lesson 8
    platform = project.platform.replace("path: warehouse", f"path: warehouse, credentials: {{secret_key: {CANARY}}}")
    report = project.report(project.floe, platform, "full")
    assert "error[FLOE-0112]: plaintext credential in `secret_key`" in report
    assert "hint: write `secret_key: {secret_ref: secret-key}` and keep the value in a secret store" in report
    assert CANARY not in report


HIDING_PLACES = {
    "unknown key": f"password: {CANARY}\n",
    "wrong type": f"owner: {{password: {CANARY}}}\n",
    "list": f"tokens: x\ntoken: [{CANARY}, b]\n",
    "quoted": f"owner: {{'password': '{CANARY}'}}\n",
    "block": f"private_key: |\n  -----BEGIN\n  {CANARY}\n  -----END\nowner: 3\n",
    "folded": f"password: >-\n  {CANARY}\n  {CANARY}\n",
    "duplicate": f"owner: me\nowner: {{password: {CANARY}}}\n",
    "duplicate of it": f"password: a\npassword: {CANARY}\n",
    "not closed": f'owner: [1\npassword: "{CANARY}"\n',
    "not YAML": f"password: {CANARY}: x\n",
    "tab after it": f"a: 1\n\tpassword: {CANARY}\n",
    "tag": f"password: !!str {CANARY}\n",
    "anchor": f"password: &p {CANARY}\n",
    "comment": f"onwer: me  # password: {CANARY}\n",
    "url": f"storage: postgres://me:{CANARY}@db/x\n",
    "value of a word": f"publish: password={CANARY}\n",
    "number": "password: 123456789123\n",
    "control character": f"password: {CANARY}\x01\n",
    "with a comma": f"owner: @x\npassword: a,{CANARY}\n",
}


@pytest.mark.parametrize("text", HIDING_PLACES.values(), ids=HIDING_PLACES)
@pytest.mark.parametrize("target", ["floe", "platform"])
def test_a_credential_is_in_no_output_of_no_error(text: str, target: str, project: Project):  # lesson 8
    files = {"floe": project.floe, "platform": project.platform}
    files[target] += text
    with pytest.raises(ConfigurationError) as caught:
        project.load(files["floe"], files["platform"])
    said = [render(caught.value.diagnostics, output_format) for output_format in FORMATS]
    said += [
        repr(caught.value),
        repr(caught.value.diagnostics),
        str(caught.value.__cause__),
        str(caught.value.__context__),
    ]
    for secret in (CANARY, "123456789123"):
        assert not any(secret in output for output in said)


def test_a_credential_that_comes_in_through_a_variable_is_not_shown(project: Project, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CATALOG_URI", f"postgresql://me:{CANARY}@db/lake")
    platform = project.platform.replace("sqlite:///catalog.db", "${CATALOG_URI}")
    report = project.report(project.floe, platform, "full")
    assert "error[FLOE-0112]: plaintext credential in `uri`" in report
    assert CANARY not in report


def test_a_variable_must_not_carry_a_secret(project: Project, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("THE_PASSWORD", CANARY)
    found = read_text('a: {password: "${THE_PASSWORD}"}\n', "platform.yaml", {"THE_PASSWORD": CANARY})
    (diagnostic,) = found.diagnostics
    assert (diagnostic.code, diagnostic.message) == ("FLOE-0114", "`${...}` must not carry a secret")
    assert CANARY not in json.dumps(found.document.value)


def test_a_reference_to_a_secret_is_no_credential():
    assert read_text("a: {client_secret: {secret_ref: polaris-oauth}}\n", "platform.yaml", {}).diagnostics == []


@pytest.mark.parametrize(
    "value",
    [
        "http://minio:9000",
        "s3://bucket/raw",
        "jdbc:postgresql://db/x",
        "localhost:9000",
        "10.0.0.7:5432",
        "db.internal:5432/x",
    ],
)
def test_endpoints_are_refused_in_floe_yaml(value: str, project: Project):
    text = project.floe + f'    vars: {{place: "{value}"}}\n'
    (found,) = project.diagnostics(text)
    assert (found.code, found.message) == ("FLOE-0113", "an endpoint in `transforms[0].vars.place`")
    assert (found.span.line, found.span.column) == (6, 19)


@pytest.mark.parametrize("value", ["data/orders/*.csv", "12:30:45", "2024-01-01T10:00:00", "orders", "a//b", "x: y"])
def test_other_values_are_no_endpoints(value: str):
    assert not is_endpoint(value)


def test_a_very_long_text_is_looked_through_once():
    """Looking again from each of its characters would take days."""
    assert not is_endpoint("x" * 2_000_000)
    assert is_endpoint("x" * 2_000_000 + "://h")


def test_an_endpoint_as_a_path_or_file_is_reported_once(project: Project):
    text = 'name: shop\nversion: "1.0.0"\ntransforms: [{type: dbt, path: "s3://b/x"}]\nsources: {x: {files: "s3://b/*.csv"}}\n'
    assert [diagnostic.code for diagnostic in project.diagnostics(text)] == ["FLOE-0113", "FLOE-0113"]


def test_the_description_may_hold_a_link(project: Project):
    assert project.report(project.floe + "description: see https://example.org/wiki\n") == "found no errors"
