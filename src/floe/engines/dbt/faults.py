"""What dbt says when something cannot be rendered or built during a run, as an error of Floe."""

from __future__ import annotations

from typing import TYPE_CHECKING

from floe.errors import FloeError, NodeError

if TYPE_CHECKING:
    from pathlib import Path

_INSTRUCTION = "correct the SQL or its macros, then run again"
_REASONS = {
    "FLOE-0430": "dbt cannot render `{}`",
    "FLOE-0431": "dbt cannot build `{}`",
    "FLOE-0433": "dbt cannot render the hook `{}`",
    "FLOE-0453": "dbt cannot run the unit test `{}`",
    "FLOE-0454": "dbt cannot run the test `{}`",
    "FLOE-0434": "the operation `{}` failed",
}


def dbt_fault(error: Exception, code: str, subject: str, root: Path) -> FloeError:
    """The error for something that dbt could not do: dbt's own message, with the project's paths."""
    if isinstance(error, FloeError):
        return error
    text = (str(error) or repr(error)).replace(f"{root.resolve()}/", "").replace(f"{root}/", "")
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    return NodeError(code, _REASONS[code].format(subject), _INSTRUCTION, details=lines)


def interrupted(subject: str) -> NodeError:
    """The error for what an interrupt has ended."""
    return NodeError("FLOE-0418", f"`{subject}` was interrupted", "run again")
