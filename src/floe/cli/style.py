"""Colour and width: what a stream's reader can show."""

from __future__ import annotations

import re
import shutil
import unicodedata
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Mapping

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_ROLES = {"error": "1;31", "caret": "1;31", "warning": "33", "note": "36", "hint": "36", "message": "1", "gutter": "2"}
_NAMED_CONTROLS = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def wants_colour(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Whether to colour `stream`: NO_COLOR beats FORCE_COLOR, both beat TERM=dumb and what the stream is."""
    if environ.get("NO_COLOR"):
        return False
    if environ.get("FORCE_COLOR", "0") not in ("", "0"):
        return True
    return environ.get("TERM") != "dumb" and stream.isatty()


def width_of(stream: TextIO, environ: Mapping[str, str]) -> int | None:
    """Columns that `stream` has, or None where nothing limits them (a pipe or a file, unless COLUMNS says so)."""
    if environ.get("COLUMNS", "").isdecimal():
        return int(environ["COLUMNS"]) or None
    if stream.isatty():
        return shutil.get_terminal_size().columns
    return None


class Palette:
    """Wraps text in terminal colours, or leaves it alone."""

    def __init__(self, *, enabled: bool) -> None:
        self.enabled = enabled

    def _paint(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.enabled and text else text

    def bold(self, text: str) -> str:
        """Names and headings."""
        return self._paint(text, "1")

    def dim(self, text: str) -> str:
        """What may be overlooked."""
        return self._paint(text, "2")

    def red(self, text: str) -> str:
        """Errors."""
        return self._paint(text, "1;31")

    def green(self, text: str) -> str:
        """Success."""
        return self._paint(text, "32")

    def yellow(self, text: str) -> str:
        """Warnings."""
        return self._paint(text, "33")

    def cyan(self, text: str) -> str:
        """Hints and notes."""
        return self._paint(text, "36")

    def by_role(self, role: str, text: str) -> str:
        """Colour a piece of a diagnostic by what it is, in the words of `floe.diagnostics.render`."""
        return self._paint(text, _ROLES[role]) if role in _ROLES else text


def visible(text: str) -> str:
    """The text on one line: control characters, which could move the cursor or break the row, are spelled out."""
    return _CONTROL.sub(lambda match: _NAMED_CONTROLS.get(match[0], f"\\x{ord(match[0]):02x}"), text)


def display_width(text: str) -> int:
    """Columns that a terminal uses for the text: wide characters take two, combining ones none."""
    if text.isascii():
        return len(text)
    return sum(_character_width(character) for character in text)


def _character_width(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1


def shorten(text: str, width: int) -> str:
    """The text, cut to `width` columns with an ellipsis where it is longer."""
    if display_width(text) <= width:
        return text
    kept, used = [], 0
    for character in text:
        used += _character_width(character)
        if used > width - 1:
            break
        kept.append(character)
    return "".join(kept) + "…"


def pad(text: str, width: int, *, right: bool = False) -> str:
    """The text, filled with blanks to `width` columns."""
    blanks = " " * (width - display_width(text))
    return blanks + text if right else text + blanks
