"""What a user's Python code raised, told with the lines of the user's own files only."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from floe.errors import NodeError

if TYPE_CHECKING:
    from collections.abc import Iterator

_READERS_TRACE = "Detail: Python exception: Traceback (most recent call last):"
_MOST_LINES = 5


def python_fault(code: str, subject: str, error: BaseException, project_directory: Path) -> NodeError:
    """The error for an exception of a user's code: its type and message, and where in the project it came from."""
    said, *more = _said(error, project_directory)
    lines = tuple(_user_lines(error, project_directory))
    return NodeError(code, f"{subject}: {said}", "correct the Python code, then run again", details=(*more, *lines))


def _said(error: BaseException, project_directory: Path) -> list[str]:
    """The exception's own words. DuckDB gives those of a reader that it was reading with its whole traceback."""
    own = str(error).strip().replace(f"{project_directory}/", "")
    _, is_readers, trace = own.partition(_READERS_TRACE)
    if is_readers:
        *lines, said = (line.rstrip() for line in trace.splitlines() if line.strip())
        return [said, *lines[-_MOST_LINES:]]
    first, *lines = own.splitlines() or [""]
    kind = "" if isinstance(error, duckdb.Error) else type(error).__name__
    return [": ".join(part for part in (kind, first) if part) or type(error).__name__, *lines[:_MOST_LINES]]


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
