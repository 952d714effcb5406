"""The page `docs/mistakes.md`: who names the place and the way out, and what each tool really printed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

NAMES = {"dbt": "dbt", "dagster": "Dagster `dg`", "sqlmesh": "SQLMesh", "floe": "Floe"}
_SHOWN = 14
"""Lines of an output that the page shows; of a longer one its first and last lines."""
_HEAD = 3
_TOGETHER = 4
"""So many lines are read as one: messages are wrapped, and lists have a line for each name."""
_HELPS = re.compile(
    r"did you mean|available|valid|expected|expecting|supplied|must be|one of|known|missing|twice|duplicate|add |use |"
    r"set |write |nearest|"
    r"candidate|not set|closed|cycle|depend|required",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Outcome:
    """What a tool made of a mistake.

    Args:
        command: The command that noticed; the last one if none did.
        status: Its exit status.
        seconds: All commands up to this one took so long.
        output: What it printed, with folders and times taken out.
        file: The file of the mistake, relative to the project.
        line: Its line, counted from 1.
        names_file: The output names the file.
        names_line: The output names the line beside the file.
        helps: The output says the right word, or the way out, in a line that offers it.
        warned: All commands ended well, and the output speaks of the mistake.
    """

    command: str
    status: int
    seconds: float
    output: str
    file: str
    line: int
    names_file: bool = False
    names_line: bool = False
    helps: bool = False
    warned: bool = False

    @property
    def noticed(self) -> bool:
        return self.status != 0 or self.warned


def names_file(output: str, file: str) -> bool:
    """Whether the output names the file, by its path or its name."""
    return file.rpartition("/")[2] in output


def names_line(output: str, file: str, line: int) -> bool:
    """Whether a line of the output that names the file, or the one after it, names the line, too."""
    name = re.escape(file.rpartition("/")[2])
    return bool(
        re.search(rf"{name}['\"`]?[:(, ]+(?:at )?(?:line )?{line}\b", output)
        or re.search(rf"\bline[: ]+{line}\b", output, re.IGNORECASE)
    )


def helps(output: str, fix: str) -> bool:
    """Whether some lines that offer something say what helps; `fix` is a regular expression."""
    lines = output.splitlines()
    beginnings = [" ".join(lines[number : number + _TOGETHER]) for number in range(len(lines))]
    return any(_HELPS.search(text) and re.search(fix, text) for text in beginnings)


def write_page(results: Mapping[str, Mapping[str, Outcome]], versions: Mapping[str, str]) -> str:
    """The page as Markdown.

    Args:
        results: By title of the mistake, then by tool.
        versions: Version of each tool.
    """
    tools = list(NAMES)
    head = f"| | mistake | {' | '.join(f'{NAMES[tool]} {versions[tool]}' for tool in tools)} |"
    rows = [
        f"| {number} | [{title}](#{_anchor(number, title)}) | {' | '.join(_cell(of[tool]) for tool in tools)} |"
        for number, (title, of) in enumerate(results.items(), start=1)
    ]
    totals = f"| | **noticed; file; line; way out** | {' | '.join(_total(results, tool) for tool in tools)} |"
    parts = [_INTRODUCTION, "\n".join([head, "|---" * (len(tools) + 2) + "|", *rows, totals]), _RULES]
    parts += [_section(number, title, of) for number, (title, of) in enumerate(results.items(), start=1)]
    return "\n\n".join(parts) + "\n"


def _anchor(number: int, title: str) -> str:
    return f"{number}-" + re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def _cell(outcome: Outcome) -> str:
    if not outcome.noticed:
        return "not noticed"
    named = [word for word, is_so in (("file", outcome.names_file), ("line", outcome.names_line)) if is_so]
    said = ", ".join([*named, *(["way out"] if outcome.helps else [])]) or "neither file, line nor way out"
    return f"`{outcome.command}` {'warns' if outcome.warned else 'fails'}: {said}"


def _total(results: Mapping[str, Mapping[str, Outcome]], tool: str) -> str:
    own = [of[tool] for of in results.values()]
    counts = (
        sum(outcome.noticed for outcome in own),
        sum(outcome.noticed and outcome.names_file for outcome in own),
        sum(outcome.noticed and outcome.names_line for outcome in own),
        sum(outcome.noticed and outcome.helps for outcome in own),
    )
    return "; ".join(str(count) for count in counts)


def _section(number: int, title: str, of: Mapping[str, Outcome]) -> str:
    parts = [f"### {number}. {title}"]
    for tool, outcome in of.items():
        where = f"`{outcome.file}`, line {outcome.line}"
        status = f"exit {outcome.status}" if outcome.noticed else "nothing was said of it"
        parts.append(f"{NAMES[tool]} ({where}), `{outcome.command}`, {status}:")
        if outcome.noticed:
            parts.append("```text\n" + "\n".join(_excerpt(outcome.output.splitlines())) + "\n```")
    return "\n\n".join(parts)


def _excerpt(lines: Sequence[str]) -> list[str]:
    if len(lines) <= _SHOWN:
        return list(lines)
    left_out = len(lines) - _SHOWN
    return [*lines[:_HEAD], f"[… {left_out} lines …]", *lines[_HEAD + left_out :]]


_INTRODUCTION = """# Fifteen mistakes, in four tools

The same mistakes, made in the same small project (a CSV file, two models, three tests) as dbt, Dagster with
dagster-dbt, SQLMesh and Floe have it. Each tool ran the commands that it offers for checking, the cheapest first, until
one failed: `dbt parse` and `dbt build`; `dg check yaml`, `dg check defs` and `dg launch`; `sqlmesh lint` and
`sqlmesh plan`; `floe validate`, `floe compile` and `floe run`. What stands here was printed by the real tools, each in
an environment of its own. `benchmarks/mistakes.py` makes this page again."""

_RULES = """\
A cell says which command noticed, and what its output names: the *file* and the *line* of the mistake, and the
*way out*: the right word or what to do, in a few lines that offer it. A script decides this by looking for
these words, the same way for every tool. "Warns" means that all commands ended well, and that one of them spoke of the
mistake; "not noticed" that none did.

## What was printed"""
