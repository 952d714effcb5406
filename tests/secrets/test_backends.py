"""What every place that keeps secrets does alike, and what is special about some."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from keyring.errors import KeyringLocked

from floe.errors import EnvironmentFaultError
from floe.secrets.base import Reference
from floe.secrets.masking import mask
from floe.secrets.resolve import BackendSettings, Resolver

from .conftest import ACCESS, ONE, SECRET, VAULT, aws_place, install_safe, vault_place

if TYPE_CHECKING:
    from pathlib import Path

    from tests.services.moto import Moto
    from tests.services.vault import Vault

    from .conftest import Place, Ring

PLACES = (
    *("env", "mount", "file", "vault, version 2", "vault, version 1", "aws-secrets-manager", "keyring"),
    "of another package",
)
every_place = pytest.mark.parametrize("place", PLACES, indirect=True)


def refusal(resolver: Resolver, name: str, key: str = "") -> EnvironmentFaultError:
    with pytest.raises(EnvironmentFaultError) as caught:
        resolver.resolve(Reference(name, key))
    return caught.value


# Every backend


@every_place
def test_a_secret_of_one_value_is_found_by_its_name(place: Place) -> None:
    assert place.resolver().resolve(Reference("db-password")) == ONE


@every_place
def test_a_secret_of_several_values_is_found_by_name_and_key(place: Place) -> None:
    resolver = place.resolver()
    assert resolver.resolve(Reference("s3", "access_key_id")) == ACCESS
    assert resolver.resolve(Reference("s3", "secret_access_key")) == SECRET


@every_place
def test_what_is_missing_names_every_place_that_was_tried_and_no_value(place: Place) -> None:
    for wanted in (("nowhere", ""), ("s3", "no_such_key"), ("db-password", "no_such_key")):
        error = refusal(place.resolver(), *wanted)
        assert error.code == "FLOE-0460"
        assert f"the environment variable `{Reference(*wanted).variable}`" in error.reason
        assert place.shown in error.reason
        assert "canary" not in f"{error.reason} {error.instruction} {error.details}"


@every_place
def test_every_value_is_masked_once_it_was_given_out(place: Place) -> None:
    place.resolver().resolve(Reference("db-password"))
    assert mask(f"it is {ONE}") == "it is *****"


@every_place
def test_the_report_of_all_secrets_says_who_has_which(place: Place) -> None:
    found = place.resolver().try_all([Reference("db-password"), Reference("nowhere")])
    assert [finding.backend for finding in found] == [place.settings.type, ""]
    assert "canary" not in repr(found)


@every_place
def test_a_reference_without_key_to_several_values_is_told_their_names(place: Place) -> None:
    if place.lists_keys:
        error = refusal(place.resolver(), "s3")
        assert (error.code, "`access_key_id`, `secret_access_key`" in error.instruction) == ("FLOE-0461", True)
        assert "canary" not in f"{error.reason} {error.instruction}"
    else:
        found = place.resolver().try_all([Reference("s3")])[0]
        assert found.fault is not None or place.settings.type == "aws-secrets-manager"


# Files


def test_a_file_that_everybody_may_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "secrets.env"
    file.write_text("TOKEN=canary-value\n")
    file.chmod(0o644)
    error = refusal(Resolver([BackendSettings("file", {"path": str(file)})]), "token")
    assert (error.code, error.instruction) == ("FLOE-0468", f"run `chmod 600 {file}`")


def test_a_file_that_is_not_there_has_no_secrets(tmp_path: Path) -> None:
    error = refusal(Resolver([BackendSettings("file", {"path": str(tmp_path / "none.env")})]), "token")
    assert (error.code, error.instruction) == ("FLOE-0460", "keep it in one of these places")


def test_a_file_that_is_no_text_is_said_to_be_none(tmp_path: Path) -> None:
    file = tmp_path / "secrets.env"
    file.write_bytes(b"TOKEN=\xff\xfe\n")
    file.chmod(0o600)
    assert refusal(Resolver([BackendSettings("file", {"path": str(file)})]), "token").code == "FLOE-0461"


def test_dollar_signs_in_a_file_are_part_of_the_secret(tmp_path: Path) -> None:
    file = tmp_path / "secrets.env"
    file.write_text("TOKEN='a${HOME}b$c'\n")
    file.chmod(0o600)
    assert Resolver([BackendSettings("file", {"path": str(file)})]).resolve(Reference("token")) == "a${HOME}b$c"


# Vault


def app_role(vault: Vault, monkeypatch: pytest.MonkeyPatch, proof: str = "secret-id-of-role") -> Resolver:
    vault.app_roles["role-id-of-role"] = "secret-id-of-role"
    place = vault_place(vault, monkeypatch, auth_mode="approle", auth_mount="approle")
    monkeypatch.setenv("ROLE_ID", "role-id-of-role")
    monkeypatch.setenv("SECRET_ID", proof)
    secrets = {"role_id": Reference("role-id"), "secret_id": Reference("secret-id")}
    return replace(place, settings=replace(place.settings, secrets=secrets)).resolver()


def test_vault_is_logged_in_to_by_an_app_role(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    resolver = app_role(vault, monkeypatch)
    assert resolver.resolve(Reference("db-password")) == ONE
    assert resolver.resolve(Reference("s3", "access_key_id")) == ACCESS
    assert vault.issued == 1


def test_vault_is_logged_in_to_again_when_its_token_has_expired(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    resolver = app_role(vault, monkeypatch)
    resolver.resolve(Reference("db-password"))
    vault.expire_tokens()
    assert resolver.resolve(Reference("s3", "access_key_id")) == ACCESS
    assert vault.issued == 2


def test_an_app_role_that_vault_does_not_know_is_refused(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    error = refusal(app_role(vault, monkeypatch, "canary-of-a-wrong-secret-id"), "db-password")
    assert error.code == "FLOE-0466"
    assert error.reason.endswith("gives out no secrets: invalid role or secret ID")
    assert "canary" not in f"{error.reason} {error.instruction}"


def test_vault_is_logged_in_to_by_the_account_of_a_pod(
    vault: Vault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = tmp_path / "token"
    vault.accounts["floe"] = "token-of-the-pod"
    settings = {"auth_mode": "kubernetes", "auth_mount": "kubernetes", "role": "floe", "token_path": str(token)}
    place = vault_place(vault, monkeypatch, **settings)
    assert refusal(place.resolver(), "db-password").code == "FLOE-0461"
    token.write_text("token-of-the-pod\n")
    assert place.resolver().resolve(Reference("db-password")) == ONE


def test_a_token_that_vault_refuses_is_another_error_than_a_missing_secret(
    vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = vault_place(vault, monkeypatch)
    monkeypatch.setenv("VAULT_TOKEN", "canary-of-a-wrong-token")
    error = refusal(place.resolver(), "db-password")
    assert error.code == "FLOE-0466"
    assert "permission denied" in error.reason
    assert "canary" not in f"{error.reason} {error.instruction}"


def test_a_token_that_is_nowhere_is_the_missing_secret(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    place = vault_place(vault, monkeypatch)
    monkeypatch.delenv("VAULT_TOKEN")
    assert "`VAULT_TOKEN`" in refusal(place.resolver(), "db-password").reason


def test_a_vault_that_is_sealed_cannot_be_asked(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    vault.sealed = True
    error = refusal(vault_place(vault, monkeypatch).resolver(), "db-password")
    assert (error.code, error.reason.endswith("cannot be asked for secrets: Vault is sealed")) == ("FLOE-0465", True)


def test_a_vault_that_does_not_answer_is_given_up_in_time(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    vault.delay_seconds = 3.0
    resolver = vault_place(vault, monkeypatch, timeout_seconds=1).resolver()
    began = time.monotonic()
    error = refusal(resolver, "db-password")
    assert (error.code, error.reason.endswith("it does not answer in time")) == ("FLOE-0465", True)
    assert time.monotonic() - began < 2.9


def test_a_vault_that_is_not_there_is_another_error_than_a_missing_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VAULT_TOKEN", "some-token")
    settings = BackendSettings("vault", {**VAULT, "url": "http://127.0.0.1:9"}, {"token": Reference("vault-token")})
    error = refusal(Resolver([BackendSettings("env"), settings]), "db-password")
    assert (error.code, error.reason.endswith("the connection failed")) == ("FLOE-0465", True)


def test_requests_to_vault_name_the_namespace(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    vault_place(vault, monkeypatch, namespace="team-a").resolver().resolve(Reference("db-password"))
    assert vault.namespaces == {"team-a"}


def test_a_backend_that_comes_first_and_is_down_is_not_passed_over(
    vault: Vault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "db-password").write_text("another")
    place = vault_place(vault, monkeypatch)
    vault.sealed = True
    backends = [BackendSettings("env"), place.settings, BackendSettings("mount", {"path": str(tmp_path)})]
    assert refusal(Resolver(backends), "db-password").code == "FLOE-0465"


def test_a_secret_that_an_earlier_backend_has_is_not_asked_of_a_later_one(
    vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolver = vault_place(vault, monkeypatch).resolver()
    monkeypatch.setenv("DB_PASSWORD", "from the environment")
    assert (resolver.resolve(Reference("db-password")), vault.requests) == ("from the environment", [])


# AWS Secrets Manager


def test_keys_that_may_not_read_secrets_are_refused(moto: Moto, monkeypatch: pytest.MonkeyPatch) -> None:
    place = aws_place(moto, monkeypatch)
    keys = moto.user({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]})
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", keys.access_key_id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", keys.secret_access_key)
    error = refusal(place.resolver(), "db-password")
    assert error.code == "FLOE-0466"
    assert keys.secret_access_key not in f"{error.reason} {error.instruction}"


def test_an_aws_without_keys_or_network_says_which_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    settings = {"region": "eu-west-1", "endpoint": "http://127.0.0.1:9", "timeout_seconds": 1}
    resolver = Resolver([BackendSettings("aws-secrets-manager", settings)])
    assert refusal(resolver, "db-password").code == "FLOE-0466"
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIASOME")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "some")
    assert refusal(Resolver([BackendSettings("aws-secrets-manager", settings)]), "db-password").code == "FLOE-0465"


def test_a_place_that_needs_a_secret_and_is_asked_first_says_what_to_list_before_it() -> None:
    settings = {**VAULT, "url": "http://127.0.0.1:9"}
    error = refusal(Resolver([BackendSettings("vault", settings, {"token": Reference("vault-token")})]), "db-password")
    assert error.code == "FLOE-0460"
    assert error.reason == "the secret `vault-token` has no place: what needs it is the first under `secrets`"
    assert error.instruction == "list `env` or another place before it, in platform.yaml"


# The keyring


def test_a_keyring_that_is_locked_cannot_be_asked(ring: Ring) -> None:
    ring.fault = KeyringLocked("the collection is locked")
    error = refusal(Resolver([BackendSettings("keyring", {"service": "floe", "timeout_seconds": 5})]), "token")
    assert (error.code, error.reason.endswith("the collection is locked")) == ("FLOE-0465", True)
    assert error.instruction.startswith("unlock it, or see with `keyring diagnose`")


def test_a_keyring_that_waits_for_its_user_is_given_up(ring: Ring, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ring, "get_password", lambda *_: time.sleep(3))
    error = refusal(Resolver([BackendSettings("keyring", {"service": "floe", "timeout_seconds": 1})]), "token")
    assert (error.code, error.reason.endswith("it does not answer within 1 s")) == ("FLOE-0465", True)


# Other packages


def test_a_type_that_no_package_offers_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    error = refusal(Resolver([BackendSettings("safe")]), "token")
    assert (error.code, "`safe`" in error.reason) == ("FLOE-0467", True)
    install_safe(tmp_path, monkeypatch)
    assert "does not load" in refusal(Resolver([BackendSettings("broken")]), "token").reason
