"""Publishes that end in the middle, as if their process had been killed."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path


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
