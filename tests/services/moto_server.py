"""moto's own server with what it leaves out: keys that expire, clocks that are checked, versions that a table of Glue
must have to be changed, and faults on demand.

Run as a program: `python moto_server.py PORT`. `POST /floe/faults` sets what fails: see `Faults`.
"""

from __future__ import annotations

import json
import random
import re
import signal
import sys
import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from moto.core.exceptions import JsonRESTError
from moto.glue.responses import GlueResponse
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from moto.sts.models import sts_backends
from werkzeug.serving import run_simple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import FrameType

_KEY_ID = re.compile(r"Credential=([^/,]+)/")
_CHECKED = ("s3", "glue")
_ALLOWED_SKEW = timedelta(minutes=15)


@dataclass
class Faults:
    """What fails from now on: a share of all requests of S3, with `status` and `code`; at most `count` of them."""

    share: float = 0.0
    status: int = 503
    code: str = "SlowDown"
    count: int | None = None
    applied: bool = False
    """Whether the request is carried out, and only its reply lost."""
    clock_offset_seconds: int = 0
    """How far the server's clock is ahead."""

    def strikes(self) -> bool:
        if self.count == 0 or random.random() >= self.share:
            return False
        if self.count is not None:
            self.count -= 1
        return True


class StrictServer:
    """A WSGI application in front of moto's."""

    def __init__(self, application: Callable[..., Iterable[bytes]]) -> None:
        self._application = application
        self._faults = Faults()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/floe/faults":
            body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
            self._faults = Faults(**json.loads(body))
            start_response("204 No Content", [])
            return []
        refusal = next((self._refusal(environ, name) for name in _CHECKED if _is_of(environ, name)), None)
        if refusal is None:
            return self._application(environ, start_response)
        status, code, message = refusal
        if self._faults.applied:
            list(self._application(environ, lambda *_: None))
        else:
            environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        if _is_of(environ, "glue"):
            kind, body = "application/x-amz-json-1.1", json.dumps({"__type": code, "message": message}).encode()
        else:
            text = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{message}</Message></Error>"
            kind, body = "application/xml", text.encode()
        start_response(f"{status} {code}", [("Content-Type", kind), ("Content-Length", str(len(body)))])
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

    def _refusal(self, environ: dict[str, Any], service: str) -> tuple[int, str, str] | None:
        now = datetime.now(UTC)
        signed_at = datetime.strptime(environ["HTTP_X_AMZ_DATE"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        if abs(now + timedelta(seconds=self._faults.clock_offset_seconds) - signed_at) > _ALLOWED_SKEW:
            if service == "glue":
                return 400, "InvalidSignatureException", f"Signature expired: {signed_at} is now earlier than {now}"
            return (
                403,
                "RequestTimeTooSkewed",
                "The difference between the request time and the current time is too large.",
            )
        key = _KEY_ID.search(environ["HTTP_AUTHORIZATION"])
        if key is not None and _expired(key[1], now):
            code = "ExpiredTokenException" if service == "glue" else "ExpiredToken"
            return 400, code, "The provided token has expired."
        if service == "s3" and self._faults.strikes():
            return self._faults.status, self._faults.code, "A fault on demand."
        return None


def _is_of(environ: dict[str, Any], service: str) -> bool:
    return f"/{service}/" in environ.get("HTTP_AUTHORIZATION", "")


def _expired(key_id: str, now: datetime) -> bool:
    for account in sts_backends.values():
        for backend in account.values():
            role = backend.get_assumed_role_from_access_key(key_id)
            if role is not None:
                return role.expiration.replace(tzinfo=UTC) <= now
    return False


def check_versions() -> None:
    """Let UpdateTable refuse a `VersionId` that is not the table's current one, as Glue does."""
    update, lock = GlueResponse.update_table, threading.Lock()

    def update_table(self: GlueResponse) -> object:
        database, version = self.parameters.get("DatabaseName"), self.parameters.get("VersionId")
        with lock:
            table = self.glue_backend.get_table(database, self.parameters["TableInput"]["Name"])
            if version and table.as_dict()["VersionId"] != version:
                raise JsonRESTError(
                    "ConcurrentModificationException", "Update table failed due to concurrent modification"
                )
            return update(self)

    GlueResponse.update_table = update_table


def _end(_signal: int, _frame: FrameType | None) -> None:
    sys.exit(0)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _end)
    check_versions()
    server = StrictServer(DomainDispatcherApplication(create_backend_app))
    run_simple("127.0.0.1", int(sys.argv[1]), server, threaded=True, request_handler=MotoRequestHandler)
