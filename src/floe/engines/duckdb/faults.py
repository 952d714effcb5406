"""DuckDB's errors as errors of Floe: a stable code, DuckDB's own message, the rendered file and the line."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import duckdb

from floe.engines.duckdb.reached import store_fault
from floe.errors import EnvironmentFaultError, FloeError, LakeError, NodeError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from floe.engines.written import Source

_LINE = re.compile(r"^LINE (\d+): ", re.MULTILINE)
_STORAGE_FAILURES = (
    "no space left",
    "disk quota exceeded",
    "read-only file system",
    "permission denied",
    "input/output error",
    "file too large",
    "max_temp_directory_size",
)
_FILE_NOT_THERE = "No files found that match the pattern"


@dataclass(frozen=True)
class EngineMessage:
    """What DuckDB said, taken apart."""

    headline: str
    notes: tuple[str, ...]
    line: int | None
    """Line of the statement, counted from 1."""


@dataclass(frozen=True)
class SqlOrigin:
    """Where the text of a statement comes from: what messages name."""

    subject: str
    """What was being done, e.g. the key of an asset."""
    sql: str = ""
    rendered_path: str = ""
    code: str = ""
    """The code of every mistake in the SQL; empty for the codes of an asset's SQL."""
    source: Source | None = None
    """The user's file, which the SQL was made from."""


def engine_message(error: duckdb.Error) -> EngineMessage:
    """DuckDB's message without the excerpt of a statement that the user never wrote."""
    text = str(error).strip()
    position = _LINE.search(text)
    body = text[: position.start()] if position else text
    lines = [line.strip() for line in body.splitlines() if line.strip()]
    headline = lines[0] if lines else type(error).__name__
    return EngineMessage(headline.rstrip("!."), tuple(lines[1:]), int(position.group(1)) if position else None)


@contextmanager
def sql_faults(origin: SqlOrigin) -> Iterator[None]:
    """Turn what DuckDB raises inside the block into an error about `origin`.

    Raises:
        NodeError: the SQL is at fault, or it was interrupted.
        LakeError: the disk is full or cannot be written.
        EnvironmentFaultError: the memory limit is too low.
    """
    try:
        yield
    except duckdb.Error as error:
        raise translated(error, origin) from error


def translated(error: duckdb.Error, origin: SqlOrigin) -> FloeError:
    """The error of Floe for one of DuckDB's."""
    return environment_fault(error, origin.subject) or _sql_fault(error, origin)


def environment_fault(error: duckdb.Error, subject: str) -> FloeError | None:
    """The error, where it is not the project's fault: interrupted, out of memory, or the disk."""
    message = engine_message(error)
    if isinstance(error, duckdb.InterruptException):
        return NodeError("FLOE-0418", f"`{subject}` was interrupted", "run again")
    if store := store_fault(error):
        return store
    # A full spill folder is also an out-of-memory error to DuckDB, and the disk is the cause.
    if isinstance(error, duckdb.IOException | duckdb.OutOfMemoryException | duckdb.HTTPException):
        lowered = str(error).lower()
        if any(failure in lowered for failure in _STORAGE_FAILURES):
            reason = f"`{subject}` could not be written: {message.headline}"
            return LakeError("FLOE-0416", reason, "free some space or make the folder writable, then run again")
    if isinstance(error, duckdb.OutOfMemoryException):
        instruction = "raise `memory_limit` of the compute profile, or lower its `threads`"
        reason = f"`{subject}` needs more memory than DuckDB may use: {message.headline}"
        return EnvironmentFaultError("FLOE-0417", reason, instruction)
    return None


def _sql_fault(error: duckdb.Error, origin: SqlOrigin) -> NodeError:
    message = engine_message(error)
    cannot_be_read = duckdb.ParserException | duckdb.BinderException | duckdb.CatalogException
    code = origin.code or ("FLOE-0401" if isinstance(error, cannot_be_read) else "FLOE-0402")
    instruction = "correct the SQL, then run again"
    if _FILE_NOT_THERE in message.headline:
        instruction = "paths in SQL are relative to the project; check the path and its pattern"
    details = (*message.notes, *_excerpt(message, origin))
    return NodeError(code, f"`{origin.subject}` failed: {message.headline}", instruction, details=details)


def _excerpt(message: EngineMessage, origin: SqlOrigin) -> tuple[str, ...]:
    if not origin.rendered_path:
        return ()
    line, lines = message.line, origin.sql.splitlines()
    known = line is not None and line <= len(lines)
    text = lines[line - 1].rstrip() if line is not None and known else ""
    written = (f"made from {origin.source.place(text, message.headline)}",) if origin.source else ()
    if not known:
        return (f"--> {origin.rendered_path}", *written)
    return (f"--> {origin.rendered_path}:{line}", f"{line:>4} | {text}", *written)
