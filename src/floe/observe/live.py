"""The running nodes of a run, below its lines, on a terminal. Imports rich, and only once a run takes a while."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from floe.observe.progress import Progress
from floe.runtime.events import (
    HookFinished,
    HookStarted,
    NodeFinished,
    NodeStarted,
    PublishStep,
    RunFinished,
    RunStarted,
    TestFinished,
    TestStarted,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TextIO

    from rich.progress import Progress as Bars
    from rich.progress import TaskID

    from floe.artifact.models import CompiledArtifacts
    from floe.observe.wording import Paint
    from floe.runtime.events import Event

_PATIENCE_SECONDS = 0.4
"""A run that is over sooner needs no live view, and rich need not be imported."""
_BAR_COLUMNS = 24
_REFRESHES_PER_SECOND = 8


class LiveProgress:
    """`Progress` for a terminal: the same lines, and a bar for the run and each running node below them.

    Args:
        terminal: The stream that the lines go to, too.
        write: As for `Progress`; used while no bars are shown.
        artifacts: As for `Progress`.
        paint: As for `Progress`.
        width: As for `Progress`.
        verbosity: As for `Progress`.
    """

    def __init__(
        self,
        terminal: TextIO,
        write: Callable[[str], None],
        *,
        artifacts: CompiledArtifacts,
        paint: Paint,
        width: int | None = None,
        verbosity: int = 0,
    ) -> None:
        self._terminal = terminal
        self._write = write
        self._coloured = paint.bold("x") != "x"
        self._names = {test_id: test.name for test_id, test in artifacts.tests.items()}
        self._lines = Progress(self._print, artifacts=artifacts, paint=paint, width=width, verbosity=verbosity)
        self._running: dict[str, float] = {}
        self._done = 0
        self._total = 0
        self._started_at = time.monotonic()
        self._bars: Bars | None = None
        self._whole: TaskID | None = None
        self._tasks: dict[str, TaskID] = {}

    def on_event(self, event: Event) -> None:
        """Update the bars, then let `Progress` speak."""
        self._track(event)
        if isinstance(event, RunFinished):
            self.close()
        elif self._bars is None and self._running and time.monotonic() - self._started_at > _PATIENCE_SECONDS:
            self._show()
        self._lines.on_event(event)

    def close(self) -> None:
        """Take the bars away."""
        if self._bars is not None:
            self._bars.stop()
            self._bars = None

    def _track(self, event: Event) -> None:
        match event:
            case RunStarted():
                self._total = len(event.assets) + len(event.tests) + len(event.hooks)
                self._started_at = time.monotonic()
            case NodeStarted():
                self._start(event.asset)
            case TestStarted():
                self._start(self._names[event.test])
            case NodeFinished():
                self._stop(event.asset)
            case HookStarted():
                self._start(event.name)
            case TestFinished() | HookFinished():
                self._stop(event.name)
            case PublishStep() if self._bars is not None and self._whole is not None:
                self._bars.update(self._whole, description=f"publishing: {event.step}")

    def _start(self, name: str) -> None:
        self._running[name] = time.monotonic()
        if self._bars is not None:
            self._tasks[name] = self._bars.add_task(name, total=None)

    def _stop(self, name: str) -> None:
        self._done += 1
        self._running.pop(name, None)
        if self._bars is None:
            return
        if name in self._tasks:
            self._bars.remove_task(self._tasks.pop(name))
        if self._whole is not None:
            self._bars.update(self._whole, completed=self._done, description=self._count())

    def _count(self) -> str:
        return f"{self._done} of {self._total} done"

    def _show(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as Bars
        from rich.table import Column

        console = Console(file=self._terminal, no_color=not self._coloured, highlight=False, markup=False)
        self._bars = Bars(
            TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=True, ratio=1)),
            BarColumn(_BAR_COLUMNS),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
            refresh_per_second=_REFRESHES_PER_SECOND,
        )
        self._whole = self._bars.add_task(self._count(), total=self._total, completed=self._done)
        for name in self._running:
            self._tasks[name] = self._bars.add_task(name, total=None)
        self._bars.start()

    def _print(self, line: str) -> None:
        if self._bars is None:
            self._write(line)
            return
        from rich.text import Text

        # Text, not str: square brackets in names and messages are no markup.
        self._bars.console.print(Text.from_ansi(line), soft_wrap=True)
