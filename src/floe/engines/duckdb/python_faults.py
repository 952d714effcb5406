"""What a user's Python code raised, told with the lines of the user's own files only."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from floe.errors import NodeError

if TYPE_CHECKING:
    from collections.abc import Iterator


def python_fault(code: str, subject: str, error: BaseException, project_directory: Path) -> NodeError:
    """The error for an exception of a user's code: its type and message, and where in the project it came from."""
    message = str(error).strip().splitlines()
    said = f"{type(error).__name__}: {message[0]}" if message else type(error).__name__
    lines = tuple(_user_lines(error, project_directory))
    return NodeError(
        code, f"{subject}: {said}", "correct the Python code, then run again", details=(*message[1:6], *lines)
    )


def _user_lines(error: BaseException, project_directory: Path) -> Iterator[str]:
    if isinstance(error, SyntaxError) and error.filename:
        yield f"--> {_relative(error.filename, project_directory) or error.filename}:{error.lineno}"
        if error.text:
            yield f"{error.lineno:>4} | {error.text.rstrip()}"
    for frame in traceback.extract_tb(error.__traceback__):
        file = _relative(frame.filename, project_directory)
        if file is not None:
            yield f"--> {file}:{frame.lineno} in {frame.name}"
            if frame.line:
                yield f"{frame.lineno:>4} | {frame.line}"


def _relative(file: str, project_directory: Path) -> str | None:
    """The path in the project; None for files outside it and for installed packages inside it."""
    path = Path(file)
    if "site-packages" in path.parts or not path.is_relative_to(project_directory):
        return None
    return path.relative_to(project_directory).as_posix()
