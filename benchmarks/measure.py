"""Time whole processes in turn (A B C, A B C, …) after one warm-up each, and print medians and ratios."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path


@dataclass(frozen=True)
class Contender:
    """A command to time; `prepare` runs before each round and is not timed."""

    name: str
    command: Sequence[str]
    folder: Path
    prepare: Callable[[], None] = lambda: None


@dataclass(frozen=True)
class Sample:
    """Wall seconds and the peak resident memory (MiB) of each counted round."""

    seconds: tuple[float, ...]
    peak_mib: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)


def run_once(contender: Contender) -> tuple[float, float]:
    """Wall seconds and peak MiB of one run.

    Raises:
        SystemExit: the command failed; its output is printed, because a failing run is not a measurement.
    """
    contender.prepare()
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    environment["DBT_SEND_ANONYMOUS_USAGE_STATS"] = "false"
    started = time.perf_counter()
    process = subprocess.Popen(
        contender.command,
        cwd=contender.folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    output = process.stdout.read() if process.stdout else b""
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{contender.name} failed with {process.returncode}:\n{output.decode()}")
    return seconds, usage.ru_maxrss / 1024


def alternate(contenders: Sequence[Contender], rounds: int) -> dict[str, Sample]:
    """Run every contender once per round, in turn, so that a drift of the machine touches all alike."""
    for contender in contenders:
        run_once(contender)
    results: dict[str, list[tuple[float, float]]] = {contender.name: [] for contender in contenders}
    for _ in range(rounds):
        for contender in contenders:
            results[contender.name].append(run_once(contender))
    return {
        name: Sample(tuple(seconds for seconds, _ in rows), tuple(peak for _, peak in rows))
        for name, rows in results.items()
    }


def report(title: str, samples: dict[str, Sample], base: str) -> None:
    """Print a Markdown table; the last column is each median over that of `base`."""
    print(f"\n{title}\n\n| what | min s | median s | max s | peak MiB | times `{base}` |\n|---|---|---|---|---|---|")
    for name, sample in samples.items():
        ratio = sample.median / samples[base].median
        peak = statistics.median(sample.peak_mib)
        print(
            f"| {name} | {min(sample.seconds):.2f} | {sample.median:.2f} | {max(sample.seconds):.2f} "
            f"| {peak:.0f} | {ratio:.2f} |"
        )
