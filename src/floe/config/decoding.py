"""The text of a file of the project, or why there is none."""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING

from floe.config.document import Positions, Region
from floe.config.secrecy import lines_by_look
from floe.config.syntax import SYNTAX
from floe.diagnostics.diagnostic import Diagnostic
from floe.diagnostics.span import Span

if TYPE_CHECKING:
    from pathlib import Path

MAX_MEGABYTES = 16
"""Size beyond which a file is refused unread; real ones have less than a tenth of one."""

LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
"""What YAML takes for the end of a line."""

_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_MARKS = {
    b"\xff\xfe\x00\x00": "UTF-32",
    b"\x00\x00\xfe\xff": "UTF-32",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}
_SAVE = "save the file in the encoding UTF-8"


def text_of(path: Path, shown: str) -> str | Diagnostic:
    """Return the text of a file, or the one diagnostic that says why it cannot be read.

    Args:
        path: The file.
        shown: Its name in diagnostics.
    """
    start = Span(shown, 1, 1, 1)
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_MEGABYTES * 2**20 + 1)
    except OSError as error:
        reason = (error.strerror or "unreadable").lower()
        return Diagnostic("FLOE-0119", f"cannot read `{shown}`: {reason}", start)
    if len(content) > MAX_MEGABYTES * 2**20:
        hint = "a configuration has some kilobytes: is this another file?"
        return Diagnostic("FLOE-0119", f"`{shown}` has more than {MAX_MEGABYTES} MB", start, hints=(hint,))
    encoding = _wide_encoding(content)
    if encoding:
        return Diagnostic(SYNTAX, f"the file is {encoding} text, not UTF-8", start, hints=(_SAVE,))
    content = content.removeprefix(codecs.BOM_UTF8)
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        return _foreign_byte(content, error, shown)


def unprintable(text: str, positions: Positions) -> Diagnostic | None:
    """Return the diagnostic of the first character that no YAML file may hold."""
    found = _UNPRINTABLE.search(text)
    if found is None:
        return None
    before = LINE_BREAK.split(text[: found.start()])
    region = Region(len(before) - 1, len(before[-1]), len(before) - 1, len(before[-1]) + 1)
    message = f"a control character (U+{ord(found[0]):04X}) in the file"
    return Diagnostic(SYNTAX, message, positions.region_span(region), label="delete it")


def _wide_encoding(content: bytes) -> str:
    """Name the encoding of more than a byte a character, by its mark or by the zeros between ASCII characters."""
    for mark, name in _MARKS.items():
        if content.startswith(mark):
            return name
    head = content[:64]
    zeros = {offset: head[offset::2].count(0) for offset in (0, 1)}
    return "UTF-16" if len(head) >= 4 and max(zeros.values()) * 2 >= len(head) - 1 and min(zeros.values()) == 0 else ""


def _foreign_byte(content: bytes, error: UnicodeDecodeError, shown: str) -> Diagnostic:
    before = content[: error.start].decode(errors="replace")
    lines = LINE_BREAK.split(before)
    whole = LINE_BREAK.split(content.decode(errors="replace"))
    line, column = len(lines) - 1, len(lines[-1])
    positions = Positions(shown, lines_by_look(whole))
    return Diagnostic(
        SYNTAX,
        f"the file is not UTF-8 text: the byte 0x{content[error.start]:02X} is not",
        positions.region_span(Region(line, column, line, column + 1)),
        label="this character",
        hints=(_SAVE,),
    )
