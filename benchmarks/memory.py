"""Peak resident memory of a process and all that it starts."""

from __future__ import annotations

import contextlib
import os
import threading
from pathlib import Path

INTERVAL_SECONDS = 0.05
TREE_INTERVAL_SECONDS = 0.25
"""Where there are several processes; a look at shared pages keeps the kernel busy."""
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class TreePeak(threading.Thread):
    """Samples the resident memory of a process tree until it is told to stop. `mib` is the highest sum seen.

    Of pages that several processes share, each counts its part. Linux only: elsewhere `mib` stays 0.
    """

    def __init__(self, process: int) -> None:
        super().__init__(daemon=True)
        self.mib = 0.0
        self._process = process
        self._stopped = threading.Event()

    def run(self) -> None:
        pause = INTERVAL_SECONDS
        while not self._stopped.wait(pause):
            tree = _tree(self._process)
            pause = INTERVAL_SECONDS if len(tree) == 1 else TREE_INTERVAL_SECONDS
            self.mib = max(self.mib, _resident(tree[0]) if len(tree) == 1 else sum(map(_proportional, tree)))

    def stop(self) -> None:
        self._stopped.set()
        self.join()


def _tree(process: int) -> list[int]:
    found = [process]
    for parent in found:
        with contextlib.suppress(OSError):
            for task in Path(f"/proc/{parent}/task").iterdir():
                found += [int(child) for child in (task / "children").read_text().split()]
    return found


def _resident(process: int) -> float:
    """Resident memory in MiB; 0 of a process that has just ended."""
    try:
        return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * _PAGE_BYTES / 2**20
    except (OSError, IndexError):
        return 0


def _proportional(process: int) -> float:
    """The same, with each shared page divided by the number of processes that share it; this costs the kernel more."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 2**10
