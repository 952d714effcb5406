"""Tokens of OAuth2 client credentials (RFC 6749, section 4.4): the request is a form, never JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from floe.lake.catalogs.rest.authentication import Token
from floe.lake.catalogs.rest.connection import Request

if TYPE_CHECKING:
    from collections.abc import Mapping

    from floe.lake.catalogs.rest.answers import Answer
    from floe.lake.catalogs.rest.connection import Connection
    from floe.lake.catalogs.rest.faults import Faults

_NO_SUCH_ENDPOINT = (404, 405, 501)
_ACTION = "give a token"


@dataclass
class ClientCredentials:
    """A client of an OAuth2 server.

    Args:
        connection: Sends the requests.
        faults: The catalog's errors.
        uri: Address of the catalog.
        form: `client_id`, `client_secret`, `scope` and what else the server asks for.
        endpoint: Where tokens are asked for; empty for the catalog's own endpoint, or one that its configuration names.
        config_url: Where the catalog's configuration is.
    """

    connection: Connection
    faults: Faults
    uri: str
    form: Mapping[str, str] = field(repr=False)
    endpoint: str
    config_url: str

    def issue(self) -> Token:
        """A new token.

        Raises:
            LakeError: the server cannot be reached, does not know the client, or gives no tokens.
        """
        endpoint = self.endpoint or f"{self.uri}/v1/oauth/tokens"
        answer = self._ask(endpoint)
        if answer.status in _NO_SUCH_ENDPOINT and not self.endpoint:
            endpoint = self._discovered() or endpoint
            answer = self._ask(endpoint)
        if not answer.is_good:
            raise self._refused(endpoint, answer)
        document = answer.json()
        token = document.get("access_token") if isinstance(document, dict) else None
        if not token:
            raise self.faults.no_token(endpoint, "its answer holds no `access_token`")
        seconds = document.get("expires_in")
        return Token(str(token), float(seconds) if isinstance(seconds, int | float) else None)

    def _ask(self, endpoint: str) -> Answer:
        form = {"grant_type": "client_credentials", **self.form}
        request = Request("POST", endpoint, _ACTION, form=form)
        return self.connection.ask(request, expected=range(300, 500))

    def _discovered(self) -> str:
        """The endpoint that the catalog names in its configuration, if it shows that to everybody."""
        answer = self.connection.ask(Request("GET", self.config_url, _ACTION), expected=range(300, 500))
        document = answer.json() if answer.is_good else None
        if not isinstance(document, dict):
            return ""
        merged = {**(document.get("defaults") or {}), **(document.get("overrides") or {})}
        self.endpoint = str(merged.get("oauth2-server-uri", ""))
        return self.endpoint

    def _refused(self, endpoint: str, answer: Answer) -> Exception:
        document = answer.json()
        code = document.get("error") if isinstance(document, dict) else None
        if isinstance(code, str):  # the form that RFC 6749 gives errors
            described = document.get("error_description")
            why = f"{code} ({described})" if described else code
            return self.faults.wrong_secret(endpoint, why)
        if answer.status in (401, 403):
            return self.faults.wrong_secret(endpoint, answer.message or f"HTTP {answer.status}")
        return self.faults.no_token(endpoint, answer.message or f"HTTP {answer.status}")
