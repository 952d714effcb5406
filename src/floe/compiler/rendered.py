"""Files with the rendered SQL, which error messages name with a line."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from floe.artifact.files import write_if_changed

if TYPE_CHECKING:
    from pathlib import Path

    from floe.artifact.models import CompiledArtifacts

RENDERED = ".floe/rendered"


def rendered_files(artifacts: CompiledArtifacts) -> dict[str, str]:
    """Path, relative to the project, and text of every file that is rendered at compile time."""
    files: dict[str, str] = {}
    for asset in artifacts.assets.values():
        if asset.query is not None and asset.rendering == "compiled":
            files[asset.query.rendered_path] = f"{asset.query.sql}\n"
            if asset.query.increment is not None:
                files[asset.query.increment_path] = f"{asset.query.increment}\n"
    for test in artifacts.tests.values():
        if test.rendering == "compiled" and test.unit is None:
            files[test.rendered_path] = f"{test.sql}\n"
    files |= {hook.rendered_path: f"{hook.sql}\n" for hook in artifacts.hooks if hook.rendering == "compiled"}
    return files


def _late_files(artifacts: CompiledArtifacts) -> set[str]:
    """Paths of what runs render, and leave for the user to read."""
    assets = [asset for asset in artifacts.assets.values() if asset.rendering != "compiled"]
    queries = [asset.query for asset in assets if asset.query is not None]
    late = {path for query in queries for path in (query.rendered_path, query.increment_path)}
    late |= {hook.rendered_path for hook in artifacts.hooks if hook.rendering != "compiled"}
    tests = [test for test in artifacts.tests.values() if test.rendering != "compiled" or test.unit is not None]
    return late | {test.rendered_path for test in tests}


def write_rendered(artifacts: CompiledArtifacts, project: Path) -> None:
    """Write what changed and remove what is stale.

    Raises:
        OSError: `.floe/` cannot be written.
    """
    files = rendered_files(artifacts)
    for path, text in files.items():
        write_if_changed(project / path, text)
    kept = {*files, *_late_files(artifacts)}
    folder = project / RENDERED
    for file in sorted(folder.rglob("*"), reverse=True) if folder.is_dir() else ():
        if file.is_file() and file.relative_to(project).as_posix() not in kept:
            file.unlink()
        elif file.is_dir() and not any(file.iterdir()):
            file.rmdir()


def restore_rendered(artifacts: CompiledArtifacts, project: Path) -> None:
    """Write the files that are missing.

    Raises:
        OSError: `.floe/` cannot be written.
    """
    # Plain texts: three files for each model, looked for by every run.
    folder = f"{project}{os.sep}"
    if not all(os.path.exists(folder + path) for path in rendered_files(artifacts)):  # noqa: PTH110 - see above
        write_rendered(artifacts, project)
