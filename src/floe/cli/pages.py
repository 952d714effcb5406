"""What `floe explain` shows of the page of an error code."""

from __future__ import annotations

import re
from textwrap import wrap

from floe.diagnostics.pages import Page, codes, read_page
from floe.errors import UsageError

_MOST_NEAR = 3
_AS_IT_IS = (" ", "- ", "* ", "|", "#")
_SECTIONS = {
    "01": "Configuration",
    "02": "Compiling",
    "03": "Artifact",
    "04": "Building assets",
    "05": "Tables and catalogs",
    "06": "Runs",
    "07": "Command line",
    "09": "Machine",
}
"""What the first two digits of a code mean."""
_CODE = re.compile(r"(?:FLOE-?)?(\d{1,4})", re.IGNORECASE)


def page_of(code: str) -> Page:
    """The page of a code, written as `FLOE-0103`, `floe-0103`, `0103` or `103`.

    Raises:
        UsageError: there is no such code.
    """
    match = _CODE.fullmatch(code.strip())
    wanted = f"FLOE-{int(match[1]):04}" if match else code
    if wanted not in (known := codes()):
        way_out = f"{_near(code, known)}`floe explain` lists them all"
        raise UsageError("FLOE-0705", f"there is no error code `{code}`", way_out)
    return read_page(wanted)


def _near(code: str, known: list[str]) -> str:
    """A code that differs by a slip of the fingers, else those that begin as the unknown one does."""
    slips = [other for other in known if len(other) == len(code) and _differences(code.upper(), other) == 1]
    if slips:
        return f"did you mean `{slips[0]}`? "
    digits = "".join(character for character in code if character.isdigit())
    beginning = [other for other in known if len(digits) >= 3 and other.startswith(f"FLOE-{digits}")]
    listed = " or ".join(f"`{other}`" for other in beginning[:_MOST_NEAR])
    return f"did you mean {listed}? " if listed else ""


def _differences(left: str, right: str) -> int:
    return sum(one != other for one, other in zip(left, right, strict=True))


def pages() -> list[Page]:
    """Every page, sorted by code."""
    return [read_page(code) for code in codes()]


def section_of(code: str) -> str:
    """What part of Floe a code belongs to."""
    return _SECTIONS[code.removeprefix("FLOE-")[:2]]


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
