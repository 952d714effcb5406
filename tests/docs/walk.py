"""Does what a page says, in order, and compares what it shows with what comes out."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .pages import console_lines, name_of

if TYPE_CHECKING:
    from pathlib import Path

    from .pages import Block, Section

READ_ONLY = ("make", "pip", "uv", "git")
"""Other programs that pages name; the tests do not call them."""
CHANGES_FROM_RUN_TO_RUN = (
    (re.compile(r"\b\d{8}T\d{9}(?:-[0-9a-f]{6})?\b"), "RUN"),
    (re.compile(r"\b\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}\b"), "TIME"),
    (re.compile(r"\b(?:snapshot )?\d{15,19}\b"), "SNAPSHOT"),
    (re.compile(r"\b(?:\d+[smhd] ago|\d+m\d{2}s|\d+h\d{2}m|\d+(?:\.\d+)?m?s)\b"), "DURATION"),
    (re.compile(r"digest [0-9a-f]{12,64}"), "digest DIGEST"),
    (re.compile(r"-{2,}"), "--"),
    (re.compile(r"\s+"), " "),
)


def settled(line: str) -> str:
    """The line without what differs between two runs: times, ids, and the room they take."""
    for pattern, word in CHANGES_FROM_RUN_TO_RUN:
        line = pattern.sub(word, line)
    return line.strip()


def is_shown(line: str, output: list[str]) -> bool:
    """Whether a line of a page is a line of the output; `…` in it stands for anything."""
    pattern = ".*".join(re.escape(piece) for piece in settled(line).split("…"))
    return any(re.fullmatch(pattern, real) for real in output)


@dataclass
class Walk:
    """A folder in which a page's commands run one after the other."""

    folder: Path
    output: list[str] = field(default_factory=list)
    """What the last command printed, settled."""
    runs_once: bool = False
    """Whether `floe run` is run by the first page only, where several pages show the same project."""
    output_of_run: list[str] = field(default_factory=list)

    def follow(self, section: Section) -> None:
        for block in section.blocks:
            if block.marker == "file":
                self._write(block)
            elif block.marker == "run":
                self._execute([sys.executable, "-c", block.text], "python block", 0)
            elif block.language == "console":
                self._console(block, name_of(section.page))

    def _write(self, block: Block) -> None:
        path = self.folder / block.first_line.lstrip("#- ").strip()
        assert path.parent.resolve().is_relative_to(self.folder.resolve())
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text, encoding="utf-8")

    def _console(self, block: Block, page: str) -> None:
        for line in console_lines([block]):
            if line.command:
                self._command(line.command, line.status)
            elif settled(line.output) not in ("", "…"):
                shown = "\n".join(self.output)
                assert is_shown(line.output, self.output), f"{page} shows\n{line.output}\nbut the output is\n{shown}"

    def _command(self, command: str, status: int) -> None:
        words = shlex.split(command)
        if words[0] == "cd":
            self.folder /= words[1]
        elif words[0] == "rm":
            (self.folder / words[1]).unlink()
        elif words[0] == "floe":
            again = self.runs_once and command == "floe run"
            if again and self.output_of_run:
                self.output = self.output_of_run
                return
            self._execute([sys.executable, "-m", "floe.cli.main", *words[1:]], command, status)
            self.output_of_run = self.output if again else self.output_of_run
        else:
            assert words[0] in READ_ONLY, f"no test knows what to do with `{command}`"

    def _execute(self, arguments: list[str], shown: str, status: int) -> None:
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("FLOE_", "FORCE_"))}
        done = subprocess.run(
            arguments,
            cwd=self.folder,
            env={**environment, "COLUMNS": "80", "NO_COLOR": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == status, f"$ {shown}\nexit {done.returncode}, expected {status}\n{done.stdout}"
        self.output = [settled(line) for line in done.stdout.splitlines()]
