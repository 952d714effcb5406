"""The pages of the documentation, taken apart: code blocks, sections with a project, links, names of commands."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    [
        ROOT / "README.md",
        ROOT / "CHANGELOG.md",
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "examples").glob("*/README.md"),
    ]
)
_PART = re.compile(
    r"<!-- project: (?P<project>[\w-]+) -->"
    r"|(?:<!-- (?P<marker>file|run) -->\n)?^```(?P<language>\w*)\n(?P<text>.*?)^```",
    re.MULTILINE | re.DOTALL,
)
_FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_INLINE = re.compile(r"`([^`\n]+)`")


@dataclass(frozen=True)
class Block:
    """A fenced block. The marker says what a test does with it: `file` writes it, `run` executes it."""

    language: str
    text: str
    marker: str = ""

    @property
    def first_line(self) -> str:
        return self.text.partition("\n")[0]


@dataclass
class Section:
    """What follows `<!-- project: NAME -->`, up to the next one; without one the folder is empty."""

    page: Path
    project: str = "none"
    blocks: list[Block] = field(default_factory=list)

    @property
    def runs_floe(self) -> bool:
        return any(line.command.startswith("floe") for line in console_lines(self.blocks) if line.command)


@dataclass(frozen=True)
class ConsoleLine:
    """A line of a console block: a command with the exit status it is meant to have, or a line of output."""

    command: str = ""
    status: int = 0
    output: str = ""


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@cache
def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def prose_of(page: Path) -> str:
    """The page without its fenced blocks."""
    return _FENCED.sub("", text_of(page))


def sections(page: Path) -> list[Section]:
    found = [Section(page)]
    for part in _PART.finditer(text_of(page)):
        if part["project"]:
            found.append(Section(page, part["project"]))
        else:
            found[-1].blocks.append(Block(part["language"], part["text"], part["marker"] or ""))
    return found


def blocks(page: Path, language: str | None = None) -> list[Block]:
    every = [block for section in sections(page) for block in section.blocks]
    return [block for block in every if language in (None, block.language)]


def console_lines(of: list[Block]) -> list[ConsoleLine]:
    """`$ command  # exit N` is a command that fails with that status; other comments are for the reader."""
    lines = []
    for block in of:
        for line in block.text.splitlines() if block.language == "console" else ():
            if not line.startswith("$ "):
                lines.append(ConsoleLine(output=line))
                continue
            command, _, comment = line[2:].partition("  # ")
            status = int(comment.removeprefix("exit ")) if comment.startswith("exit ") else 0
            lines.append(ConsoleLine(command.strip(), status))
    return lines


def links(page: Path) -> list[str]:
    """Targets of the links that lead to files of the repository."""
    return [target for target in _LINK.findall(prose_of(page)) if not target.startswith(("http://", "https://"))]


def anchors(page: Path) -> set[str]:
    """What `#...` may follow the page's name, as code forges make it from headings."""
    headings = _HEADING.findall(prose_of(page))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def inline_code(page: Path) -> list[str]:
    return _INLINE.findall(prose_of(page))


def said_commands(page: Path) -> list[str]:
    """Every command that the page names: in its console blocks, and in prose as `floe run` or `make test`."""
    shown = [line.command for line in console_lines(blocks(page)) if line.command]
    return shown + [code for code in inline_code(page) if code.startswith(("floe ", "make "))]
