"""DuckDB's types as Iceberg types: what each column is stored as, and how reading restores its own type.

Iceberg has fewer types than DuckDB (https://iceberg.apache.org/spec/#primitive-types): small and unsigned integers are
widened, ENUM and JSON become strings, finer or coarser timestamps become microseconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from floe.engines.duckdb.sql import quote
from floe.engines.duckdb.type_text import NestedType, parse_type
from floe.errors import LakeError, NodeError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from floe.lake.base import TableName

IcebergType = str | dict[str, Any]

_STORED_AS_ITSELF = {
    "BOOLEAN": "boolean",
    "INTEGER": "int",
    "BIGINT": "long",
    "FLOAT": "float",
    "DOUBLE": "double",
    "VARCHAR": "string",
    "BLOB": "binary",
    "DATE": "date",
    "TIME": "time",
    "TIMESTAMP": "timestamp",
    "TIMESTAMP WITH TIME ZONE": "timestamptz",
    "UUID": "uuid",
}
_STORED_AS_ANOTHER = {
    "TINYINT": "INTEGER",
    "SMALLINT": "INTEGER",
    "UTINYINT": "INTEGER",
    "USMALLINT": "INTEGER",
    "UINTEGER": "BIGINT",
    "UBIGINT": "DECIMAL(20,0)",
    "HUGEINT": "DECIMAL(38,0)",
    "UHUGEINT": "DECIMAL(38,0)",
    "TIMESTAMP_S": "TIMESTAMP",
    "TIMESTAMP_MS": "TIMESTAMP",
    "TIMESTAMP_NS": "TIMESTAMP",
    "TIME_NS": "TIME",
    "JSON": "VARCHAR",
    "ENUM": "VARCHAR",
}
_OF_ICEBERG = {
    **{iceberg: engine for engine, iceberg in _STORED_AS_ITSELF.items()},
    # Of format version 3; other engines write them.
    "timestamp_ns": "TIMESTAMP_NS",
    "timestamptz_ns": "TIMESTAMP WITH TIME ZONE",
    "unknown": "INTEGER",
}
_ADVICE = {
    "INTERVAL": "cast it to `varchar`, or store a number of days or microseconds",
    "BIT": "cast it to `varchar`",
    "TIME WITH TIME ZONE": "cast it to `time`, or keep a `timestamptz`",
    "UNION": "select its members as separate columns",
    "GEOMETRY": "convert it with `st_aswkb` or `st_astext`",
    "VARIANT": "cast it to `json` or to a type of its own",
    "BIGNUM": "cast it to `decimal(38, 0)` or to `varchar`",
    "STRUCT": "give every field of the struct a name, e.g. `{'a': 1}` instead of `row(1)`",
}


@dataclass(frozen=True)
class EngineType:
    """A column's type in the session, and what it is in the table."""

    text: str
    """DuckDB's name of the type, as DESCRIBE gives it."""
    stored: str
    """DuckDB's name of the type that goes into the file."""
    iceberg: IcebergType
    """Iceberg's type as JSON; nested types have no field ids yet."""
    is_converted: bool
    """Whether storing changes the type, so that reading has to restore it."""


class _UnstorableError(Exception):
    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def engine_type(column: str, text: str) -> EngineType:
    """What a column of DuckDB type `text` is stored as.

    Raises:
        NodeError: Iceberg has nothing that the type could be stored as.
    """
    try:
        return _engine_type(text)
    except _UnstorableError as error:
        reason = f"column `{column}` has the type `{text}`, which an Iceberg table cannot store"
        advice = _ADVICE.get(error.name, "cast it to another type")
        raise NodeError("FLOE-0407", reason, advice) from error


@lru_cache(maxsize=4096)
def _engine_type(text: str) -> EngineType:
    parsed = parse_type(text)
    stored = _stored(parsed)
    return EngineType(text, stored, _iceberg(parse_type(stored)), _changes(parsed))


def _changes(parsed: NestedType) -> bool:
    here = parsed.name == "ARRAY" or parsed.name in _STORED_AS_ANOTHER
    return here or any(_changes(member) for _, member in parsed.members)


