"""How long `floe validate` takes: on the examples, on 200 assets with 2,000 lines of YAML, and per mistake.

`python benchmarks/validate.py` prints medians of whole processes, and for mistakes the time of reading, checking and
writing out 10, 100, 1,000 and 10,000 of them in one process: the time for one must not grow with their number.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from floe.cli.main import main

ROOT = Path(__file__).parent.parent
REPEATS = 5
MISTAKES = (10, 100, 1_000, 10_000)
HEAD = 'name: large\nversion: "1.0.0"\n'
SOURCE = """\
  table_{number}:
    files:
      - data/{number}.csv
    layer: bronze
    mode: merge
    unique_key: [id]
    format: csv
    options:
      header: true
      delim: ";"
"""


def whole_process(folder: Path) -> float:
    """Median seconds of `floe validate` in a folder, after a warm-up."""
    command = [sys.executable, "-m", "floe.cli", "-q", "validate"]
    times = []
    for _ in range(REPEATS + 1):
        begin = time.perf_counter()
        subprocess.run(command, cwd=folder, check=True)
        times.append(time.perf_counter() - begin)
    return statistics.median(times[1:])


def large_project(folder: Path, assets: int = 200) -> int:
    """Write a project of so many sources; return the number of lines of its floe.yaml."""
    (folder / "data").mkdir()
    for number in range(assets):
        (folder / f"data/{number}.csv").write_text("id;amount\n1;2\n")
    text = HEAD + "sources:\n" + "".join(SOURCE.format(number=number) for number in range(assets))
    (folder / "floe.yaml").write_text(text)
    return text.count("\n")


def seconds_for_mistakes(folder: Path, count: int) -> float:
    """CPU seconds for reading, checking and writing out so many mistakes: unknown keys, wrong types, unknown layers."""
    wrong = ("modee: merge", "mode: 5", "layer: bronce")
    lines = (f"  table_{number}: {{files: data/0.csv, {wrong[number % 3]}}}\n" for number in range(count))
    (folder / "floe.yaml").write_text(HEAD + "sources:\n" + "".join(lines))
    report = folder / "report.txt"
    out = sys.stdout
    begin = time.process_time()
    with report.open("w") as sys.stdout:
        status = main(["-C", str(folder), "validate", "--format", "concise"])
    sys.stdout = out
    seconds = time.process_time() - begin
    found = report.read_text().splitlines()
    assert status == 1
    assert found[-1].startswith(f"found {count} error"), found[-1]
    return seconds


def run() -> None:
    for folder in sorted((ROOT / "examples").iterdir()):
        if (folder / "floe.yaml").is_file():
            print(f"validate, example {folder.name}: {whole_process(folder):.2f} s")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lines = large_project(folder)
        print(f"validate, 200 assets, {lines} lines: {whole_process(folder):.2f} s")
        seconds_for_mistakes(folder, 1)
        for count in MISTAKES:
            seconds = seconds_for_mistakes(folder, count)
            print(f"{count:6} mistakes in a file: {seconds:6.2f} s, {1000 * seconds / count:.2f} ms each")


if __name__ == "__main__":
    run()
