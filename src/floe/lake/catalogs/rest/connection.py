"""Sends requests to a catalog: one session a thread, TLS verified, and passing faults tried again."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

import requests
from pydantic_core import to_json
from requests.adapters import HTTPAdapter

from floe.lake.catalogs.rest.answers import Answer
from floe.lake.catalogs.rest.backoff import Backoff
from floe.lake.catalogs.rest.faults import PassingFaultError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from floe.lake.catalogs.rest.authentication import Authentication
    from floe.lake.catalogs.rest.faults import Faults

_PASSING = frozenset({429, 500, 502, 503, 504})
_NOT_CARRIED_OUT = frozenset({429})
_CONNECT_SECONDS = 10.0
_FIRST_CONTACT_SECONDS = 5.0
"""Patience until the catalog has answered for the first time: a wrong address should not take a minute to tell."""


@dataclass(frozen=True)
class Request:
    """One request, and what it is for: `action` continues "the catalog refused to"."""

    method: str
    url: str
    action: str
    params: Mapping[str, str | int] = field(default_factory=dict)
    document: Any = None
    """What is sent as JSON."""
    form: Mapping[str, str] | None = None
    """What is sent as a form instead."""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Transport:
    """How requests are made."""

    headers: Mapping[str, str] = field(repr=False)
    """Sent with every request to the catalog itself."""
    ca_bundle: str = ""
    client_certificate: tuple[str, str] | None = None
    timeout_seconds: float = 60.0
    patience_seconds: float = 60.0


class Connection:
    """The way to one catalog. Safe to use from several threads.

    Args:
        transport: Says how requests are made; asked when the first one is.
        faults: The catalog's errors.
    """

    def __init__(self, transport: Callable[[], Transport], faults: Faults) -> None:
        self._find_transport = transport
        self._faults = faults
        self._local = threading.local()
        self._met = False

    def ask(
        self, request: Request, authentication: Authentication | None = None, expected: Collection[int] = ()
    ) -> Answer:
        """Send a request that may be sent twice, again and again while it fails for a passing reason.

        Args:
            request: The request.
            authentication: Who asks; nobody if left out.
            expected: Statuses that the caller handles besides the good ones.

        Raises:
            LakeError: the catalog cannot be reached or refuses.
        """
        backoff = self.backoff()
        while True:
            try:
                answer = self.send(request, authentication)
            except PassingFaultError as fault:
                if not backoff.wait(fault.retry_after):
                    raise self._faults.unreachable(fault.reason) from fault
                continue
            if answer.is_good or answer.status in expected:
                return answer
            raise self._faults.refused(request.action, answer)

    def backoff(self) -> Backoff:
        """Waits between the attempts of a new request."""
        patience = self._transport.patience_seconds
        return Backoff(patience if self._met else min(patience, _FIRST_CONTACT_SECONDS))

    def send(self, request: Request, authentication: Authentication | None = None) -> Answer:
        """Send a request once; once more with new credentials where the catalog refuses those that it got.

        Raises:
            PassingFaultError: there was no answer, or one that says to try again.
            LakeError: the server cannot be trusted, or nobody gives credentials for it.
        """
        proof = authentication.proof() if authentication else None
        answer = self._exchange(request, proof)
        if answer.status in (401, 419) and authentication is not None and authentication.renew(proof):
            answer = self._exchange(request, authentication.proof())
        if answer.status in _PASSING:
            arrived = answer.status not in _NOT_CARRIED_OUT
            said = f": {answer.message}" if answer.message else ""
            raise PassingFaultError(f"answers {answer.status}{said}", arrived=arrived, retry_after=answer.retry_after)
        return answer

    def _exchange(self, request: Request, proof: requests.auth.AuthBase | None) -> Answer:
        body = request.form if request.document is None else to_json(request.document)
        kind = {} if request.document is None else {"Content-Type": "application/json"}
        try:
            response = self._session.request(
                request.method,
                request.url,
                params=request.params,
                data=body,
                headers={**self._transport.headers, **kind, **request.headers},
                auth=proof or _nobody,
                timeout=(_CONNECT_SECONDS, self._transport.timeout_seconds),
                # None, not True: certificates that the environment names count where the platform names none.
                verify=self._transport.ca_bundle or None,
                cert=self._transport.client_certificate,
                allow_redirects=False,
            )
        except requests.exceptions.SSLError as error:
            if _is_about_trust(error):
                raise self._faults.certificate(_innermost(error)) from error
            raise PassingFaultError("broke the connection off", arrived=True) from error
        except requests.exceptions.ConnectTimeout as error:
            raise PassingFaultError("does not answer", arrived=False) from error
        except requests.exceptions.Timeout as error:
            seconds = self._transport.timeout_seconds
            raise PassingFaultError(f"gave no answer within {seconds:g} s", arrived=True) from error
        except requests.exceptions.RequestException as error:
            raise _of_network(error) from error
        self._met = True
        return Answer(response.status_code, response.headers, response.content, datetime.now(UTC))

    @cached_property
    def _transport(self) -> Transport:
        return self._find_transport()

    @property
    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = requests.Session()
            # Trying again is decided here, where it is known what is safe to send twice.
            for scheme in ("http://", "https://"):
                session.mount(scheme, HTTPAdapter(max_retries=0))
        return session


def _nobody(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Authentication that is none: without it requests would take a password from `~/.netrc`."""
    return request


def _of_network(error: requests.exceptions.RequestException) -> PassingFaultError:
    why = _innermost(error)
    never_sent = "NewConnectionError" in repr(error) or "NameResolutionError" in repr(error)
    if never_sent:
        return PassingFaultError(f"cannot be reached: {why}", arrived=False)
    return PassingFaultError(f"broke the connection off: {why}", arrived=True)


def _is_about_trust(error: requests.exceptions.SSLError) -> bool:
    text = str(error).lower()
    return any(words in text for words in ("certificate", "wrong version number", "hostname", "unknown ca"))


def _innermost(error: BaseException) -> str:
    """The system's own words, without the layers that libraries wrap around them."""
    while True:
        inner = getattr(error, "reason", None)
        if not isinstance(inner, BaseException):
            inner = next((part for part in error.args if isinstance(part, BaseException)), None)
        inner = inner or error.__cause__
        if inner is None or inner is error:
            break
        error = inner
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return str(error).rpartition(": ")[2].lower()
