"""Where in the user's own file a mistake stands that was found in the SQL which dbt made of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_NAMED = re.compile(r'"([^"]+)"')
_ALIKE = 0.6
"""How much of a line must be the same, from 0 to 1: Jinja leaves most of a line of SQL as it was."""


@dataclass(frozen=True)
class Source:
    """A file of the project: what defines an asset or a test.

    Args:
        folder: The project.
        path: The file, relative to the project.
    """

    folder: Path
    path: str

    def place(self, rendered: str, headline: str) -> str:
        """The file and, where it can be told, the line: `models/orders.sql:12`.

        Args:
            rendered: The line of the rendered SQL at which the engine stopped.
            headline: What the engine says; it quotes the name at fault.
        """
        try:
            lines = (self.folder / self.path).read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError):  # the artifact may run without its sources
            return self.path
        found = _line(lines, rendered.strip(), headline)
        return self.path if found is None else f"{self.path}:{found}"


def _line(lines: list[str], rendered: str, headline: str) -> int | None:
    stripped = [line.strip() for line in lines]
    return _only(stripped, [rendered]) or _naming(stripped, headline) or _only(stripped, _alike(stripped, rendered))


def _only(lines: list[str], wanted: list[str]) -> int | None:
    """The number of the line that is wanted, if there is one such line."""
    return lines.index(wanted[0]) + 1 if wanted and wanted[0] and lines.count(wanted[0]) == 1 else None


def _naming(lines: list[str], headline: str) -> int | None:
    for name in _NAMED.findall(headline):
        with_name = [number for number, line in enumerate(lines, 1) if re.search(rf"\b{re.escape(name)}\b", line)]
        if len(with_name) == 1:
            return with_name[0]
    return None


def _alike(lines: list[str], rendered: str) -> list[str]:
    from difflib import get_close_matches  # only a mistake needs it

    return get_close_matches(rendered, lines, n=1, cutoff=_ALIKE)
