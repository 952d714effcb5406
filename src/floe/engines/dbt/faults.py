"""What dbt says when a node cannot be rendered during a run, as an error of Floe."""

from __future__ import annotations

from typing import TYPE_CHECKING

from floe.errors import NodeError

if TYPE_CHECKING:
    from pathlib import Path


def rendering_fault(error: Exception, subject: str, root: Path, *, interrupted: bool) -> NodeError:
    """The error for a node that dbt could not render; dbt's own message, with paths relative to the project."""
    if interrupted:
        return NodeError("FLOE-0418", f"`{subject}` was interrupted", "run again")
    text = (str(error) or repr(error)).replace(f"{root.resolve()}/", "").replace(f"{root}/", "")
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    reason = f"dbt cannot render `{subject}`"
    return NodeError("FLOE-0430", reason, "correct the SQL or its macros, then run again", details=lines)
