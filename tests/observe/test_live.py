from __future__ import annotations

import contextlib
import os
import pty
import re
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, TextIO

import pytest

from floe.observe.live import LiveProgress
from floe.runtime.events import NodeStarted, NodeStatus, PublishStep, TestStarted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from floe.artifact.models import CompiledArtifacts


class Terminal:
    """A real pseudo terminal, and all that was sent to it."""

    def __init__(self) -> None:
        self._controller, follower = pty.openpty()
        self.stream: TextIO = os.fdopen(follower, "w")
        self._sent = b""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        # Reading the controller of a terminal that nobody has open any more is an error on Linux.
        with contextlib.suppress(OSError):
            while sent := os.read(self._controller, 65536):
                self._sent += sent

    def write(self, line: str) -> None:
        self.stream.write(f"{line}\n")

    def waits_for(self, text: str) -> bool:
        """Whether the text arrives within ten seconds."""
        self.stream.flush()
        deadline = time.monotonic() + 10
        while text not in plain(self.text) and time.monotonic() < deadline:
            time.sleep(0.01)
        return text in plain(self.text)

    @property
    def text(self) -> str:
        return self._sent.decode(errors="ignore").replace("\r\n", "\n")

    def close(self) -> None:
        self.stream.close()
        self._reader.join(10)
        os.close(self._controller)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv("NO_COLOR", raising=False)
    terminal = Terminal()
    yield terminal
    terminal.close()


def live(terminal: Terminal, artifacts: CompiledArtifacts, make: type) -> LiveProgress:
    return LiveProgress(terminal.stream, terminal.write, artifacts=artifacts, paint=make.tags, width=80)


def plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)


def test_running_nodes_are_shown_below_the_lines_and_vanish(
    terminal: Terminal, artifacts: CompiledArtifacts, make: type
) -> None:
    progress = live(terminal, artifacts, make)
    progress.on_event(make.started(["gold.fast", "gold.slow"], ["at_most"]))
    progress.on_event(NodeStarted(run_id=make.run, asset="gold.slow"))
    time.sleep(0.45)
    progress.on_event(NodeStarted(run_id=make.run, asset="gold.fast"))
    assert terminal.waits_for("0 of 3 done")
    assert terminal.waits_for("gold.slow")

    progress.on_event(make.node("gold.fast", rows=5))
    progress.on_event(TestStarted(run_id=make.run, test="test.shop.at_most"))
    progress.on_event(make.result("at_most"))
    progress.on_event(make.node("gold.slow", NodeStatus.CANCELLED))
    progress.on_event(PublishStep(run_id=make.run, step="files-synced", tables=1))
    progress.on_event(make.finished())
    progress.close()
    assert terminal.waits_for(f"Succeeded in 1.23s  run {make.run}\n")
    ended = terminal.text
    assert "Built   12ms  gold.fast  table               5 rows" in plain(ended)
    assert plain(ended).endswith(f"Succeeded in 1.23s  run {make.run}\n")
    assert ended.rfind("\x1b[?25h") > ended.rfind("\x1b[?25l")


def test_brackets_in_lines_are_text(terminal: Terminal, artifacts: CompiledArtifacts, make: type) -> None:
    # lesson 10: markup ate `[...]` in messages
    progress = live(terminal, artifacts, make)
    progress.on_event(make.started(["gold.slow", "gold.[bold]x[/bold]"]))
    progress.on_event(NodeStarted(run_id=make.run, asset="gold.slow"))
    time.sleep(0.45)
    progress.on_event(NodeStarted(run_id=make.run, asset="gold.[bold]x[/bold]"))
    progress.on_event(make.node("gold.[bold]x[/bold]"))
    progress.close()
    assert terminal.waits_for("Built   12ms  gold.[bold]x[/bold]")


def test_a_quick_run_never_imports_rich(artifacts: CompiledArtifacts) -> None:
    script = """
import sys
from floe.observe.live import LiveProgress
from floe.observe.progress import Progress
import floe.runtime.run
assert not {"rich", "dbt", "pyiceberg", "duckdb", "pyarrow"} & set(sys.modules), sys.modules.keys()
"""
    subprocess.run([sys.executable, "-c", script], check=True)
