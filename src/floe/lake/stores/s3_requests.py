"""Requests of S3 that Arrow has no words for, or more: create an object unless it is there, delete a thousand at once.

Signed as https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html says.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import quote
from xml.sax.saxutils import escape, unescape

import requests
from requests.adapters import HTTPAdapter

from floe.lake.stores.locations import object_location

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from floe.lake.stores.access import Access

MOST_DELETED_AT_ONCE = 1000
_TIMEOUT_SECONDS = (10.0, 60.0)
_CONNECTIONS = 32
_THERE_ALREADY = frozenset({409, 412})
_NOT_OFFERED = frozenset({405, 501})
_UNRESERVED = "-_.~"
_CODE = re.compile(r"<Code>([^<]*)</Code>")
_MESSAGE = re.compile(r"<Message>([^<]*)</Message>")
_FAILED = re.compile(r"<Error>.*?</Error>", re.DOTALL)
_MISSING_KEY = "NoSuchKey"


class NotOfferedError(Exception):
    """The store does not know such a request."""


class S3Requests:
    """Signs and sends requests to one S3 store. Safe to use from several threads.

    Args:
        access: How the store is reached.
        keys: `access_key_id`, `secret_access_key` and, of temporary keys, `session_token`.
    """

    def __init__(self, access: Access, keys: Mapping[str, str]) -> None:
        self._access = access
        self._keys = keys
        self._session = requests.Session()
        self._session.mount("http://", HTTPAdapter(pool_maxsize=_CONNECTIONS))
        self._session.mount("https://", HTTPAdapter(pool_maxsize=_CONNECTIONS))
        self._session.trust_env = True

    def read(self, location: str) -> bytes:
        """The content of an object, in one request.

        Raises:
            FileNotFoundError: there is none, or no such bucket.
            OSError: the store refused or failed.
        """
        reply = self._send("GET", object_location(location).path, b"", {})
        if reply.status_code == HTTPStatus.NOT_FOUND:
            raise FileNotFoundError(location)
        _raise_for(reply)
        return reply.content

    def create(self, location: str, content: bytes) -> bool:
        """Create an object; False when it is there already.

        Raises:
            NotOfferedError: the store has no conditional requests.
            OSError: the store refused or failed.
        """
        reply = self._send("PUT", object_location(location).path, content, {"if-none-match": "*"})
        if reply.status_code in _NOT_OFFERED:
            raise NotOfferedError
        if reply.status_code in _THERE_ALREADY:
            return False
        _raise_for(reply)
        return True

    def delete(self, locations: Sequence[str]) -> None:
        """Delete objects of one bucket, `MOST_DELETED_AT_ONCE` of them at most; missing ones are no error.

        Raises:
            NotOfferedError: the store has no such request.
            OSError: the store refused or failed.
        """
        places = [object_location(location) for location in locations]
        objects = "".join(f"<Object><Key>{escape(place.key)}</Key></Object>" for place in places)
        body = f'<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Quiet>true</Quiet>{objects}</Delete>'.encode()
        digest = base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()
        reply = self._send("POST", places[0].bucket, body, {"content-md5": digest}, query="delete=")
        if reply.status_code in _NOT_OFFERED:
            raise NotOfferedError
        _raise_for(reply)
        for failed in _FAILED.findall(reply.text):
            code = _text(_CODE, failed)
            if code != _MISSING_KEY:
                raise OSError(f"{code}: {_text(_MESSAGE, failed)}")

    def _send(
        self, method: str, path: str, body: bytes, headers: Mapping[str, str], query: str = ""
    ) -> requests.Response:
        bucket, _, key = path.partition("/")
        host = self._access.s3_host if self._access.path_style else f"{bucket}.{self._access.s3_host}"
        resource = "/" + quote(path if self._access.path_style else key, safe=f"/{_UNRESERVED}")
        signed = self._signed(method, host, resource, query, body, headers)
        address = f"{self._access.scheme}://{host}{resource}" + (f"?{query}" if query else "")
        return self._session.request(
            method, address, data=body, headers=signed, timeout=_TIMEOUT_SECONDS, allow_redirects=False
        )

    def _signed(
        self, method: str, host: str, resource: str, query: str, body: bytes, headers: Mapping[str, str]
    ) -> dict[str, str]:
        """All headers of a request, with the signature."""
        moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        content = hashlib.sha256(body).hexdigest()
        signed = {**headers, "host": host, "x-amz-content-sha256": content, "x-amz-date": moment}
        if token := self._keys.get("session_token"):
            signed["x-amz-security-token"] = token
        names = ";".join(sorted(signed))
        lines = "".join(f"{name}:{signed[name].strip()}\n" for name in sorted(signed))
        request = f"{method}\n{resource}\n{query}\n{lines}\n{names}\n{content}"
        scope = f"{moment[:8]}/{self._access.region}/s3/aws4_request"
        text = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
        signature = hmac.new(self._signing_key(scope), text.encode(), hashlib.sha256).hexdigest()
        credential = f"{self._keys['access_key_id']}/{scope}"
        signed["authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={names}, Signature={signature}"
        )
        return signed

    def _signing_key(self, scope: str) -> bytes:
        key = f"AWS4{self._keys['secret_access_key']}".encode()
        for part in scope.split("/"):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        return key


def _raise_for(reply: requests.Response) -> None:
    """Raise what the store says, in the words by which its faults are known."""
    if reply.ok:
        return
    said = f"{_text(_CODE, reply.text)} {_text(_MESSAGE, reply.text)}".strip()
    raise OSError(f"HTTP {reply.status_code}: {said or reply.reason}")


def _text(pattern: re.Pattern[str], document: str) -> str:
    found = pattern.search(document)
    return unescape(found[1]) if found else ""
