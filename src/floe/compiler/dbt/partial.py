"""dbt's partial parse takes a YAML file with the same modification time for unchanged; content decides here."""

from __future__ import annotations

import json
import os
import shutil
from hashlib import sha256
from typing import TYPE_CHECKING

from floe.artifact.files import write_atomically

if TYPE_CHECKING:
    from pathlib import Path

    from floe.compiler.dbt.project import DbtProject

_SKIPPED = frozenset({".git", ".floe", "__pycache__", "logs", "target"})

Seen = dict[str, list[float | str]]


def forget_unseen_changes(project: DbtProject) -> None:
    """Drop dbt's partial parse if it would miss a change; call it before each parse.

    Raises:
        OSError: `.floe/` cannot be written.
    """
    record = project.state / "seen.json"
    before, now = _recorded(record), _seen(project.directory)
    missed = [
        path
        for path, (time, content) in now.items()
        if path in before and before[path][0] == time and before[path][1] != content
    ]
    if missed:
        shutil.rmtree(project.target_path, ignore_errors=True)
    write_atomically(record, json.dumps(now).encode())


def _recorded(record: Path) -> Seen:
    try:
        document = json.loads(record.read_bytes())
        return {str(path): [time, content] for path, (time, content) in document.items()}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}


def _seen(directory: Path) -> Seen:
    seen: Seen = {}
    for place, folders, names in os.walk(directory, followlinks=True):
        folders[:] = [name for name in folders if name not in _SKIPPED]
        for name in names:
            if name.endswith((".yml", ".yaml")):
                path = f"{place}/{name}"
                with open(path, "rb") as file:  # noqa: PTH123 - thousands of files
                    seen[path] = [os.path.getmtime(path), sha256(file.read()).hexdigest()]  # noqa: PTH204
    return seen
