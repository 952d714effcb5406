"""Errors as text for people and as a document for programs."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, Any

from floe.errors import ConfigurationError, EnvironmentFaultError, FloeError

if TYPE_CHECKING:
    from floe.cli.style import Palette
    from floe.runtime.events import Failure

_WAYS_OUT = {
    errno.ENOSPC: "free some space on the disk, then run the command again",
    errno.EDQUOT: "free some space in the quota, then run the command again",
    errno.EFBIG: "raise the limit on file sizes (`ulimit -f`), then run the command again",
    errno.EROFS: "run from a folder that can be written",
    errno.EACCES: "check the owner and the mode of that path",
    errno.EPERM: "check the owner and the mode of that path",
    errno.EMFILE: "raise the limit on open files (`ulimit -n`)",
}


def render_failure(error: FloeError, palette: Palette, width: int | None = None) -> str:
    """The error as the user reads it: code and reason, facts, the way out."""
    if isinstance(error, ConfigurationError):
        from floe.diagnostics.render import WIDTH, render

        return render(error.diagnostics, style=palette.by_role, width=width or WIDTH)
    return render_facts(error.code, error.reason, error.details, error.instruction, palette)


def render_facts(
    code: str, reason: str, details: tuple[str, ...], instruction: str, palette: Palette, *, warning: bool = False
) -> str:
    """Lay out one error (or warning) that has no position in a configuration file."""
    title = palette.yellow(f"warning[{code}]") if warning else palette.red(f"error[{code}]")
    lines = [f"{title}: {reason}"]
    lines += [f"  {line}" if line else "" for detail in details for line in detail.split("\n")]
    lines.append(f"{palette.cyan('hint:')} {instruction or f'run `floe explain {code}`'}")
    return "\n".join(lines)


def failure_document(error: FloeError) -> dict[str, Any]:
    """The error as one JSON document; a configuration error lists every diagnostic."""
    document: dict[str, Any] = {"status": "error", "error": error_fields(error)}
    if isinstance(error, ConfigurationError):
        from floe.diagnostics.documents import as_document

        document |= as_document(error.diagnostics)
    return document


def error_fields(error: FloeError | Failure) -> dict[str, Any]:
    """Code, reason, way out and facts of an error, or of a failure that an event carries."""
    return {
        "code": error.code,
        "reason": error.reason,
        "instruction": error.instruction,
        "details": list(error.details),
    }


def from_os_error(error: OSError) -> FloeError:
    """Say which path the system refused, and why."""
    problem = os.strerror(error.errno).lower() if error.errno else str(error)
    path = f" (`{error.filename}`)" if error.filename else ""
    way_out = _WAYS_OUT.get(error.errno or 0, "")
    return EnvironmentFaultError("FLOE-0902", f"the system refused a file operation: {problem}{path}", way_out)


def from_unexpected(error: Exception) -> FloeError:
    """An error nobody foresaw: a defect of Floe, said in one line."""
    text = " ".join(str(error).split())
    what = f"{type(error).__name__}: {text}" if text else type(error).__name__
    return EnvironmentFaultError(
        "FLOE-0901", f"internal error: {what}", "run the command again with `-vv` to see where it happened"
    )
