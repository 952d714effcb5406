"""Every place that keeps secrets, filled with the same two."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import keyring
import pytest
from keyring.backend import KeyringBackend
from tests.services.moto import REGION
from tests.services.vault import ROOT_TOKEN

from floe.secrets.base import Reference
from floe.secrets.resolve import BackendSettings, Resolver

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.services.moto import Moto
    from tests.services.vault import Vault

ONE, ACCESS, SECRET = "canary-of-one-value", "canary-of-access", "canary-of-secret"
SEVERAL = {"access_key_id": ACCESS, "secret_access_key": SECRET}
VAULT = {"mount": "secret", "kv_version": 2, "timeout_seconds": 5, "auth_mode": "token"}


@dataclass(frozen=True)
class Place:
    """A backend that has `db-password` with one value, and `s3` with the two keys of `SEVERAL`."""

    settings: BackendSettings
    shown: str
    """Part of what its messages call the place."""
    lists_keys: bool = True
    """Whether it knows which keys a secret has."""

    def resolver(self) -> Resolver:
        return Resolver([BackendSettings("env"), self.settings])


class Ring(KeyringBackend):
    """A keyring in memory."""

    priority = 1  # type: ignore[assignment]
    fault: Exception | None = None

    def __init__(self) -> None:
        super().__init__()
        self.entries: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        if self.fault is not None:
            raise self.fault
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.entries[(service, username)] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.entries[(service, username)]


@pytest.fixture
def ring() -> Iterator[Ring]:
    """The keyring of this machine, for as long as the test takes."""
    before = keyring.get_keyring()
    own = Ring()
    keyring.set_keyring(own)
    yield own
    keyring.set_keyring(before)


@pytest.fixture
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """The place that the test's parameter names."""
    makers: dict[str, Any] = {
        "env": lambda: _environment(monkeypatch),
        "mount": lambda: _mounts(tmp_path),
        "file": lambda: _file(tmp_path),
        "vault, version 2": lambda: vault_place(request.getfixturevalue("vault"), monkeypatch),
        "vault, version 1": lambda: vault_place(request.getfixturevalue("vault"), monkeypatch, version=1),
        "aws-secrets-manager": lambda: aws_place(request.getfixturevalue("moto"), monkeypatch),
        "keyring": lambda: _keyring(request.getfixturevalue("ring")),
        "of another package": lambda: _package(tmp_path, monkeypatch),
    }
    made: Place = makers[request.param]()
    return made


def _environment(monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setenv("DB_PASSWORD", ONE)
    monkeypatch.setenv("S3_ACCESS_KEY_ID", ACCESS)
    monkeypatch.setenv("S3_SECRET_ACCESS_KEY", SECRET)
    return Place(BackendSettings("env"), "the environment variable", lists_keys=False)


def _mounts(folder: Path) -> Place:
    (folder / "s3").mkdir()
    (folder / "db-password").write_text(f"{ONE}\n")
    for key, value in SEVERAL.items():
        (folder / "s3" / key).write_text(value)
    return Place(BackendSettings("mount", {"path": str(folder)}), str(folder))


def _file(folder: Path) -> Place:
    file = folder / "secrets.env"
    file.write_text(
        f"# kept elsewhere\nDB_PASSWORD='{ONE}'\nexport S3_ACCESS_KEY_ID={ACCESS}\nS3_SECRET_ACCESS_KEY=\"{SECRET}\"\n"
    )
    file.chmod(0o600)
    return Place(BackendSettings("file", {"path": str(file)}), str(file), lists_keys=False)


def vault_place(vault: Vault, monkeypatch: pytest.MonkeyPatch, *, version: int = 2, **changes: object) -> Place:
    vault.secrets |= {"lake/db-password": {"value": ONE}, "lake/s3": SEVERAL}
    monkeypatch.setenv("VAULT_TOKEN", ROOT_TOKEN)
    settings = {**VAULT, "url": vault.url, "path_prefix": "lake", "kv_version": version}
    settings["mount"] = "secret" if version == 2 else "kv"
    secrets = {"token": Reference("vault-token")}
    return Place(BackendSettings("vault", settings | changes, secrets), f"Vault at `{vault.url}`")


def aws_place(moto: Moto, monkeypatch: pytest.MonkeyPatch) -> Place:
    client = moto.client("secretsmanager")
    known = {secret["Name"] for secret in client.list_secrets()["SecretList"]}
    for name, text in (("lake/db-password", ONE), ("lake/s3", json.dumps(SEVERAL))):
        if name not in known:
            client.create_secret(Name=name, SecretString=text)
    keys = moto.administrator
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", keys.access_key_id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", keys.secret_access_key)
    settings = {"region": REGION, "endpoint": moto.endpoint, "prefix": "lake/", "timeout_seconds": 5}
    return Place(BackendSettings("aws-secrets-manager", settings), "AWS Secrets Manager", lists_keys=False)


def _keyring(ring: Ring) -> Place:
    ring.entries[("floe", "db-password")] = ONE
    for key, value in SEVERAL.items():
        ring.entries[("floe", f"s3/{key}")] = value
    return Place(BackendSettings("keyring", {"service": "floe", "timeout_seconds": 5}), "keyring", lists_keys=False)


PACKAGE = '''
class Backend:
    """Reads what its settings say, with a password of its own."""

    def __init__(self, settings, secret):
        self.settings, self.secret = settings, secret

    def place(self, reference):
        return f"the safe `{self.settings['safe']}`"

    def fetch(self, reference):
        assert self.secret("combination") == "combination-of-the-safe"
        return self.settings["values"].get(f"{reference.name}/{reference.key}")
'''


def _package(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    install_safe(folder, monkeypatch)
    monkeypatch.setenv("COMBINATION", "combination-of-the-safe")
    values = {"db-password/": ONE, **{f"s3/{key}": value for key, value in SEVERAL.items()}}
    settings = BackendSettings(
        "safe", {"safe": "basement", "values": values}, {"combination": Reference("combination")}
    )
    return Place(settings, "the safe `basement`", lists_keys=False)


def install_safe(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package with secrets of type `safe`."""
    (folder / "floe_safe.py").write_text(PACKAGE)
    metadata = folder / "floe_safe-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: floe-safe\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[floe.secrets]\nsafe = floe_safe:Backend\nbroken = floe_safe:Nothing\n")
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.delitem(sys.modules, "floe_safe", raising=False)
