"""What dbt says when a node cannot be rendered or built during a run, as an error of Floe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from floe.errors import NodeError

if TYPE_CHECKING:
    from pathlib import Path

_INSTRUCTION = "correct the SQL or its macros, then run again"


def dbt_fault(error: Exception, action: Literal["render", "build", "test"], subject: str, root: Path) -> NodeError:
    """The error for a node that dbt could not render or build: dbt's own message, with the project's paths."""
    text = (str(error) or repr(error)).replace(f"{root.resolve()}/", "").replace(f"{root}/", "")
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    if action == "test":
        return NodeError("FLOE-0453", f"dbt cannot run the unit test `{subject}`", _INSTRUCTION, details=lines)
    if action == "build":
        return NodeError("FLOE-0431", f"dbt cannot build `{subject}`", _INSTRUCTION, details=lines)
    return NodeError("FLOE-0430", f"dbt cannot render `{subject}`", _INSTRUCTION, details=lines)
