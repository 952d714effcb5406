"""What the selection options of a command select."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from floe.errors import UsageError

if TYPE_CHECKING:
    from floe.artifact.models import CompiledArtifacts
    from floe.cli.application import Application
    from floe.runtime.selection import Selection


@dataclass(frozen=True)
class Wanted:
    """The selection options as they were written."""

    select: tuple[str, ...]
    exclude: tuple[str, ...]
    selector: str = ""
    state: str = ""
    """Folder or file of an earlier artifact; empty for none."""


def selected(application: Application, artifacts: CompiledArtifacts, wanted: Wanted) -> Selection:
    """Apply the options to an artifact.

    Raises:
        UsageError: options exclude each other.
        SelectionError: the selection names nothing, or something that does not exist.
    """
    from floe.runtime.retry import last_results
    from floe.runtime.selection import select
    from floe.runtime.selectors import History

    if wanted.selector and (wanted.select or wanted.exclude):
        other = "--select" if wanted.select else "--exclude"
        reason = f"`--selector` and `{other}` exclude each other"
        raise UsageError("FLOE-0714", reason, "leave one of them out")
    directory, environment = application.directory.resolve(), artifacts.platform.environment
    history = History(_earlier(wanted.state), lambda: last_results(directory, environment))
    return select(artifacts, wanted.select, wanted.exclude, selector=wanted.selector, history=history)


def _earlier(state: str) -> CompiledArtifacts | None:
    if not state:
        return None
    from floe.artifact import codec

    path = Path(state)
    path = path / "artifacts.json" if path.is_dir() else path
    if not path.is_file():
        raise UsageError("FLOE-0717", f"there is no artifact at `{state}`", "name a folder with an `artifacts.json`")
    return codec.load(path)
