"""What proves who asks an object store: keys, when they expire, and how new ones are got in time."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from floe.secrets.masking import remember

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_LONGEST_MARGIN = timedelta(minutes=5)
_SHARE = 3
"""Short-lived credentials are renewed in the last third of their life."""


@dataclass(frozen=True)
class Credentials:
    """Keys of one store, by the names that platform.yaml has for them, e.g. `access_key_id`.

    They are secrets: nothing shows their values.
    """

    values: Mapping[str, str] = field(default_factory=dict, repr=False)
    expires_at: datetime | None = None
    """In UTC; None for what does not expire, or of which nobody knows."""


class RenewableCredentials:
    """Credentials that are asked for when they are first needed, and again before they expire.

    Safe to use from several threads.

    Args:
        issue: Gives new credentials. Whatever it raises reaches the caller of `current`.
    """

    def __init__(self, issue: Callable[[], Credentials]) -> None:
        self._issue = issue
        self._lock = threading.Lock()
        self._current: Credentials | None = None
        self.renew_at: datetime | None = None
        """When `current` will ask for new ones; None if never."""

    def current(self) -> Credentials:
        """Credentials that stay valid for a while; always the same object until they are renewed."""
        with self._lock:
            if self._current is None or (self.renew_at is not None and datetime.now(UTC) >= self.renew_at):
                self._current = self._issued()
                self.renew_at = _renew_at(self._current)
            return self._current

    def renew(self, refused: Credentials) -> bool:
        """Get new credentials in place of those that a store refused; False where there are no others to be had."""
        with self._lock:
            if self._current is not refused:
                return True
            if refused.expires_at is None:
                return False
            self._current = self._issued()
            self.renew_at = _renew_at(self._current)
            return self._current != refused

    def _issued(self) -> Credentials:
        """New credentials; keys that a catalog or a role gives are secrets as much as those of the platform."""
        issued = self._issue()
        for value in issued.values.values():
            remember(value)
        return issued


def fixed(credentials: Credentials) -> RenewableCredentials:
    """Credentials that are always the same."""
    return RenewableCredentials(lambda: credentials)


def _renew_at(credentials: Credentials) -> datetime | None:
    if credentials.expires_at is None:
        return None
    life = credentials.expires_at - datetime.now(UTC)
    return credentials.expires_at - min(_LONGEST_MARGIN, life / _SHARE)
