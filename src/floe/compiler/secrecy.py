"""No value of a secret environment variable may reach the artifact."""

from __future__ import annotations

import json
import os

from floe.errors import CompilationError

SECRET_PREFIX = "DBT_ENV_SECRET"  # noqa: S105 - the prefix of dbt's names, not a secret
SHORTEST = 6
"""Shorter values are found in any text by chance."""


def refuse_secrets(artifact: str) -> None:
    """Look for the values of `DBT_ENV_SECRET…` in the artifact's text.

    Raises:
        CompilationError: one is there; the message names the variable, never its value.
    """
    for name, value in sorted(os.environ.items()):
        if name.startswith(SECRET_PREFIX) and len(value) >= SHORTEST and json.dumps(value)[1:-1] in artifact:
            reason = f"the value of the secret `{name}` is part of the compiled project"
            raise CompilationError(
                "FLOE-0213", reason, "secrets have no place in SQL, variables or descriptions: take it out"
            )
