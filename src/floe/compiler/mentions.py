"""Where a file of the user's names something: the place for a mistake that is found without a parser of the file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from floe.config.secrecy import masked_line
from floe.diagnostics.span import Span

if TYPE_CHECKING:
    import re
    from pathlib import Path


def first_mention(pattern: re.Pattern[str], file: Path, shown: str) -> Span | None:
    """The place of the group `name` in the first match; None where there is none, or no such file.

    Args:
        pattern: What is looked for; matches of the group lie in one line.
        file: Where it is looked for.
        shown: The file's path as users know it.
    """
    try:
        text = file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    found = pattern.search(text)
    if found is None:
        return None
    start = text.rfind("\n", 0, found.start("name")) + 1
    line = text.count("\n", 0, start) + 1
    columns = (found.start("name") - start + 1, found.end("name") - start + 1)
    return Span(shown, line, *columns, masked_line(text[start:].partition("\n")[0]))
