"""The pages behind `floe explain`: one Markdown file for each error code."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from textwrap import wrap

import floe
from floe.diagnostics.suggest import closest
from floe.errors import UsageError

PAGES = Path(floe.__file__).parent / "explain"
_AS_IT_IS = (" ", "- ", "* ", "|", "#")
_CODE = re.compile(r"(?:FLOE-?)?(\d{1,4})", re.IGNORECASE)


@dataclass(frozen=True)
class Page:
    """What Floe says about one error code."""

    code: str
    title: str
    text: str
    """The page's Markdown without the title line."""


def codes() -> list[str]:
    """Every code that has a page, sorted."""
    return sorted(path.stem for path in PAGES.glob("FLOE-[0-9][0-9][0-9][0-9].md"))


def page_of(code: str) -> Page:
    """The page of a code, written as `FLOE-0103`, `floe-0103`, `0103` or `103`.

    Raises:
        UsageError: there is no such code.
    """
    match = _CODE.fullmatch(code.strip())
    wanted = f"FLOE-{int(match[1]):04}" if match else code
    if wanted not in (known := codes()):
        near = closest(wanted, known)
        way_out = f"did you mean `{near}`? " if near else ""
        raise UsageError("FLOE-0705", f"there is no error code `{code}`", f"{way_out}`floe explain` lists them all")
    return _read(wanted)


def pages() -> list[Page]:
    """Every page, sorted by code."""
    return [_read(code) for code in codes()]


def laid_out(text: str, width: int) -> str:
    """The Markdown as plain text: paragraphs wrapped to `width`, fenced code indented, lists and code as they are."""
    lines: list[str] = []
    paragraph: list[str] = []
    fenced = False
    for line in [*text.splitlines(), ""]:
        starts_or_ends = line.startswith("```")
        if fenced or starts_or_ends or not line or line.startswith(_AS_IT_IS):
            lines += wrap(" ".join(paragraph), width, break_long_words=False, break_on_hyphens=False)
            paragraph = []
            if not starts_or_ends:
                lines.append(f"    {line}".rstrip() if fenced else line)
            fenced ^= starts_or_ends
        else:
            paragraph.append(line)
    return "\n".join(lines).rstrip()


def _read(code: str) -> Page:
    title, _, text = (PAGES / f"{code}.md").read_text(encoding="utf-8").partition("\n")
    return Page(code, title.removeprefix("#").strip(), text.strip())
