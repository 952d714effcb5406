"""File formats of sources and the options of DuckDB's readers for them."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Literal

from floe.config.document import short
from floe.config.fields import Problem
from floe.diagnostics.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FileFormat = Literal["csv", "parquet", "json"]

FORMAT_OF_EXTENSION: dict[str, FileFormat] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".parquet": "parquet",
    ".json": "json",
    ".jsonl": "json",
    ".ndjson": "json",
}

_ANY_FORMAT: dict[str, type] = {
    "filename": bool,
    "hive_partitioning": bool,
    "hive_types_autocast": bool,
    "union_by_name": bool,
}
_TEXT_FORMATS: dict[str, type] = {
    "compression": str,
    "dateformat": str,
    "timestampformat": str,
    "ignore_errors": bool,
    "sample_size": int,
}
OPTIONS: dict[FileFormat, dict[str, type]] = {
    "csv": _ANY_FORMAT
    | _TEXT_FORMATS
    | {
        "all_varchar": bool,
        "allow_quoted_nulls": bool,
        "auto_detect": bool,
        "comment": str,
        "decimal_separator": str,
        "delim": str,
        "encoding": str,
        "escape": str,
        "header": bool,
        "max_line_size": int,
        "new_line": str,
        "normalize_names": bool,
        "null_padding": bool,
        "nullstr": str,
        "parallel": bool,
        "quote": str,
        "sep": str,
        "skip": int,
        "strict_mode": bool,
        "thousands": str,
    },
    "parquet": _ANY_FORMAT | {"binary_as_string": bool, "file_row_number": bool},
    "json": _ANY_FORMAT
    | _TEXT_FORMATS
    | {
        "convert_strings_to_integers": bool,
        "format": str,
        "maximum_depth": int,
        "maximum_object_size": int,
        "records": str,
    },
}
"""Options by format, with the type of their value."""

_TYPE_WORDS = {str: "text", int: "a whole number", bool: "`true` or `false`"}


def format_of(files: str) -> FileFormat | None:
    """Return the format that the extension of a path or glob tells, or None."""
    name = PurePosixPath(files).name.lower().removesuffix(".gz")
    return FORMAT_OF_EXTENSION.get(PurePosixPath(name).suffix)


def format_problem(files: Sequence[str]) -> str:
    """Return what keeps the format from being told by the files' extensions; empty where it can be told."""
    formats = {format_of(pattern) for pattern in files}
    if None in formats:
        unclear = next(pattern for pattern in files if format_of(pattern) is None)
        return f"the format of `{short(unclear)}` cannot be told from its extension"
    return "the files of one source have different formats" if len(formats) > 1 else ""


def option_problems(file_format: FileFormat | None, options: Mapping[str, Any]) -> list[Problem]:
    """Check the names and types of reader options; a problem's path is the option's name.

    Without a format (which has its own error) only the types are checked.
    """
    return [
        problem for name, value in options.items() if (problem := _option_problem(file_format, name, value)) is not None
    ]


def _option_problem(file_format: FileFormat | None, name: str, value: Any) -> Problem | None:  # noqa: ANN401
    known = OPTIONS[file_format] if file_format else {name: type(value)}
    if name not in known:
        message = f"unknown option `{name}` for {file_format} files"
        label = did_you_mean(name, known) or "not an option of the reader"
        return Problem(message, (name,), label, on_key=True, code="FLOE-0103")
    if type(value) in _TYPE_WORDS and type(value) is known[name]:
        return None
    expected = _TYPE_WORDS.get(known[name], "text, a whole number, `true` or `false`")
    label = "write it in quotes" if known[name] is str and type(value) in _TYPE_WORDS else f"expected {expected}"
    return Problem(f"option `{name}` must be {expected}", (name,), label, code="FLOE-0106")
