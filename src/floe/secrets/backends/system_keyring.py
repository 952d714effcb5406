"""Secrets of the operating system's keyring: macOS Keychain, Windows Credential Locker, Secret Service, KWallet."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from floe.secrets.base import not_installed, unreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from floe.secrets.base import Reference


_WAY_OUT = "unlock it, or see with `keyring diagnose` which one this machine has, then run again"


class KeyringBackend:
    """Entries of one service, whose user is the secret's name, or `name/key`."""

    def __init__(self, settings: Mapping[str, Any], secret: Callable[[str], str]) -> None:
        del secret
        self._service: str = settings["service"]
        self._seconds: int = settings["timeout_seconds"]

    def place(self, reference: Reference) -> str:
        """Entry and service."""
        return f"`{_entry(reference)}` of the service `{self._service}` in the keyring"

    def fetch(self, reference: Reference) -> str | None:
        """The password of the entry.

        Raises:
            EnvironmentFaultError: the package is not installed, or the keyring is locked or asks for too long.
        """
        try:
            import keyring
        except ImportError:
            raise not_installed("keyring", "keyring", "keyring") from None
        answer: list[str | Exception | None] = []

        def ask() -> None:
            try:
                answer.append(keyring.get_password(self._service, _entry(reference)))
            except Exception as error:  # noqa: BLE001 - handed to the thread that waits
                answer.append(error)

        # A keyring that asks its user for a password may wait for ever.
        thread = threading.Thread(target=ask, daemon=True, name="floe-keyring")
        thread.start()
        thread.join(self._seconds)
        if not answer:
            raise unreachable("the keyring", f"it does not answer within {self._seconds} s", _WAY_OUT)
        found = answer[0]
        if isinstance(found, Exception):
            said = " ".join(str(found).split()) or type(found).__name__
            raise unreachable("the keyring", said, _WAY_OUT) from None
        return found or None


def _entry(reference: Reference) -> str:
    return f"{reference.name}/{reference.key}" if reference.key else reference.name
