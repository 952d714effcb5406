"""Says in plain words why a file is not YAML."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from floe.config.document import Region
from floe.diagnostics.diagnostic import Diagnostic, Note

if TYPE_CHECKING:
    from yaml import YAMLError

    from floe.config.document import Positions

SYNTAX = "FLOE-0102"


class _Wording(NamedTuple):
    problem: str
    """Part of the reader's own message (libyaml's or the Python reader's)."""
    message: str
    label: str
    at_context: bool = False


_BLANKS = {"\t": "a tab", "\xa0": "a no-break space"}
_QUOTES = "write it in quotes"
_BEHIND = "text stands behind `|` or `>`"
_NEXT_LINE = "begin it on the next line, or write it in quotes"
_ABOVE = "this does not continue what is above"
_MARKED = "a text that begins with `*`, `&`, `!` or `%` must be in quotes"
_WORDINGS = (
    _Wording("mapping values are not allowed", "`:` is not expected here", "check the indentation, or quote the text"),
    _Wording("end of stream", "a quoted text is not closed", "it begins here", at_context=True),
    _Wording("',' or ']'", "a list is not closed with `]`", "it begins here", at_context=True),
    _Wording("',' or '}'", "a mapping is not closed with `}`", "it begins here", at_context=True),
    _Wording("'-' indicator", "an entry of a list must begin with `-`", "check the indentation"),
    _Wording("expected ':'", "a key has no `:`", "write `key: value`"),
    _Wording("expected key", _ABOVE, "check the indentation and quotes"),
    _Wording("expected <block end>", _ABOVE, "check the indentation and quotes"),
    _Wording("escape", "an unknown escape in a text in double quotes", "write `\\\\` for a backslash"),
    _Wording("node content", "a value is missing", "nothing that can be read here"),
    _Wording("<document start>", _ABOVE, "check the indentation and quotes"),
    _Wording("sequence entries", "an entry of a list is not expected here", "begin the list on a line of its own"),
    _Wording("mapping keys are not allowed", "`?` is not expected here", _QUOTES),
    _Wording("whitespace or line break", _MARKED, _QUOTES),
    _Wording("line break", _BEHIND, _NEXT_LINE),
    _Wording("indentation indicator", _BEHIND, _NEXT_LINE),
    _Wording("chomping", _BEHIND, _NEXT_LINE),
    _Wording("numeric character", _MARKED, _QUOTES),
    _Wording("non-alphabetical", _MARKED, _QUOTES),
    _Wording("URI", _MARKED, _QUOTES),
    _Wording("directive name", _MARKED, _QUOTES),
    _Wording("incompatible YAML document", "the YAML version is not supported", "leave `%YAML` out"),
)


def syntax_diagnostic(error: YAMLError, positions: Positions) -> Diagnostic:
    """Translate an error of the YAML reader; the place is kept, and the reader's words where nothing fits."""
    problem = str(getattr(error, "problem", "") or "")
    mark = getattr(error, "problem_mark", None)
    context = getattr(error, "context_mark", None)
    line, column = (mark.line, mark.column) if mark else (0, 0)
    blank = _blank_in_indentation(positions, line)
    if blank is not None:
        name = _BLANKS.get(positions.lines[line][blank], "another kind of space")
        region = Region(line, blank, line, blank + 1)
        return _diagnostic(positions, region, f"{name} in the indentation", "YAML allows spaces only")
    if "cannot start any token" in problem:
        return _diagnostic(positions, _point(positions, line, column), *_bad_start(positions, line, column))
    for wording in _WORDINGS:
        if wording.problem in problem:
            if wording.at_context and context is not None:
                line, column = context.line, context.column
            region = _point(positions, line, column)
            return _diagnostic(positions, region, wording.message, wording.label)
    return _diagnostic(positions, _point(positions, line, column), f"not valid YAML: {problem or 'unreadable'}", "")


def _blank_in_indentation(positions: Positions, line: int) -> int | None:
    """The first character of the indentation that looks like a space and is none."""
    text = positions.lines[line] if line < len(positions.lines) else ""
    begin = len(text) - len(text.lstrip(" "))
    return begin if text[begin : begin + 1].isspace() and text.strip() else None


def _bad_start(positions: Positions, line: int, column: int) -> tuple[str, str]:
    text = positions.lines[line] if line < len(positions.lines) else ""
    character = text[column : column + 1] or "?"
    shown = "a backtick" if character == "`" else f"`{character}`"
    return f"a text cannot begin with {shown}", _QUOTES


def _point(positions: Positions, line: int, column: int) -> Region:
    """Return one character, or the end of the last line that holds something when the file ends there."""
    lines = positions.lines
    while line > 0 and (line >= len(lines) or not lines[line].strip()):
        line -= 1
        column = len(lines[line].rstrip()) if line < len(lines) else 0
    return Region(line, column, line, column + 1)


def _diagnostic(positions: Positions, region: Region, message: str, label: str) -> Diagnostic:
    span = positions.region_span(region)
    notes: tuple[Note, ...] = ()
    if "${" in span.text and "{" in span.text.replace("${", ""):
        notes = (Note("inside `{ }` a text with `${...}` must be in quotes"),)
    return Diagnostic(SYNTAX, message, span, label=label, notes=notes)
