"""What the selection options of a command select."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from floe.errors import UsageError

if TYPE_CHECKING:
    from floe.artifact.models import CompiledArtifacts
    from floe.runtime.selection import Selection


@dataclass(frozen=True)
class Wanted:
    """The selection options as they were written."""

    select: tuple[str, ...]
    exclude: tuple[str, ...]
    selector: str = ""


def selected(artifacts: CompiledArtifacts, wanted: Wanted) -> Selection:
    """Apply the options to an artifact.

    Raises:
        UsageError: options exclude each other.
        SelectionError: the selection names nothing, or something that does not exist.
    """
    from floe.runtime.selection import select

    if wanted.selector and (wanted.select or wanted.exclude):
        other = "--select" if wanted.select else "--exclude"
        reason = f"`--selector` and `{other}` exclude each other"
        raise UsageError("FLOE-0714", reason, "leave one of them out")
    return select(artifacts, wanted.select, wanted.exclude, selector=wanted.selector)
