"""The same fifteen mistakes made in dbt, Dagster, SQLMesh and Floe; writes what each tool says to `docs/mistakes.md`.

Every tool runs in an environment of its own, with the commands that its documentation offers for checking, the cheapest
first, until one fails. A message is judged by rule, not by taste: does it name the file, the line, and what helps?
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, replace
from pathlib import Path

from environments import ROOT, installed
from measure import quiet_environment
from mistakes_catalogue import MISTAKES, TOOLS, Mistake
from mistakes_page import Outcome, helps, names_file, names_line, write_page

PROJECTS = Path(__file__).parent / "mistake_projects"
STEPS = {
    "dbt": (("dbt", "parse"), ("dbt", "build")),
    "dagster": (("dg", "check", "yaml"), ("dg", "check", "defs"), ("dg", "launch", "--assets", "*")),
    "sqlmesh": (("sqlmesh", "lint"), ("sqlmesh", "plan", "--auto-apply", "--no-prompts")),
    "floe": (("floe", "validate"), ("floe", "compile"), ("floe", "run")),
}
PACKAGES = {"dbt": "dbt-core", "dagster": "dagster", "sqlmesh": "sqlmesh", "floe": "floe-runtime"}
_EXTERNAL = "        config:\n          external_location: \"read_csv('data/orders.csv')\"\n"
_VOLATILE = (
    (re.compile(r"\x1b\[[0-9;?]*[A-Za-z]"), ""),
    (re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:[.,]\d+)?(?: [+-]\d{4})?"), "<time>"),
    (re.compile(r"^\d\d:\d\d:\d\d(?:\.\d+)?\s+", re.MULTILINE), ""),
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "<id>"),
    (re.compile(r"\d{8}T\d{9}-[0-9a-f]{6}"), "<run>"),
    (re.compile(r"[ \t]+$", re.MULTILINE), ""),
    (re.compile(r"\n{3,}"), "\n\n"),
)


def make_project(tool: str, folder: Path) -> None:
    """Write a tool's project, without a mistake, into a folder that is not there yet."""
    shutil.copytree(PROJECTS / tool, folder)
    if tool in ("dagster", "floe"):
        shutil.copytree(PROJECTS / "dbt", folder / "dbt")
    if tool == "floe":
        shutil.move(folder / "dbt" / "data", folder / "data")
        (folder / "dbt" / "profiles.yml").unlink()
        schema = folder / "dbt" / "models" / "schema.yml"
        schema.write_text(schema.read_text().replace(_EXTERNAL, ""))


def make_mistake(mistake: Mistake, tool: str, folder: Path) -> tuple[str, int]:
    """Put the mistake into the project; return its file, relative to the project, and its line."""
    edit = mistake.edit(tool)
    file = folder / edit.file
    text = file.read_text()
    file.write_text(edit.applied(text))
    return edit.file, edit.line(text)


def outcome_of(mistake: Mistake | None, tool: str, scratch: Path) -> Outcome:
    """Make the mistake in a fresh project, and run the tool's commands until one fails."""
    folder = scratch / "shop"
    shutil.rmtree(folder, ignore_errors=True)
    make_project(tool, folder)
    file, line = make_mistake(mistake, tool, folder) if mistake else ("", 0)
    answers: list[tuple[str, int, float, str]] = []
    for command in STEPS[tool]:
        status, printed, took = _run(tool, command, folder)
        answers.append((" ".join(command), status, took, _settled(printed, folder)))
        if status:
            break
    speaking = [answer for answer in answers if mistake and mistake.edit(tool).is_spoken_of(answer[3])]
    command_line, status, _, output = answers[-1] if answers[-1][1] or not speaking else speaking[0]
    return Outcome(
        command=command_line,
        status=status,
        seconds=round(sum(took for _, _, took, _ in answers), 1),
        output=output,
        file=file,
        line=line,
        warned=not status and bool(speaking),
    )


def judged(outcome: Outcome, mistake: Mistake) -> Outcome:
    """The outcome with what its output names."""
    return replace(
        outcome,
        names_file=names_file(outcome.output, outcome.file),
        names_line=names_line(outcome.output, outcome.file, outcome.line),
        helps=helps(outcome.output, mistake.fix),
    )


def _run(tool: str, command: tuple[str, ...], folder: Path) -> tuple[int, str, float]:
    programs = Path(sys.executable).parent if tool == "floe" else installed(tool)
    home = folder.parent / "home"
    home.mkdir(exist_ok=True)
    environment = {
        **quiet_environment(),
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT / "src" if tool == "floe" else folder / "src"),
        "DAGSTER_HOME": str(home),
        "HOME": str(home),
        "COLUMNS": "100",
        "NO_COLOR": "1",
    }
    started = time.perf_counter()
    process = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    return process.returncode, process.stdout, time.perf_counter() - started


def _settled(output: str, folder: Path) -> str:
    """The output without what differs from run to run, or from machine to machine."""
    places = ((folder, "."), (folder.parent, "~"), (Path(sys.prefix), "<floe>"), (ROOT, "<environment>"))
    for path, name in (*places, (Path(sys.base_prefix), "<python>")):
        output = output.replace(str(path.resolve()), name).replace(str(path), name)
    for pattern, replacement in _VOLATILE:
        output = pattern.sub(replacement, output)
    return output.strip("\n")


def _version(tool: str) -> str:
    python = Path(sys.executable) if tool == "floe" else installed(tool) / "python"
    script = f"from importlib.metadata import version; print(version({PACKAGES[tool]!r}))"
    return subprocess.run([python, "-c", script], capture_output=True, text=True, check=True).stdout.strip()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="*", choices=TOOLS, default=list(TOOLS), help="ask these tools anew")
    parser.add_argument("--page", type=Path, default=ROOT / "docs" / "mistakes.md", help="where the page is written")
    parser.add_argument("--cache", type=Path, default=ROOT / ".uv" / "bench" / "mistakes.json", help="answers so far")
    parser.add_argument("--mistake", default="", help="make only the mistakes whose title holds this")
    arguments = parser.parse_args()
    known = json.loads(arguments.cache.read_text()) if arguments.cache.is_file() else {}
    with tempfile.TemporaryDirectory(prefix="mistakes-") as scratch:
        for tool in arguments.only:
            sound = outcome_of(None, tool, Path(scratch))
            if sound.noticed:
                raise SystemExit(f"{tool} does not run its project:\n{sound.output}")
            for mistake in MISTAKES:
                if arguments.mistake not in mistake.title:
                    continue
                outcome = outcome_of(mistake, tool, Path(scratch))
                known.setdefault(mistake.title, {})[tool] = asdict(outcome)
                print(f"{tool:8} {mistake.title:50} {outcome.command if outcome.noticed else '-'}", flush=True)
                arguments.cache.parent.mkdir(parents=True, exist_ok=True)
                arguments.cache.write_text(json.dumps(known, indent=1))
    missing = sorted({tool for m in MISTAKES for tool in TOOLS if tool not in known.get(m.title, {})})
    if missing:
        raise SystemExit(f"no answers of {', '.join(missing)} yet: no page is written")
    results = {m.title: {tool: judged(Outcome(**known[m.title][tool]), m) for tool in TOOLS} for m in MISTAKES}
    arguments.page.write_text(write_page(results, {tool: _version(tool) for tool in TOOLS}))


if __name__ == "__main__":
    main()
