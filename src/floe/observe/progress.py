"""Shows a run while it goes on and sums it up: plain lines, or on a terminal with the running nodes below them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from floe.observe.lines import data_test_line, hook_line, name_columns, node_line, said_lines
from floe.observe.summary import findings, summary
from floe.observe.tally import Tally
from floe.observe.wording import counts, verb
from floe.runtime.events import (
    HookFinished,
    NodeFinished,
    NodeStatus,
    Notice,
    RunFinished,
    RunStarted,
    Said,
    TestFinished,
    TestStatus,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from floe.artifact.models import CompiledArtifacts
    from floe.observe.wording import Paint
    from floe.runtime.events import Event

_PIPE_WIDTH = 120


class Progress:
    """Writes one line for each asset as it ends, then what failed, then a summary.

    Args:
        write: Takes one finished line, without newline.
        artifacts: The artifact that is run, for what the tests expect.
        paint: Colours; the caller decides whether there are any.
        width: Columns of the terminal; None for a pipe.
        verbosity: -1 shows failures only, 0 the usual, 1 and more every test and table.
        write_printed: Takes what the dbt project prints; without it, `write` does.
    """

    def __init__(
        self,
        write: Callable[[str], None],
        *,
        artifacts: CompiledArtifacts,
        paint: Paint,
        width: int | None = None,
        verbosity: int = 0,
        write_printed: Callable[[str], None] | None = None,
    ) -> None:
        self._write = write
        self._write_printed = write_printed
        self._paint = paint
        self._width = width or _PIPE_WIDTH
        self._verbosity = verbosity
        self._names = 0
        self._tally = Tally(artifacts.tests)
        self._waiting: dict[str, NodeFinished] = {}

    def on_event(self, event: Event) -> None:
        """Say what there is to say about an event."""
        self._tally.add(event)
        match event:
            case Notice():
                self._write(f"{self._paint.cyan('note:')} {event.message}")
            case RunStarted():
                self._names = name_columns(event.assets)
                self._say(self._heading(event))
            case NodeFinished():
                self._node(event)
            case TestFinished():
                self._test(event)
            case HookFinished():
                self._say(hook_line(event, self._paint, self._width))
            case Said():
                self._said(event)
            case RunFinished():
                self._end()

    def close(self) -> None:
        """Nothing is held."""

    def _say(self, line: str) -> None:
        if self._verbosity >= 0:
            self._write(line)

    def _said(self, event: Said) -> None:
        """As with dbt, being quiet silences what is logged, not what is printed."""
        if event.level == "info" and self._verbosity < 0:
            return
        if event.level == "print" and self._write_printed is not None:
            self._write_printed(event.text)
            return
        for line in said_lines(event, self._paint):
            self._write(line)

    def _heading(self, event: RunStarted) -> str:
        if event.operation:
            said = self._paint.bold(verb("Running"))
            return f"{said} macro {event.operation} of {event.project} in {event.environment}"
        what = counts((len(event.assets), "asset"), (len(event.tests), "test")) or "nothing to do"
        said = self._paint.bold(verb("Running" if event.command == "run" else "Testing"))
        return f"{said} {what} of {event.project} in {event.environment}, up to {event.threads} at a time"

    def _node(self, event: NodeFinished) -> None:
        """Keep a built asset's line back until its tests have ended, so that one line tells both."""
        if event.status is NodeStatus.SUCCESS and self._tally.outstanding[event.asset] > 0 and self._verbosity < 1:
            self._waiting[event.asset] = event
        else:
            self._node_line(event)

    def _test(self, event: TestFinished) -> None:
        quiet = event.status in (TestStatus.PASS, TestStatus.SKIPPED, TestStatus.CANCELLED)
        if self._verbosity >= 1 or not quiet or not self._tally.tells_of(event.asset):
            self._test_line(event)
        if self._tally.outstanding[event.asset] == 0 and event.asset in self._waiting:
            self._node_line(self._waiting.pop(event.asset))

    def _node_line(self, event: NodeFinished) -> None:
        tests = [] if self._verbosity >= 1 else self._tally.tests_of(event.asset)
        self._say(node_line(event, tests, self._paint, self._width, self._names))

    def _test_line(self, event: TestFinished) -> None:
        self._say(data_test_line(event, self._paint, self._width))

    def _end(self) -> None:
        for event in self._waiting.values():
            self._node_line(event)
        every = self._verbosity >= 1
        for line in findings(self._tally, self._paint, self._width, every=every):
            self._write(line)
        for line in summary(self._tally, self._paint, self._width, every=every):
            self._say(line)
