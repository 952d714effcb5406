"""Finds the value of a secret: in the environment, else in the files that a platform mounts."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from floe.errors import EnvironmentFaultError

if TYPE_CHECKING:
    from collections.abc import Mapping

MOUNTS = Path("/var/run/secrets")
"""Folder under which secrets are mounted, each as a file, or as a folder of keys (Kubernetes)."""


@dataclass(frozen=True)
class Reference:
    """Name of a secret and, of one that holds several values, the key of the value."""

    name: str
    key: str = ""

    @property
    def variable(self) -> str:
        """The environment variable: upper case, `_` for `-` and `.`; with a key, name and key joined by `_`."""
        joined = f"{self.name}_{self.key}" if self.key else self.name
        return joined.upper().replace("-", "_").replace(".", "_")

    def file(self, mounts: Path = MOUNTS) -> Path:
        """The mounted file."""
        return mounts / self.name / self.key if self.key else mounts / self.name


def resolve(reference: Reference, environment: Mapping[str, str] | None = None, mounts: Path = MOUNTS) -> str:
    """The value of a secret: the environment's, where an empty one counts as missing, else the mounted file's.

    Args:
        reference: Which secret.
        environment: Variables; those of the process if left out.
        mounts: Folder of the mounted secrets.

    Raises:
        EnvironmentFaultError: it is in neither place, or its file cannot be read.
    """
    value = (os.environ if environment is None else environment).get(reference.variable, "")
    return value or _mounted(reference, reference.file(mounts))


def _mounted(reference: Reference, file: Path) -> str:
    try:
        value = file.read_text(encoding="utf-8").strip()
    except (FileNotFoundError, NotADirectoryError):
        value = ""
    except IsADirectoryError:
        keys = ", ".join(f"`{entry.name}`" for entry in sorted(file.iterdir()) if not entry.name.startswith("."))
        reason = f"the secret `{reference.name}` holds several values, in `{file}`"
        raise EnvironmentFaultError("FLOE-0461", reason, f"name one with `key:`; there are {keys or 'none'}") from None
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not text in UTF-8"
        raise EnvironmentFaultError("FLOE-0461", f"the secret file `{file}` cannot be read: {why}") from None
    if not value:
        called = f"{reference.name}`, key `{reference.key}" if reference.key else reference.name
        reason = (
            f"the secret `{called}` is not there: tried the environment variable `{reference.variable}` and `{file}`"
        )
        raise EnvironmentFaultError("FLOE-0460", reason, f"set `{reference.variable}`, or mount the secret")
    return value
