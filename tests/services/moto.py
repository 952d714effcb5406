"""A server of Amazon's S3, STS and Glue for tests: moto, in a process of its own, which checks keys and policies."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import closing
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import boto3
import pytest
from botocore.config import Config

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

REGION = "us-east-1"
_SERVER = Path(__file__).with_name("moto_server.py")
_SETTING_UP = 3
"""Requests that are needed to make the administrator; all others must be signed with keys that may do what they do."""
_START_SECONDS = 60.0
EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


@dataclass(frozen=True)
class Keys:
    """Keys of a user, or of a role for a while."""

    access_key_id: str
    secret_access_key: str
    session_token: str = ""
    expires_at: float = 0.0
    """Seconds since the epoch; 0 where they do not expire."""

    def environment(self, secret: str = "s3") -> dict[str, str]:
        """The variables in which Floe finds them, where platform.yaml says `{secret_ref: s3, key: access_key_id}` …"""
        names = ("access_key_id", "secret_access_key", "session_token")
        prefix = secret.upper().replace("-", "_")
        return {f"{prefix}_{name.upper()}": getattr(self, name) for name in names if getattr(self, name)}

    @property
    def for_boto(self) -> dict[str, str | None]:
        return {
            "aws_access_key_id": self.access_key_id,
            "aws_secret_access_key": self.secret_access_key,
            "aws_session_token": self.session_token or None,
        }


@dataclass
class Moto:
    """The running server and its administrator."""

    endpoint: str
    process: subprocess.Popen[bytes]
    _numbers: Iterator[int] = field(default_factory=lambda: iter(range(1, 1_000_000)))

    def client(self, service: str, keys: Keys | None = None) -> Any:  # noqa: ANN401 - boto3 has no types
        """A client of boto3; the administrator's without keys."""
        keys = keys or self.administrator
        # Real keys live for 15 minutes at least, which boto3 checks; tests have less patience.
        config = Config(parameter_validation=False)
        return boto3.client(service, endpoint_url=self.endpoint, region_name=REGION, config=config, **keys.for_boto)

    @cached_property
    def administrator(self) -> Keys:
        """Keys that may do everything."""
        anyone = Keys("AKIAANYONE", "anyone")
        iam = boto3.client("iam", endpoint_url=self.endpoint, region_name=REGION, **anyone.for_boto)
        iam.create_user(UserName="administrator")
        created = iam.create_access_key(UserName="administrator")["AccessKey"]
        policy = json.dumps(EVERYTHING)
        iam.put_user_policy(UserName="administrator", PolicyName="everything", PolicyDocument=policy)
        return Keys(created["AccessKeyId"], created["SecretAccessKey"])

    def bucket(self) -> str:
        """A new bucket."""
        name = f"lake-{os.getpid()}-{next(self._numbers)}"
        self.client("s3").create_bucket(Bucket=name)
        return name

    def keys_of(self, bucket: str, prefix: str = "") -> list[str]:
        """The keys of every object, sorted; without the empty ones that stand for folders."""
        pages = self.client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        return sorted(
            item["Key"] for page in pages for item in page.get("Contents", ()) if not item["Key"].endswith("/")
        )

    def user(self, policy: Mapping[str, Any] = EVERYTHING) -> Keys:
        """Keys of a new user who may do what the policy says."""
        name, iam = f"user-{next(self._numbers)}", self.client("iam")
        iam.create_user(UserName=name)
        created = iam.create_access_key(UserName=name)["AccessKey"]
        iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=json.dumps(policy))
        return Keys(created["AccessKeyId"], created["SecretAccessKey"])

    def role(self, policy: Mapping[str, Any] = EVERYTHING) -> str:
        """The ARN of a new role, which everybody may assume and which may do what the policy says."""
        name, iam = f"role-{next(self._numbers)}", self.client("iam")
        trust = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        arn: str = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"]
        iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=json.dumps(policy))
        return arn

    def temporary_keys(self, seconds: int = 900, role: str = "") -> Keys:
        """Keys of a role (a new one that may do everything, if none is given) that expire after so many seconds."""
        arn = role or self.role()
        got = self.client("sts").assume_role(RoleArn=arn, RoleSessionName=uuid4().hex, DurationSeconds=seconds)
        given = got["Credentials"]
        expires_at = given["Expiration"].timestamp()
        return Keys(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"], expires_at)

    def fail(self, **faults: float | str | None) -> None:
        """Let requests of S3 fail; see `Faults` of moto_server.py. Without arguments nothing fails any more."""
        request = urllib.request.Request(f"{self.endpoint}/floe/faults", json.dumps(faults).encode(), method="POST")
        with urllib.request.urlopen(request, timeout=30):
            pass


@pytest.fixture(scope="session")
def moto_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Moto]:
    """The server, started when the first test asks for it, and ended with the last one."""
    port = free_port()
    log = tmp_path_factory.mktemp("moto") / "log"
    environment = {**os.environ, "INITIAL_NO_AUTH_ACTION_COUNT": str(_SETTING_UP), "MOTO_PORT": str(port)}
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [sys.executable, "-P", str(_SERVER), str(port)], stdout=stream, stderr=subprocess.STDOUT, env=environment
        )
        try:
            _await(port, process, log)
            yield Moto(f"http://127.0.0.1:{port}", process)
        finally:
            process.terminate()
            process.wait(30)


@pytest.fixture
def moto(moto_server: Moto) -> Iterator[Moto]:
    """The server, in which nothing fails."""
    yield moto_server
    moto_server.fail()


def free_port() -> int:
    """A port of this machine that nobody listens to."""
    with closing(socket.socket()) as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def _await(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", port), 1):
                return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"moto did not start: {log.read_text()[-2000:]}")
