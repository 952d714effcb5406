"""Secrets in a file of `NAME=value` lines, which lies outside the project."""

from __future__ import annotations

import stat
from functools import cached_property
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from floe.errors import EnvironmentFaultError
from floe.secrets.backends.local import unreadable
from floe.secrets.base import TOO_OPEN

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from floe.secrets.base import Reference


class FileBackend:
    """A dotenv file. It has the names that the variables of the environment would have."""

    def __init__(self, settings: Mapping[str, Any], secret: Callable[[str], str]) -> None:
        del secret
        self._path = Path(settings["path"])

    def place(self, reference: Reference) -> str:
        """Name and file."""
        return f"`{reference.variable}` in `{self._path}`"

    def fetch(self, reference: Reference) -> str | None:
        """The value of the name; an empty one counts as missing, as does a file that is not there.

        Raises:
            EnvironmentFaultError: everybody on the machine may read the file, or nobody can.
        """
        return self._values.get(reference.variable) or None

    @cached_property
    def _values(self) -> Mapping[str, str | None]:
        from dotenv import dotenv_values

        file = self._path.expanduser()
        try:
            if file.stat().st_mode & (stat.S_IROTH | stat.S_IWOTH):
                reason = f"everybody on this machine may read or change the secret file `{self._path}`"
                raise EnvironmentFaultError(TOO_OPEN, reason, f"run `chmod 600 {self._path}`")
            text = file.read_text(encoding="utf-8")
        except FileNotFoundError:
            return {}
        except (OSError, UnicodeDecodeError) as error:
            raise unreadable(self._path, error) from None
        return dotenv_values(stream=StringIO(text), interpolate=False)
