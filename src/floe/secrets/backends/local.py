"""Secrets that this machine has: variables of the environment, and files that a platform mounts."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from floe.errors import EnvironmentFaultError
from floe.secrets.base import SEVERAL_OR_UNREADABLE, several

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from floe.secrets.base import Reference

MOUNTS = "/var/run/secrets"
"""Folder under which secrets are mounted, each as a file, or as a folder of keys (Kubernetes)."""


class EnvironmentBackend:
    """Variables of the process. An empty one counts as missing."""

    def __init__(self, settings: Mapping[str, Any], secret: Callable[[str], str]) -> None:
        del settings, secret

    def place(self, reference: Reference) -> str:
        """The variable."""
        return f"the environment variable `{reference.variable}`"

    def fetch(self, reference: Reference) -> str | None:
        """The variable's value."""
        return os.environ.get(reference.variable) or None


class MountBackend:
    """Files of a folder, stripped; a folder in it is a secret of several values, each a file."""

    def __init__(self, settings: Mapping[str, Any], secret: Callable[[str], str]) -> None:
        del secret
        self._folder = Path(settings.get("path", MOUNTS)).expanduser()

    def place(self, reference: Reference) -> str:
        """The file."""
        return f"`{self._file(reference)}`"

    def fetch(self, reference: Reference) -> str | None:
        """What the file holds.

        Raises:
            EnvironmentFaultError: it is a folder and no key is named, or it cannot be read.
        """
        file = self._file(reference)
        try:
            return file.read_text(encoding="utf-8").strip() or None
        except (FileNotFoundError, NotADirectoryError):
            return None
        except IsADirectoryError:
            keys = [entry.name for entry in file.iterdir() if not entry.name.startswith(".")]
            raise several(reference, f"`{file}`", keys) from None
        except (OSError, UnicodeDecodeError) as error:
            raise unreadable(file, error) from None

    def _file(self, reference: Reference) -> Path:
        file = self._folder / reference.name
        return file / reference.key if reference.key else file


def unreadable(file: Path, error: OSError | UnicodeDecodeError) -> EnvironmentFaultError:
    """The error for a file of secrets that cannot be read."""
    why = error.strerror if isinstance(error, OSError) else "it is not text in UTF-8"
    return EnvironmentFaultError(SEVERAL_OR_UNREADABLE, f"the secret file `{file}` cannot be read: {why}")
