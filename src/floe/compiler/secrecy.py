"""No value of a secret may reach the artifact: neither dbt's, nor one that the environment has for the platform."""

from __future__ import annotations

import json
import os
import shutil
from typing import TYPE_CHECKING, Any

from floe.artifact.base import Frozen
from floe.artifact.settings import SecretReference
from floe.errors import CompilationError
from floe.secrets.base import Reference
from floe.secrets.masking import forms_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from floe.artifact.models import CompiledArtifacts

SECRET_PREFIX = "DBT_ENV_SECRET"  # noqa: S105 - the prefix of dbt's names, not a secret
SHORTEST = 6
"""Shorter values are found in any text by chance."""


def refuse_secrets(artifacts: CompiledArtifacts, text: str, project: Path) -> None:
    """Look for the values of `DBT_ENV_SECRET…`, and of the platform's secrets, in the artifact's text.

    What dbt has written of it is removed.

    Raises:
        CompilationError: one is there; the message names the variable, never its value.
    """
    settings = (artifacts.storage, artifacts.catalogs, artifacts.compute, artifacts.secrets)
    of_platform = {reference.variable for reference in _references(settings)}
    for name, value in sorted(os.environ.items()):
        is_secret = name.startswith(SECRET_PREFIX) or name in of_platform
        if is_secret and len(value) >= SHORTEST and _holds(text, value):
            _remove_rendered(project)
            reason = f"the value of the secret `{name}` is part of the compiled project"
            raise CompilationError(
                "FLOE-0213", reason, "secrets have no place in SQL, variables or descriptions: take it out"
            )


def _holds(text: str, value: str) -> bool:
    """Whether a JSON text has a value, also as SQL, URLs and the like write it."""
    forms = (form for form in forms_of(value) if len(form) >= SHORTEST)
    return any(json.dumps(form, ensure_ascii=False)[1:-1] in text for form in forms)


def _references(part: Any) -> Iterator[Reference]:  # noqa: ANN401 - any part of the artifact
    if isinstance(part, SecretReference):
        yield Reference(part.name, part.key)
    elif isinstance(part, dict):
        for value in part.values():
            yield from _references(value)
    elif isinstance(part, tuple):
        for value in part:
            yield from _references(value)
    elif isinstance(part, Frozen):
        for name in type(part).model_fields:
            yield from _references(getattr(part, name))


def _remove_rendered(project: Path) -> None:
    """Take away what dbt and the cache keep of rendered SQL and of variables."""
    for folder in (project / ".floe" / "dbt").glob("*/target"):
        shutil.rmtree(folder)
    for file in (project / ".floe" / "cache").glob("rendered-*.json"):
        file.unlink()
