"""Says which file, line, column and text broke the reading of a CSV file."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import duckdb

from floe.engines.duckdb.faults import engine_message
from floe.engines.duckdb.sql import literal
from floe.errors import NodeError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from floe.engines.duckdb.workspace import Workspace

_LINE = re.compile(r"CSV Error on Line: (\d+)")
_TEXT = re.compile(r"Original Line: (.*)")
_FILE = re.compile(r"^\s*file = (.*)$", re.MULTILINE)
_COLUMN = re.compile(r'Error when converting column "(.*?)"\. (.*)')
_SNIFFED_FILE = re.compile(r'Error when sniffing file "(.+?)"')
SOURCE_ADVICE = "correct the row, or set `options` of the source, e.g. `ignore_errors: true` or `null_padding: true`"
SEED_ADVICE = "correct the row, or set `column_types` or `delimiter` in the seed's config"
_ENCODING_ADVICE = (
    'save the file as UTF-8, or set the `options` of the source to its encoding, e.g. `{encoding: "latin-1"}`'
)
_NOT_TEXT = "not utf-8 encoded"
_LONGEST_TEXT = 200


@dataclass(frozen=True)
class Dialect:
    """How a CSV file is written."""

    delimiter: str = ","
    quote: str = '"'
    escape: str = '"'
    header: bool = True
    encoding: str = "utf-8"


@dataclass(frozen=True)
class _BrokenRow:
    file: str
    line: int
    text: str
    why: str


def csv_fault(
    workspace: Workspace, subject: str, error: duckdb.Error, files: Sequence[str], dialect: Dialect, advice: str
) -> NodeError:
    """The error for a CSV file (paths relative to the project) that DuckDB could not read."""
    row = _from_message(workspace, str(error)) or _first_rejected(workspace, files, dialect)
    if row is not None and _NOT_TEXT in row.why:
        # DuckDB names the line but shows another one.
        reason = f"`{subject}` cannot read `{row.file}`, line {row.line}: it is not text in {dialect.encoding}"
        return NodeError("FLOE-0404", reason, _ENCODING_ADVICE, details=(f"--> {row.file}:{row.line}",))
    if row is None:
        sniffed = _SNIFFED_FILE.search(str(error))
        where = _relative(workspace, sniffed.group(1)) if sniffed else ", ".join(files[:3])
        why = _shorten(engine_message(error).headline.replace(f"{workspace.project_directory}/", ""))
        return NodeError("FLOE-0404", f"`{subject}` cannot read `{where}`: {why}", advice)
    reason = f"`{subject}` cannot read `{row.file}`, line {row.line}: {row.why}"
    return NodeError("FLOE-0404", reason, advice, details=(f"--> {row.file}:{row.line}", f"    {row.text}"))


def _from_message(workspace: Workspace, message: str) -> _BrokenRow | None:
    line, text, file = _LINE.search(message), _TEXT.search(message), _FILE.search(message)
    if line is None or file is None:
        return None
    column = _COLUMN.search(message)
    if column:
        why = f"column `{column.group(1)}`: {_shorten(column.group(2))}"
    else:
        after = message[text.end() if text else line.end() :].strip().splitlines()
        why = _shorten(after[0]) if after else "the row cannot be read"
    shown = text.group(1)[:_LONGEST_TEXT] if text else ""
    return _BrokenRow(_relative(workspace, file.group(1)), int(line.group(1)), shown, why)


def _first_rejected(workspace: Workspace, files: Sequence[str], dialect: Dialect) -> _BrokenRow | None:
    """Read every file as text, without guessing, until a row does not have the shape of the header."""
    for file in files:
        columns = _column_names(workspace, file, dialect)
        if columns and (row := _rejected_row(workspace, file, columns, dialect)):
            return row
    return None


def _rejected_row(workspace: Workspace, file: str, columns: Sequence[str], dialect: Dialect) -> _BrokenRow | None:
    errors, scans = workspace.new_name(), workspace.new_name()
    path = str(workspace.project_directory / file)
    types = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in columns)
    scan = (
        f"SELECT count(COLUMNS(*)) FROM read_csv({literal(path)}, auto_detect=false, columns={{{types}}}, "
        f"delim={literal(dialect.delimiter)}, quote={literal(dialect.quote)}, escape={literal(dialect.escape)}, "
        f"header={literal(dialect.header)}, encoding={literal(dialect.encoding)}, store_rejects=true, "
        f"rejects_table={literal(errors)}, rejects_scan={literal(scans)})"
    )
    found = f"SELECT line, csv_line, column_name, error_message FROM {errors} ORDER BY line LIMIT 1"
    try:
        workspace.execute(scan).fetchall()
        row = workspace.execute(found).fetchone()
    except duckdb.Error as error:
        return _from_message(workspace, str(error))
    if row is None:
        return None
    column = f"column `{row[2]}`: " if row[2] else ""
    first_line = (row[1] or "").splitlines() or [""]
    return _BrokenRow(file, int(row[0]), first_line[0][:_LONGEST_TEXT], f"{column}{_shorten(row[3])}")


def _column_names(workspace: Workspace, file: str, dialect: Dialect) -> list[str]:
    """The names in the first line, made distinct; none when the file cannot be read as text."""
    try:
        with (workspace.project_directory / file).open(encoding=dialect.encoding, newline="") as stream:
            first = next(csv.reader(stream, delimiter=dialect.delimiter), [])
    except (OSError, UnicodeError, LookupError, TypeError, csv.Error):
        return []
    plain = [name or "column" for name in first]
    return [name if plain.count(name) == 1 else f"{name}_{number}" for number, name in enumerate(plain)]


def _relative(workspace: Workspace, path: str) -> str:
    return path.removeprefix(f"{workspace.project_directory}/")


def _shorten(text: str) -> str:
    text = text.strip().rstrip(".")
    is_word = text[1:2].islower() and not re.match(r"\w+ Error: ", text)
    lowered = text[:1].lower() + text[1:] if is_word else text
    return lowered if len(lowered) <= _LONGEST_TEXT else f"{lowered[:_LONGEST_TEXT]} …"
