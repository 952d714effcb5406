"""Shows a maintenance while it goes on: one line for each table that something was done to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from floe.observe.wording import counts, duration, size, verb
from floe.runtime.events import Notice, RunStarted, TableMaintained

if TYPE_CHECKING:
    from collections.abc import Callable

    from floe.observe.wording import Paint
    from floe.runtime.events import Event


class CareProgress:
    """Writes lines about a maintenance.

    Args:
        write: Takes one finished line, without newline.
        paint: Colours; the caller decides whether there are any.
        verbosity: -1 shows failures only, 1 and more also the tables that needed nothing.
    """

    def __init__(self, write: Callable[[str], None], *, paint: Paint, verbosity: int = 0) -> None:
        self._write = write
        self._paint = paint
        self._verbosity = verbosity

    def on_event(self, event: Event) -> None:
        """Say what there is to say about an event."""
        match event:
            case Notice():
                self._write(f"{self._paint.cyan('note:')} {event.message}")
            case RunStarted() if self._verbosity >= 0:
                said = self._paint.bold(verb("Caring"))
                self._write(f"{said} for the tables of {event.project} in {event.environment}")
            case TableMaintained():
                self._table(event)

    def close(self) -> None:
        """Nothing is held."""

    def _table(self, event: TableMaintained) -> None:
        if event.failure is not None:
            self._write(f"{self._paint.red(verb('Failed'))}         {event.table}  {event.failure.reason}")
            return
        done = _orphans(event) if event.orphans_deleted else _done(event)
        if self._verbosity >= (0 if done else 1):
            said = self._paint.green(verb("Cared for"))
            self._write(f"{said} {duration(event.seconds):>6}  {event.table}  {done or 'nothing to do'}")


def _orphans(event: TableMaintained) -> str:
    return f"deleted {counts((event.orphans_deleted, 'file'))} that no table refers to"


def _done(event: TableMaintained) -> str:
    """`1,000 files into 1, 12 manifests rewritten, 3 snapshots expired with 9 files (12.3 MB to 9.1 MB)`."""
    parts = []
    if event.files_compacted:
        parts.append(f"{counts((event.files_compacted, 'file'))} into {event.files_written:,}")
    if event.manifests_rewritten:
        parts.append(f"{counts((event.manifests_rewritten, 'manifest'))} rewritten")
    if event.snapshots_expired:
        files = f" with {counts((event.files_deleted, 'file'))}" if event.files_deleted else ""
        parts.append(f"{counts((event.snapshots_expired, 'snapshot'))} expired{files}")
    sizes = f" ({size(event.bytes_before)} to {size(event.bytes_after)})" if parts else ""
    return ", ".join(parts) + sizes
