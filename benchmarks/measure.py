"""Time whole processes in turn (A B C, A B C, …) after one warm-up each, and print medians and ratios."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from memory import TreePeak

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path


@dataclass(frozen=True)
class Contender:
    """A command to time; `prepare` runs before each round and is not timed."""

    name: str
    command: Sequence[str]
    folder: Path
    prepare: Callable[[], object] = lambda: None
    check: Callable[[str], object] = lambda _: None
    """Called with the command's output after the warm-up and after the last round; ends the benchmark if the
    command did not do its work."""
    rounds: int | None = None
    """Rounds for this one, if it is to have fewer than the others."""
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Once:
    """One run of a command."""

    seconds: float
    cpu_seconds: float
    peak_mib: float
    output: str


@dataclass(frozen=True)
class Sample:
    """Wall seconds, CPU seconds and peak memory (MiB, of the process tree) of each counted round."""

    seconds: tuple[float, ...]
    peak_mib: tuple[float, ...]
    cpu_seconds: tuple[float, ...] = ()

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    @property
    def peak(self) -> float:
        return statistics.median(self.peak_mib)

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "median": self.median, "min": min(self.seconds), "max": max(self.seconds)}


def run_once(contender: Contender) -> Once:
    """Run a command and wait for it.

    Raises:
        SystemExit: the command failed; its output is printed, because a failing run is not a measurement.
    """
    contender.prepare()
    with tempfile.TemporaryFile() as stream:
        started = time.perf_counter()
        process = subprocess.Popen(
            contender.command,
            cwd=contender.folder,
            env={**quiet_environment(), **contender.environment},
            stdout=stream,
            stderr=subprocess.STDOUT,
        )
        watch = TreePeak(process.pid)
        watch.start()
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        watch.stop()
        process.returncode = os.waitstatus_to_exitcode(status)
        stream.seek(0)
        output = stream.read().decode(errors="replace")
    if process.returncode:
        raise SystemExit(f"{contender.name} failed with {process.returncode}:\n{output}")
    unit = 2**20 if sys.platform == "darwin" else 2**10
    peak = max(watch.mib, usage.ru_maxrss / unit)
    return Once(seconds, usage.ru_utime + usage.ru_stime, peak, output)


def quiet_environment() -> dict[str, str]:
    """This environment, without what would keep a Python from using its bytecode, and with nobody called home to."""
    hidden = ("PYTHONDONTWRITEBYTECODE", "VIRTUAL_ENV", "DAGSTER_HOME")
    silent = {
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DAGSTER_DISABLE_TELEMETRY": "yes",
        "SQLMESH__DISABLE_ANONYMIZED_ANALYTICS": "true",
    }
    kept = {name: value for name, value in os.environ.items() if name not in hidden}
    return {**kept, **silent}


def alternate(contenders: Sequence[Contender], rounds: int) -> dict[str, Sample]:
    """Run every contender once per round, in turn, so that a drift of the machine touches all alike."""
    for contender in contenders:
        contender.check(run_once(contender).output)
    results: dict[str, list[Once]] = {contender.name: [] for contender in contenders}
    for number in range(rounds):
        for contender in contenders:
            if number < (contender.rounds or rounds):
                results[contender.name].append(run_once(contender))
    for contender in contenders:
        contender.check(results[contender.name][-1].output)
    return {name: _sample(runs) for name, runs in results.items()}


def _sample(runs: Sequence[Once]) -> Sample:
    return Sample(
        tuple(run.seconds for run in runs),
        tuple(run.peak_mib for run in runs),
        tuple(run.cpu_seconds for run in runs),
    )


def report(title: str, samples: Mapping[str, Sample], base: str) -> None:
    """Print a Markdown table; the last column is each median over that of `base`."""
    print(
        f"\n{title}\n\n"
        f"| what | rounds | min s | median s | max s | CPU s | peak MiB | times `{base}` |\n"
        "|---|---|---|---|---|---|---|---|"
    )
    for name, sample in samples.items():
        ratio = sample.median / samples[base].median
        processor = statistics.median(sample.cpu_seconds)
        print(
            f"| {name} | {len(sample.seconds)} | {min(sample.seconds):.2f} | {sample.median:.2f} "
            f"| {max(sample.seconds):.2f} | {processor:.2f} | {sample.peak:.0f} | {ratio:.2f} |",
            flush=True,
        )
