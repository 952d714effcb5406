"""T17: secrets that are known by what they look like, in every place that keeps some, and in nothing that Floe leaves.

`FLOE_TORTURE_CANARIES` says how many canaries are tried, each of another look; 1 without it.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import string
import subprocess
import sys
import textwrap
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import keyring
import pytest
from tests.services import file_keyring
from tests.services.moto import REGION
from tests.services.rest_catalog import _RefusedError
from tests.services.vault import ROOT_TOKEN

from floe.cli.main import main
from floe.secrets.masking import forms_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.services.moto import Moto
    from tests.services.rest_catalog import Behaviour, RestServer
    from tests.services.vault import Vault

COUNT = int(os.environ.get("FLOE_TORTURE_CANARIES", "1"))
HEADERS = {"X-Tenant": "env", "X-File": "file", "X-Aws": "aws", "X-Keyring": "keyring"}
"""What the catalog wants in each request -> the place of secrets that has it."""
AWKWARD = "Cn4ry-\"of'many/looks+=&<é%7\\\\n of \ttext"
FILES = {
    "floe.yaml": """
        name: shop
        version: "1.0.0"
        transforms: [{type: dbt, path: ./models}, {type: python, path: ./assets}]
        """,
    "models/gold/totals.sql": "{{ config(materialized='table') }} select 7 as total",
    "models/gold/late.sql": """
        {{ config(materialized='table') }}
        {% if execute %}{% do log('the time is ' ~ run_started_at, info=true) %}{% endif %}
        select '{{ run_started_at }}' as at
        """,
    "assets/telling.py": """
        import base64, json, logging, os, sys, urllib.parse, warnings
        import floe

        # What no asset should do, and some library does.
        @floe.asset(layer="gold")
        def telling(totals):
            if "TELL" in os.environ:
                value = os.environ["CANARY_OF_ENV"]
                looks = [
                    value, repr(value), json.dumps(value), urllib.parse.quote(value), value.replace("'", "''"),
                    base64.b64encode(f"floe:{value}".encode()).decode(),
                ]
                for look in looks:
                    print("printed", look)
                    print("shouted", look, file=sys.stderr)
                    warnings.warn(f"warned {look}")
                    logging.getLogger("urllib3").warning("sent %s", look)
                raise RuntimeError("not with " + ", ".join(looks))
            return totals
        """,
}


@dataclass
class Project:
    """A project whose catalog and whose Vault need secrets, and everything that was ever said about it."""

    folder: Path
    canaries: dict[str, str]
    environment: dict[str, str]
    capture: pytest.CaptureFixture[str]
    said: list[str] = field(default_factory=list)

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip("\n"))

    def floe(self, *words: str, status: int | None = 0, **environment: str) -> str:
        """Run the command as a process, with `-vv`, and keep what it says."""
        command = [sys.executable, "-m", "floe.cli", "-vv", *words]
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=os.environ | self.environment | environment,
            capture_output=True,
            text=True,
            timeout=600,  # it has what it needs on a busy machine, too
            check=False,
        )
        said = done.stdout + done.stderr
        self.said.append(said)
        assert status is None or done.returncode == status, said
        return said

    def here(self, *words: str, status: int = 0) -> str:
        """Run a command in this process, which takes a tenth of the time, and keep what it says."""
        with pytest.MonkeyPatch.context() as patch:
            for name, value in self.environment.items():
                patch.setenv(name, value)
            done = main(["-vv", "-C", str(self.folder), *words])
        said = "".join(self.capture.readouterr())
        self.said.append(said)
        assert done == status, said
        return said

    def occurrences(self) -> list[str]:
        """Where a canary is, in any of its looks."""
        looks = {look.encode(): name for name, value in self.canaries.items() for look in forms_of(value)}
        texts = {f"output {number}": text.encode() for number, text in enumerate(self.said)}
        files = {str(path.relative_to(self.folder)): path for path in self.folder.rglob("*") if path.is_file()}
        texts |= {name: path.read_bytes() for name, path in files.items()}
        return [
            f"{look!r} of {name} in {place}"
            for place, text in texts.items()
            for look, name in looks.items()
            if look in text
        ]


def awkward(number: int) -> str:
    """A canary that needs quoting wherever it is written; each number has its own."""
    if number == 2:
        return "canary-of-plain-letters-4711"
    letters = random.Random(number).choices(string.ascii_letters + string.digits, k=12)
    return "".join(letters) + AWKWARD


def in_a_header(canary: str) -> str:
    """What of a canary can be sent as a header."""
    return canary.encode("ascii", "ignore").decode().replace("\t", " ")


@pytest.fixture
def keyring_of_files() -> Iterator[None]:
    """What a process that is started finds by its environment, for this one."""
    before = keyring.get_keyring()
    keyring.set_keyring(file_keyring.FileKeyring())
    yield
    keyring.set_keyring(before)


@pytest.fixture
def project(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    vault: Vault,
    rest_server: RestServer,
    behaviour: Behaviour,
    moto: Moto,
    capsys: pytest.CaptureFixture[str],
) -> Project:
    """A project on a catalog server whose token is in Vault and which wants a header from each other place.

    There is another platform for it, on an S3 storage that refuses its keys: they are in a mounted file.
    """
    names = ("env", "file", "mount", "vault", "role", "aws", "keyring")
    canaries = {name: f"{awkward(request.param)}-{name}" for name in names}
    if request.param == 2:
        canaries["mount"] = "-----BEGIN KEY-----\n" + canaries["mount"] + "\nsecond-line-of-the-mounted-canary"
    vault.secrets["catalog-token"] = {"value": canaries["vault"].encode("ascii", "ignore").decode().replace("\t", "")}
    canaries |= {name: in_a_header(canaries[name]) for name in ("env", "file", "aws", "keyring")}
    canaries["vault"] = str(vault.secrets["catalog-token"]["value"])
    vault.app_roles["id-of-the-role"] = canaries["role"]
    behaviour.static_tokens = {canaries["vault"]}
    behaviour.required_headers = {header: canaries[name] for header, name in HEADERS.items()}
    quoted = canaries["file"].replace("\\", "\\\\").replace("'", "\\'")
    (tmp_path / "secrets.env").write_text(f"CANARY_OF_FILE='{quoted}'\n")
    (tmp_path / "secrets.env").chmod(0o600)
    (tmp_path / "mounts").mkdir()
    (tmp_path / "mounts" / "canary-of-mount").write_text(canaries["mount"])
    (tmp_path / "mounts" / "vault-secret-id").write_text(canaries["role"])
    variables = {"CANARY_OF_ENV": canaries["env"], "VAULT_ROLE_ID": "id-of-the-role"}
    variables["KEY_OF_LAKE"] = moto.user().access_key_id
    variables |= in_aws(moto, f"{request.param}/canary-of-aws", canaries["aws"])
    entries = {"canary-of-keyring": canaries["keyring"]}
    variables |= file_keyring.variables(tmp_path / "keyring.json", "floe", entries)
    project = Project(tmp_path / "project", canaries, variables, capsys)
    for name, text in FILES.items():
        project.write(name, text)
    platforms(project, rest_server.uri, vault.url, moto, tmp_path, f"{request.param}/")
    return project


def in_aws(moto: Moto, name: str, value: str) -> dict[str, str]:
    """Keep a secret in AWS Secrets Manager, and return the variables with the keys that may read it."""
    moto.client("secretsmanager").create_secret(Name=name, SecretString=value)
    keys = moto.administrator
    return {"AWS_ACCESS_KEY_ID": keys.access_key_id, "AWS_SECRET_ACCESS_KEY": keys.secret_access_key}


def platforms(project: Project, catalog: str, vault: str, moto: Moto, outside: Path, prefix: str) -> None:
    auth = {
        "mode": "approle",
        "role_id": {"secret_ref": "vault-role-id"},
        "secret_id": {"secret_ref": "vault-secret-id"},
    }
    backends = [
        "env",
        {"type": "mount", "path": str(outside / "mounts")},
        {"type": "file", "path": str(outside / "secrets.env")},
        {"type": "vault", "url": vault, "auth": auth},
        {"type": "aws-secrets-manager", "region": REGION, "endpoint": moto.endpoint, "prefix": prefix},
        "keyring",
    ]
    binding = {
        "type": "rest",
        "uri": catalog,
        "warehouse": "lake",
        "credentials": {"mode": "static", "token": {"secret_ref": "catalog-token"}},
        "properties": {
            "patience_seconds": 1,
            "headers": {header: {"secret_ref": f"canary-of-{name}"} for header, name in HEADERS.items()},
        },
    }
    keys = {"access_key_id": {"secret_ref": "key-of-lake"}, "secret_access_key": {"secret_ref": "canary-of-mount"}}
    bucket = {
        "type": "s3",
        "bucket": "lake",
        "endpoint": moto.endpoint,
        "credentials": {"mode": "static", **keys},
    }
    local = {"type": "local", "path": "lake"}
    for name, storage in (("platform.yaml", local), ("refused.yaml", bucket)):
        project.write(
            name,
            f"""
        version: "1.0.0"
        storage: {{default: {json.dumps(storage)}}}
        catalogs: {{default: {json.dumps(binding)}}}
        compute: {{default: {{type: duckdb}}}}
        layers: {{gold: {{namespace: gold}}}}
        secrets: {{backends: {json.dumps(backends)}}}
        """,
        )


@pytest.mark.usefixtures("keyring_of_files")
@pytest.mark.parametrize("project", range(1, COUNT + 1), indirect=True)
def test_no_canary_is_in_anything_that_floe_prints_or_writes(
    project: Project, vault: Vault, rest_server: RestServer, behaviour: Behaviour, tmp_path: Path
) -> None:
    project.floe("validate")
    project.here("platform", "bootstrap")
    project.floe("run")
    for words in (["history", "gold.totals"], ["ls", "--json"], ["show", "gold.totals"], ["doctor"], ["preflight"]):
        project.here(*words)
    project.floe("docs", "generate")
    looked_at(project)
    refused_by_the_storage(project)
    assert "RuntimeError" in project.floe("run", status=1, TELL="yes")
    project.floe("run", "--json", status=1, TELL="yes")
    project.here("runs", "--json")
    interrupted(project, signal.SIGINT)
    interrupted(project, signal.SIGKILL)
    wrong(project, vault, rest_server, behaviour, tmp_path)
    assert sqlite3.connect(project.folder / ".floe" / "state.db").execute("SELECT count(*) FROM runs").fetchone()[0] > 2
    assert project.occurrences() == []
    sys.stdout.write(f"{len(project.canaries)} canaries in {len(project.said)} commands: 0 occurrences\n")


def looked_at(project: Project) -> None:
    """Look at the configuration, in which secrets are references."""
    for words in (["config", "show", "--resolved", "--provenance"], ["platform", "show", "--provenance"]):
        for form in ([], ["--json"]):
            for platform in ([], ["--platform", str(project.folder / "refused.yaml")]):
                assert "canary-of-env" in project.here(*words, *form, *platform)


def refused_by_the_storage(project: Project) -> None:
    """Use keys that an S3 storage knows, with a secret that is not theirs: it answers with what it was sent."""
    platform = ["--platform", str(project.folder / "refused.yaml")]
    for words, status in (
        (["preflight", "--json"], 1),
        (["preflight"], 1),
        (["platform", "bootstrap"], 2),
        (["run"], 2),
        (["run", "--json"], 2),
    ):
        assert "FLOE-0521" in project.here(*words, *platform, status=status)


def interrupted(project: Project, how: signal.Signals) -> None:
    """Begin a run, and send it a signal while it works."""
    command = [sys.executable, "-m", "floe.cli", "-vv", "run"]
    environment = os.environ | project.environment
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    with subprocess.Popen(command, cwd=project.folder, env=environment, **pipes) as process:
        time.sleep(0.7)
        process.send_signal(how)
        project.said.append(process.communicate(timeout=600)[0])


def wrong(project: Project, vault: Vault, server: RestServer, behaviour: Behaviour, tmp_path: Path) -> None:
    """Let the catalog tell all that it was sent, and refuse the token, then Vault the role; let both be away.

    At last a secret stands in SQL.
    """

    read = {name: canary for name, canary in project.canaries.items() if name != "mount"}  # that is the storage's

    def tell(_method: str, _path: str) -> bool:
        raise _RefusedError(400, "BadRequestException", f"you said {server.seen[-1].headers} {read}")

    behaviour.forbidden = tell
    for words, status in ((["preflight"], 1), (["platform", "bootstrap"], 2), (["run"], 2), (["run", "--json"], 2)):
        assert "you said" in project.here(*words, status=status)
    behaviour.forbidden = lambda _method, _path: False
    behaviour.static_tokens = {"another-token"}
    assert "does not accept the credentials" in project.floe("run", status=2)
    vault.app_roles["id-of-the-role"] = "another"
    assert "FLOE-0466" in project.floe("run", status=2)
    vault.sealed = True
    assert "FLOE-0465" in project.floe("run", status=2)
    vault.sealed, vault.app_roles["id-of-the-role"] = False, project.canaries["role"]
    server.stop()
    project.floe("run", status=2)
    project.write("models/gold/leak.sql", "select '{{ env_var('CANARY_OF_ENV') | replace(\"'\", \"''\") }}' as secret")
    assert "FLOE-0213" in project.floe("run", status=1)
    (project.folder / "models" / "gold" / "leak.sql").unlink()
    assert ROOT_TOKEN not in "".join(project.said)
