"""Publishes that end in the middle, as if their process had been killed."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from floe.lake.base import Resumable


def dies_at(step: str, number: int = 1) -> Callable[[str], None]:
    """Raise what nothing handles at the n-th time a step is reached."""
    heard: list[str] = []

    def on_step(reached: str) -> None:
        heard.append(reached)
        if heard.count(step) == number and reached == step:
            raise KeyboardInterrupt

    return on_step


def let_the_writer_be_gone(records: Iterable[Path]) -> None:
    """Let the records of publishes say that another process wrote them, which is gone."""
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        gone.wait()
    for path in records:
        if path.suffix == ".json":
            path.write_text(json.dumps({**json.loads(path.read_text()), "pid": gone.pid}))


def finish_publish_of_three(catalog: Resumable, name: str, swapped: int) -> None:
    """Let a new process finish what run-2 left after so many of its three tables had changed."""
    (said,) = catalog.finish_interrupted()
    assert said == (
        f"run `run-2` was interrupted while it published to catalog `{name}`: {3 - swapped} of 3 tables were missing, "
        "and are published now"
    )
