"""Says in Floe's words what pydantic found wrong with the value of a file."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from floe.config import buckets, fields, secret_backends, storage
from floe.config.document import dotted, short
from floe.config.locations import locate
from floe.diagnostics.diagnostic import Diagnostic, Note
from floe.diagnostics.suggest import closest, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

    from floe.config.document import Document, Path
    from floe.config.fields import Problem, Strict
    from floe.config.locations import Located

UNKNOWN, MISSING, TYPE, VALUE = "FLOE-0103", "FLOE-0105", "FLOE-0106", "FLOE-0107"

_LETTERS = "must begin with a letter and hold only letters, digits, `_` and `-` (at most 100)"
_EXPECTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_parsing_size": "a whole number",
    "int_from_float": "a whole number",
    "bool_type": "`true` or `false`",
    "dict_type": "keys with values",
    "model_type": "keys with values",
    "model_attributes_type": "keys with values",
    "tuple_type": "a list",
}


class _Pattern(NamedTuple):
    rule: str
    label: str


_PATTERNS = {
    fields.PROFILE_PATTERN: _Pattern(_LETTERS, ""),
    fields.TABLE_PATTERN: _Pattern("must hold only letters, digits and `_`, no digit first (at most 100)", ""),
    fields.NAMESPACE_PATTERN: _Pattern(
        "must be names of letters, digits, `_` and `-`, joined by `.`", "write e.g. `bronze`"
    ),
    fields.SEMANTIC_VERSION_PATTERN: _Pattern("must be a semantic version", 'write e.g. "1.0.0"'),
    fields.MEMORY_PATTERN: _Pattern("must be an amount of memory", "write e.g. `4GB`"),
    fields.TABLE_PROPERTY_PATTERN: _Pattern(
        "must be small letters, digits, `.`, `-` and `_`", "write e.g. `write.parquet.compression-codec`"
    ),
    fields.REFERENCE_PATTERN: _Pattern(
        "must be the name of a secret: small letters, digits, `-` and `.`", "write e.g. `warehouse-password`"
    ),
    fields.REFERENCE_KEY_PATTERN: _Pattern("must be letters, digits, `-`, `_` and `.`", "write e.g. `password`"),
    fields.HTTP_URI_PATTERN: _Pattern(
        "must be the address of a server", "write e.g. `https://catalog.example.com/api/catalog`"
    ),
    fields.ROLE_PATTERN: _Pattern("must be the ARN of a role", "write e.g. `arn:aws:iam::123456789012:role/lake`"),
    fields.SQL_URI_PATTERN: _Pattern(
        "must be `sqlite:///` and a file, or `postgresql://` and host, port and database, without user and password",
        "write e.g. `sqlite:///.floe/catalog.db`, or `postgresql://db.example.com:5432/lake`",
    ),
    secret_backends.ENV_FILE_PATTERN: _Pattern(
        "must begin with `/` or `~/`", "write e.g. `~/.config/floe/secrets.env`"
    ),
    secret_backends.MOUNT_PATTERN: _Pattern("must begin with `/` or `~/`", "write e.g. `/var/run/secrets`"),
    buckets.BUCKET_PATTERN: _Pattern("must be small letters, digits, `-`, `.` and `_`, at least three", ""),
    buckets.PREFIX_PATTERN: _Pattern("must be names joined by `/`, without one at the ends", "write e.g. `lake/prod`"),
    buckets.ENDPOINT_PATTERN: _Pattern(
        "must be `http://` or `https://` and a host", "write e.g. `https://minio.example.com`"
    ),
}


def model_diagnostics(
    error: ValidationError, document: Document, model: type[Strict], *, at: Path = ()
) -> list[Diagnostic]:
    """Translate every error of a model, each at its key or value; what was reported before is left out.

    `at` is where the file holds what the model describes.
    """
    located_details = ((detail, locate(detail, model)) for detail in error.errors(include_url=False))
    details = [(detail, located._replace(path=(*at, *located.path))) for detail, located in located_details]
    suggested = _suggested(details)
    found: list[Diagnostic] = []
    for detail, located in details:
        path = located.path
        if detail["type"] == "missing" and path in suggested:
            continue
        if path in document.reported and detail["type"] != "extra_forbidden":
            continue
        if detail["type"] == "too_short" and document.at(*path):
            continue  # pydantic does not count entries that have an error of their own
        translated = _translated(detail, located, document, suggested)
        if detail["type"] in ("missing", fields.RULE):
            translated = [_with_other_parts(diagnostic, located.path, document) for diagnostic in translated]
        found += translated
    return found


def _with_other_parts(diagnostic: Diagnostic, path: Path, document: Document) -> Diagnostic:
    """Name the other files that a mapping stands in, where it lacks something or does not fit together."""
    while path and not isinstance(document.at(*path), dict):
        path = path[:-1]
    if not path or diagnostic.span is None:
        return diagnostic
    here = diagnostic.span.file
    places = [document.positions.key_span(*path), *document.positions.others(*path)]
    notes = [Note(f"`{dotted(path)}` is also given at {span.location}", span) for span in places if span.file != here]
    return replace(diagnostic, notes=(*diagnostic.notes, *notes))


def _suggested(details: list[tuple[ErrorDetails, Located]]) -> set[Path]:
    """Return the paths of the fields that unknown keys were probably meant to be."""
    meant: set[Path] = set()
    for detail, located in details:
        if detail["type"] == "extra_forbidden":
            *parent, name = located.path
            match = closest(str(name), located.fields)
            if match is not None:
                meant.add((*parent, match))
    return meant


def _translated(detail: ErrorDetails, located: Located, document: Document, suggested: set[Path]) -> list[Diagnostic]:
    kind, path = detail["type"], located.path
    if kind == fields.RULE:
        problems: tuple[Problem, ...] = detail["ctx"]["problems"]
        meant = {("transforms",), ("sources",)} & suggested
        return [] if path == ("sources",) and meant else [_rule(problem, path, document) for problem in problems]
    if kind == "extra_forbidden":
        return [_unknown(path, document, list(located.fields))]
    if kind == "missing":
        return [_missing(path, document)]
    if kind == "union_tag_not_found":
        return [_union(path, document)]
    if kind in _EXPECTED:
        return [_wrong_type(path, document, _EXPECTED[kind])]
    return [_wrong_value(detail, located, document)]


def _rule(problem: Problem, path: Path, document: Document) -> Diagnostic:
    place = (*path, *problem.path)
    positions = document.positions
    span = positions.key_span(*place) if problem.on_key else positions.span(*place)
    return Diagnostic(problem.code, problem.message, span, label=problem.label)


def _unknown(path: Path, document: Document, known: list[str]) -> Diagnostic:
    name = str(path[-1])
    label = did_you_mean(name, known) or "not a field here"
    hints = () if closest(name, known) else (f"the fields here are {_listed(known)}",)
    return Diagnostic(UNKNOWN, f"unknown field `{name}`", document.positions.key_span(*path), label=label, hints=hints)


def _missing(path: Path, document: Document) -> Diagnostic:
    *parent, name = path
    where = f" in `{dotted(tuple(parent))}`" if parent else ""
    label = f"add `{name}`"
    return Diagnostic(MISSING, f"missing field `{name}`{where}", document.positions.key_span(*parent), label=label)


_TYPES: dict[str | int, list[str]] = {
    "transforms": ["dbt", "python"],
    "compute": ["duckdb", *fields.WAREHOUSES],
    "catalogs": ["sql", *fields.SERVER_CATALOGS],
    "storage": ["local", *storage.BUCKETS],
    "secrets": list(secret_backends.BACKENDS),
}


def _union(path: Path, document: Document) -> Diagnostic:
    if path == ("compute",):
        return _wrong_type(path, document, "the name of a profile, or `target` and `properties`")
    types = _TYPES[path[0]]
    value = document.at(*path)
    if not isinstance(value, dict):
        return _wrong_type(path, document, "keys with values")
    if "type" not in value:
        diagnostic = _missing((*path, "type"), document)
        label = " or ".join(f"`type: {name}`" for name in types[:2])
        return Diagnostic(MISSING, diagnostic.message, diagnostic.span, label=f"add {label}")
    return _not_one_of((*path, "type"), document, types)


def _wrong_type(path: Path, document: Document, expected: str) -> Diagnostic:
    found = found_value(path, document)
    message = f"`{dotted(path)}` must be {expected}, found {found}"
    return Diagnostic(TYPE, message, document.positions.span(*path), label=_type_label(path, document, expected))


def _type_label(path: Path, document: Document, expected: str) -> str:
    scalar = document.scalars.get(path)
    if scalar is None or not scalar.text or path in document.reported:
        return f"expected {expected}"
    if expected == "text":
        return f'write "{_version_for(path, scalar.text)}"'
    if expected == "a list":
        return f"write `[{scalar.text}]`"
    return f"expected {expected}"


def _version_for(path: Path, text: str) -> str:
    if path[-1] == "version" and re.fullmatch(r"[0-9]+(\.[0-9]+)?", text):
        return text + (".0" if "." in text else ".0.0")
    return text


def _wrong_value(detail: ErrorDetails, located: Located, document: Document) -> Diagnostic:
    path = located.path
    context: dict[str, Any] = detail.get("ctx", {})
    name = dotted(path)
    span = document.positions.span(*path)
    if detail["type"] == "literal_error":
        return _not_one_of(path, document, re.findall(r"'([^']*)'", str(context.get("expected", ""))))
    if detail["type"] == "string_pattern_mismatch":
        return _wrong_pattern(detail, located, document)
    rules: dict[str, Callable[[], str]] = {
        "string_too_short": lambda: f"`{name}` must not be empty",
        "too_short": lambda: f"`{name}` must have an entry",
        "greater_than_equal": lambda: f"`{name}` must be at least {context['ge']}",
        "less_than_equal": lambda: f"`{name}` must be at most {context['le']}",
    }
    rule = rules.get(detail["type"])
    message = rule() if rule else f"`{name}` holds a value that cannot be used"
    return Diagnostic(VALUE, message, span, label=f"found {found_value(path, document)}")


def _wrong_pattern(detail: ErrorDetails, located: Located, document: Document) -> Diagnostic:
    path = located.path
    pattern = _PATTERNS[detail["ctx"]["pattern"]]
    if located.on_key:
        message = f"the name `{path[-1]}` {pattern.rule}"
        return Diagnostic(VALUE, message, document.positions.key_span(*path), label=pattern.label)
    scalar = document.scalars.get(path)
    label = pattern.label
    if scalar is not None and path[-1] == "version":
        label = (
            f'write "{_version_for(path, scalar.text)}"' if _version_for(path, scalar.text) != scalar.text else label
        )
    message = f"`{dotted(path)}` {pattern.rule}, found {found_value(path, document)}"
    return Diagnostic(VALUE, message, document.positions.span(*path), label=label)


def _not_one_of(path: Path, document: Document, allowed: list[str]) -> Diagnostic:
    span = document.positions.span(*path)
    listed = _listed(allowed, "or")
    text = document.text(*path)
    if text is None:
        message = f"`{dotted(path)}` must be {listed}, found {found_value(path, document)}"
        return Diagnostic(TYPE, message, span, label=f"expected {listed}")
    label = did_you_mean(text, allowed, "'") or f"expected {listed}"
    return Diagnostic(VALUE, f"unknown value `{short(text)}` for `{dotted(path)}`", span, label=label)


def found_value(path: Path, document: Document) -> str:
    """Describe what a file holds at a path: its kind and, for what is written on a line, how it is written."""
    value = document.at(*path)
    if isinstance(value, (dict, list)):
        return "keys with values" if isinstance(value, dict) else "a list"
    scalar = document.scalars.get(path)
    if value is None or scalar is None or not scalar.text:
        return "nothing" if value is None else "an empty text"
    if path in document.reported:
        return "a hidden value"
    kind = {bool: "the boolean", int: "the number", float: "the number"}.get(type(value), "the text")
    return f"{kind} `{short(scalar.text)}`"


def _listed(names: list[str], conjunction: str = "and") -> str:
    quoted = [f"`{name}`" for name in names]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} {conjunction} {quoted[-1]}"
