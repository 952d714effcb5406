"""Reads DuckDB's text of a type, e.g. `STRUCT("a b" INTEGER, c ENUM('x', 'y')[])`, into a tree."""

from __future__ import annotations

import re
from dataclasses import dataclass

_WORDS = re.compile(r'\s*("(?:[^"]|"")*"|[A-Za-z_][A-Za-z0-9_]*(?: WITH TIME ZONE)?)')
_QUOTED = re.compile(r"'(?:[^']|'')*'")
_ARRAY = re.compile(r"\s*\[(\d*)\]")
_NAMED = re.compile(r'\s*("(?:[^"]|"")*"|[^\s",()\[\]]+)\s+(?=[A-Za-z_"])')


@dataclass(frozen=True)
class NestedType:
    """One type: LIST and ARRAY have one unnamed member, MAP two, STRUCT and UNION a named member per field."""

    name: str
    text: str
    members: tuple[tuple[str, NestedType], ...] = ()


def parse_type(text: str) -> NestedType:
    """The tree of a type's text.

    Raises:
        ValueError: the text is no type.
    """
    parsed, end = _type(text, 0)
    if text[end:].strip():
        raise ValueError(f"not a DuckDB type: {text}")
    return parsed


def _type(text: str, start: int) -> tuple[NestedType, int]:
    word = _WORDS.match(text, start)
    if word is None:
        raise ValueError(f"not a DuckDB type: {text}")
    name, end = word.group(1), word.end()
    members: tuple[tuple[str, NestedType], ...] = ()
    if text[end : end + 1] == "(":
        if name in {"STRUCT", "UNION", "MAP"}:
            members, end = _members(text, end + 1, named=name != "MAP")
        else:
            end = _closing(text, end)
    parsed = NestedType(name, text[word.start(1) : end], members)
    while array := _ARRAY.match(text, end):
        end = array.end()
        kind = "ARRAY" if array.group(1) else "LIST"
        parsed = NestedType(kind, text[word.start(1) : end], (("element", parsed),))
    return parsed, end


def _members(text: str, position: int, *, named: bool) -> tuple[tuple[tuple[str, NestedType], ...], int]:
    found = []
    while True:
        name = ""
        field = _NAMED.match(text, position) if named else None
        # `TIMESTAMP WITH TIME ZONE` without a name looks like a name and a type.
        if field and not text.startswith("WITH TIME ZONE", field.end()):
            name, position = _unquoted(field.group(1)), field.end()
        member, position = _type(text, position)
        found.append((name, member))
        separator = text[position : position + 1]
        position += 1
        if separator == ")":
            return tuple(found), position
        if separator != ",":
            raise ValueError(f"not a DuckDB type: {text}")


def _closing(text: str, position: int) -> int:
    """The position after the parenthesis that closes the one at `position`; strings may hold parentheses."""
    while text[position : position + 1] != ")":
        string = _QUOTED.match(text, position)
        position = string.end() if string else position + 1
        if position >= len(text):
            raise ValueError(f"not a DuckDB type: {text}")
    return position + 1


def _unquoted(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name
