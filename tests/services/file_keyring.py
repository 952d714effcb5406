"""A keyring for tests, of this process and those that it starts: entries in a JSON file that a variable names."""

from __future__ import annotations

import json
import os
from pathlib import Path

from keyring.backend import KeyringBackend

FILE = "FLOE_TEST_KEYRING"
"""Environment variable with the file of the entries: service -> user name -> password."""


class FileKeyring(KeyringBackend):
    """Only reads; keyring takes it where `PYTHON_KEYRING_BACKEND` names it."""

    priority = 1  # type: ignore[assignment]

    def get_password(self, service: str, username: str) -> str | None:
        found = json.loads(Path(os.environ[FILE]).read_text())[service].get(username)
        return None if found is None else str(found)

    def set_password(self, service: str, username: str, password: str) -> None:
        raise NotImplementedError

    def delete_password(self, service: str, username: str) -> None:
        raise NotImplementedError


def variables(file: Path, service: str, entries: dict[str, str]) -> dict[str, str]:
    """Write the entries, and return the environment in which they are the keyring's."""
    file.write_text(json.dumps({service: entries}))
    root = str(Path(__file__).parents[2])
    found = os.pathsep.join([root, *filter(None, [os.environ.get("PYTHONPATH")])])
    backend = f"tests.services.file_keyring.{FileKeyring.__name__}"
    return {FILE: str(file), "PYTHON_KEYRING_BACKEND": backend, "PYTHONPATH": found}
