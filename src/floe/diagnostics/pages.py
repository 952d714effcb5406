"""The pages behind `floe explain`: one Markdown file for each error code."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import floe

PAGES = Path(floe.__file__).parent / "explain"


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


def read_page(code: str) -> Page:
    """The page of a code that has one.

    Raises:
        FileNotFoundError: there is no such code.
    """
    title, _, text = (PAGES / f"{code}.md").read_text(encoding="utf-8").partition("\n")
    return Page(code, title.removeprefix("#").strip(), text.strip())