def _stored(parsed: NestedType) -> str:
    match parsed.name:
        case "LIST" | "ARRAY":
            return f"{_stored(parsed.members[0][1])}[]"
        case "MAP":
            key, value = (_stored(member) for _, member in parsed.members)
            return f"MAP({key}, {value})"
        case "STRUCT" if parsed.members and all(name for name, _ in parsed.members):
            fields = (f"{quote(name)} {_stored(member)}" for name, member in parsed.members)
            return f"STRUCT({', '.join(fields)})"
        case "DECIMAL":
            return parsed.text.replace(" ", "")
        case name if name in _STORED_AS_ITSELF:
            return name
        case name if name in _STORED_AS_ANOTHER:
            return _STORED_AS_ANOTHER[name]
    raise _UnstorableError(parsed.name)


def _iceberg(parsed: NestedType) -> IcebergType:
    match parsed.name:
        case "LIST":
            return {"type": "list", "element": _iceberg(parsed.members[0][1]), "element-required": False}
        case "MAP":
            key, value = (_iceberg(member) for _, member in parsed.members)
            return {"type": "map", "key": key, "value": value, "value-required": False}
        case "STRUCT":
            fields = [{"name": name, "type": _iceberg(member), "required": False} for name, member in parsed.members]
            return {"type": "struct", "fields": fields}
        case "DECIMAL":
            return parsed.text.lower().replace(" ", "").replace(",", ", ")
    return _STORED_AS_ITSELF[parsed.name]


def converted(expression: str, own: str, to: str) -> str:
    """SQL of a value of a column of DuckDB's type `own`, stored or restored as the type `to`.

    Nanoseconds of a day go through text: DuckDB's own cast rounds them, up to 24:00:00, and there is none back.
    """
    if "TIME_NS" in own:
        expression = f"CAST({expression} AS {_with_text_for_times(parse_type(own))})"
    return f"CAST({expression} AS {to})"


def _with_text_for_times(parsed: NestedType) -> str:
    inner = [(name, _with_text_for_times(member)) for name, member in parsed.members]
    match parsed.name:
        case "TIME_NS":
            return "VARCHAR"
        case "LIST" | "ARRAY":
            return inner[0][1] + parsed.text[len(parsed.members[0][1].text) :]
        case "MAP":
            return f"MAP({inner[0][1]}, {inner[1][1]})"
        case "STRUCT":
            return f"STRUCT({', '.join(f'{quote(name)} {type_}' for name, type_ in inner)})"
    return parsed.text


def type_of_iceberg(iceberg: str | Mapping[str, Any]) -> str:
    """DuckDB's name of the type that a file of an Iceberg column holds.

    Raises:
        KeyError: the type is none that this engine reads.
    """
    if isinstance(iceberg, str):
        if iceberg.startswith("decimal"):
            return iceberg.upper().replace(" ", "")
        if iceberg.startswith("fixed"):
            return "BLOB"
        return _OF_ICEBERG[iceberg]
    match iceberg["type"]:
        case "list":
            return f"{type_of_iceberg(iceberg['element'])}[]"
        case "map":
            return f"MAP({type_of_iceberg(iceberg['key'])}, {type_of_iceberg(iceberg['value'])})"
    fields = (f"{quote(field['name'])} {type_of_iceberg(field['type'])}" for field in iceberg["fields"])
    return f"STRUCT({', '.join(fields)})"


def check_readable(table: TableName, schema: Mapping[str, Any]) -> None:
    """Refuse a table with a column that this engine cannot read.

    Raises:
        LakeError: a column's type has no counterpart, such as `variant`.
    """
    for field in schema["fields"]:
        try:
            type_of_iceberg(field["type"])
        except KeyError as error:
            reason = f"column `{field['name']}` of `{table}` has the type `{error.args[0]}`, which Floe cannot read"
            raise LakeError(
                "FLOE-0560", reason, "let the engine that wrote it store the column as another type"
            ) from error
