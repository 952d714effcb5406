"""Who asks: a bearer token, tokens of OAuth2 client credentials that are renewed in time, or AWS signatures."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from requests.auth import AuthBase

if TYPE_CHECKING:
    from collections.abc import Callable

    import requests

_LONGEST_MARGIN_SECONDS = 60.0
_SHARE = 4
"""Short-lived tokens are renewed in the last quarter of their life."""


class Authentication(Protocol):
    """Gives each request the proof of who sends it. Safe to use from several threads."""

    def proof(self) -> AuthBase:
        """What puts the proof into a request.

        Raises:
            LakeError: there is none to be had.
        """
        ...

    def renew(self, refused: AuthBase | None) -> bool:
        """Get another proof than one that was refused; False where there is no other.

        Raises:
            LakeError: there is none to be had.
        """
        ...


@dataclass(frozen=True)
class Bearer(AuthBase):
    """A token in the header `Authorization`."""

    token: str = field(repr=False)

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Put the token into the request."""
        request.headers["Authorization"] = f"Bearer {self.token}"
        return request


class FixedProof:
    """Always the same proof; implements `Authentication`."""

    def __init__(self, proof: AuthBase) -> None:
        self._proof = proof

    def proof(self) -> AuthBase:
        """The proof."""
        return self._proof

    def renew(self, refused: AuthBase | None) -> bool:  # noqa: ARG002 - there is only one
        """There is no other."""
        return False


@dataclass(frozen=True)
class Token:
    """A token and how long it lives."""

    value: str = field(repr=False)
    seconds: float | None = None
    """None where the server did not say."""


class Tokens:
    """Tokens that are asked for when first needed, and again before they expire; implements `Authentication`.

    Args:
        issue: Gives a new token. Whatever it raises reaches the caller.
        renews: Whether tokens are ever renewed.
    """

    def __init__(self, issue: Callable[[], Token], *, renews: bool) -> None:
        self._issue = issue
        self._renews = renews
        self._lock = threading.Lock()
        self._current: Bearer | None = None
        self._renew_at: float | None = None

    def proof(self) -> AuthBase:
        """A token that is valid for a while; see `Authentication.proof`."""
        with self._lock:
            due = self._renews and self._renew_at is not None and time.monotonic() >= self._renew_at
            if self._current is None or due:
                return self._new()
            return self._current

    def renew(self, refused: AuthBase | None) -> bool:
        """See `Authentication.renew`: one token is asked for, however many threads had the old one refused."""
        with self._lock:
            if self._current is not refused:
                return True
            if not self._renews:
                return False
            self._new()
            return True

    def _new(self) -> Bearer:
        token = self._issue()
        self._current = Bearer(token.value)
        self._renew_at = None
        if token.seconds is not None:
            margin = min(_LONGEST_MARGIN_SECONDS, token.seconds / _SHARE)
            self._renew_at = time.monotonic() + token.seconds - margin
        return self._current


class Deferred:
    """An authentication that is made when it is first needed; implements `Authentication`.

    Args:
        make: Makes it. Whatever it raises reaches the caller.
    """

    def __init__(self, make: Callable[[], Authentication]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._made: Authentication | None = None

    def proof(self) -> AuthBase:
        """See `Authentication.proof`."""
        return self._own.proof()

    def renew(self, refused: AuthBase | None) -> bool:
        """See `Authentication.renew`."""
        return self._own.renew(refused)

    @property
    def _own(self) -> Authentication:
        with self._lock:
            if self._made is None:
                self._made = self._make()
            return self._made
