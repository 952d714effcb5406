"""What DuckDB's plan of a query says of the rows that each scan is asked for.

DuckDB moves the conditions of a query to the scans that they are about, through views, joins and common table
expressions. `json_serialize_plan` shows where they have come to; what is not understood there is no condition.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from floe.engines.duckdb.types import type_of_iceberg
from floe.lake.conditions import UNKNOWN, AllOf, AnyOf, Compared, IsNotNull, IsNull, starting_with
from floe.lake.pruning import decimal_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import duckdb

    from floe.lake.conditions import Condition, Operator

Json = Mapping[str, Any]

_OPERATORS: dict[str, Operator] = {
    "COMPARE_EQUAL": "=",
    "COMPARE_NOT_DISTINCT_FROM": "=",
    "COMPARE_LESSTHAN": "<",
    "COMPARE_LESSTHANOREQUALTO": "<=",
    "COMPARE_GREATERTHAN": ">",
    "COMPARE_GREATERTHANOREQUALTO": ">=",
}
_TURNED: dict[Operator, Operator] = {"=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_WHOLE_NUMBERS = frozenset(
    {"TINYINT", "SMALLINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "HUGEINT", "UHUGEINT"}
)
"""Types that Iceberg lacks, whose values it keeps as `int`, `long` or decimals without places."""
_WHOLE_DECIMAL = re.compile(r"decimal\(\s*\d+\s*,\s*0\s*\)")
_PREFIX_FUNCTIONS = frozenset({"prefix", "starts_with", "^@"})
_ESCAPED_BYTE = re.compile(r"\\x([0-9A-Fa-f]{2})")
_HALF = 64
_SIGN_OF_UUID = 1 << 127


Columns = Mapping[str, tuple[int, str]]
"""Name of a scan's column -> field id and Iceberg type."""


def conditions_of_scans(
    connection: duckdb.DuckDBPyConnection, query: str, marks: Mapping[str, Columns]
) -> dict[str, list[Condition]]:
    """What the rows meet that a query needs, by the marks of the scans that DuckDB plans for it.

    A scan has a mark if it could read a column of that name. There is none where DuckDB cannot plan the query, or knows
    that it needs no row of the scan.

    Args:
        connection: Where the query would be executed.
        query: One statement that only reads.
        marks: Mark -> columns of its scans.

    Raises:
        duckdb.Error: planning was interrupted.
    """
    row = connection.execute("SELECT json_serialize_plan(?, optimize := true)", [query]).fetchone()
    planned = json.loads(row[0]) if row else {"error": True}
    found: dict[str, list[Condition]] = {}
    for plan in () if planned["error"] else planned["plans"]:
        for node, above in _scans(plan, ()):
            for mark in marks.keys() & node.get("names", ()):
                found.setdefault(mark, []).append(_Scan(node, marks[mark]).condition(above))
    return found


def _scans(node: Json, above: Sequence[Json]) -> Iterator[tuple[Json, Sequence[Json]]]:
    """Scans with the filters and projections right above them, the nearest first."""
    if node["type"] == "LOGICAL_GET":
        yield node, above
    passed = (node, *above) if node["type"] in {"LOGICAL_FILTER", "LOGICAL_PROJECTION"} else ()
    for child in node.get("children", ()):
        yield from _scans(child, passed)


@dataclass(frozen=True)
class _Column:
    field_id: int
    type: str
    shown: str = ""
    """The type of whole numbers as which the query sees it; empty for its own type."""

    @property
    def constants(self) -> str:
        """The type of what it is compared with."""
        return self.shown or type_of_iceberg(self.type).partition("(")[0]


ColumnOf = Callable[[Json], _Column | None]
"""Finds the column that a reference of an expression means."""


@dataclass(frozen=True)
class _Scan:
    node: Json
    columns: Columns

    def condition(self, above: Sequence[Json]) -> Condition:
        names = self.node["names"]
        pushed = (self.node.get("table_filters") or {}).get("filters") or ()
        parts = [self._filter(item["value"], self._column(names[item.get("key", 0)])) for item in pushed]
        column_of: ColumnOf = self._output
        for node in above:
            expressions = node.get("expressions") or ()
            if node["type"] == "LOGICAL_FILTER":
                parts += [self._expression(item, column_of) for item in expressions]
                column_of = _chosen(node.get("projection_map") or (), column_of)
            else:
                column_of = _projected(expressions, column_of)
        return AllOf(tuple(parts))

    def _column(self, name: str) -> _Column | None:
        known = self.columns.get(name)
        return None if known is None else _Column(*known)

    def _output(self, reference: Json) -> _Column | None:
        """The column that an expression above the scan refers to."""
        indexes = [item.get("index", 0) for item in self.node.get("column_indexes") or ()]
        shown = self.node.get("projection_ids") or range(len(indexes))
        column = self._column(self.node["names"][indexes[shown[reference.get("index", 0)]]])
        return column if column and column.constants == reference["return_type"]["id"] else None

    def _filter(self, item: Json, column: _Column | None) -> Condition:
        """A filter that DuckDB gave to the scan; it is about one column."""
        if column is None:
            return UNKNOWN
        found: Condition = UNKNOWN
        match item["filter_type"]:
            case "CONJUNCTION_AND":
                found = AllOf(tuple(self._filter(part, column) for part in item["child_filters"]))
            case "CONJUNCTION_OR":
                found = AnyOf(tuple(self._filter(part, column) for part in item["child_filters"]))
            case "OPTIONAL_FILTER" if item.get("child_filter"):
                found = self._filter(item["child_filter"], column)
            case "CONSTANT_COMPARISON":
                found = _compared(column, _OPERATORS.get(item["comparison_type"]), item["constant"])
            case "IN_FILTER":
                found = AnyOf(tuple(_compared(column, "=", value) for value in item["values"]))
            case "EXPRESSION_FILTER":
                found = self._expression(item["expr"], lambda _: column)
        return found

    def _expression(self, item: Json, column_of: ColumnOf) -> Condition:
        parts: Sequence[Json] = item.get("children") or ()
        match item["expression_class"], item["type"]:
            case "BOUND_CONJUNCTION", "CONJUNCTION_AND":
                return AllOf(tuple(self._expression(part, column_of) for part in parts))
            case "BOUND_CONJUNCTION", "CONJUNCTION_OR":
                return AnyOf(tuple(self._expression(part, column_of) for part in parts))
            case "BOUND_COMPARISON", name:
                return _comparison(item["left"], _OPERATORS.get(name), item["right"], column_of)
            case "BOUND_OPERATOR", name if column := _referred(parts[0], column_of):
                return _operator(name, column, parts[1:])
            case "BOUND_FUNCTION", _ if item["name"] in _PREFIX_FUNCTIONS:
                return _prefix(parts, column_of)
        return UNKNOWN


def _chosen(places: Sequence[int], below: ColumnOf) -> ColumnOf:
    """The columns that a filter passes on: some of those below it, or all."""
    return (lambda item: below({**item, "index": places[item.get("index", 0)]})) if places else below


def _projected(expressions: Sequence[Json], below: ColumnOf) -> ColumnOf:
    """The columns of a projection that are columns below it, under whatever name."""
    return lambda item: _referred(expressions[item.get("index", 0)], below)


def _referred(item: Json, column_of: ColumnOf) -> _Column | None:
    if item["expression_class"] != "BOUND_CAST":
        return column_of(item) if item["expression_class"] == "BOUND_REF" else None
    # A view casts whole numbers back to a type that Iceberg lacks, which changes none of them.
    column, shown = _referred(item["child"], column_of), item["return_type"]["id"]
    exact = column is not None and not column.shown and shown in _WHOLE_NUMBERS and _is_whole(column.type)
    return replace(column, shown=shown) if column is not None and exact else None


def _is_whole(type_: str) -> bool:
    return type_ in {"int", "long"} or _WHOLE_DECIMAL.fullmatch(type_) is not None


def _constant(item: Json) -> Json | None:
    value: Json | None = item.get("value") if item["expression_class"] == "BOUND_CONSTANT" else None
    return value


def _comparison(left: Json, operator: Operator | None, right: Json, column_of: ColumnOf) -> Condition:
    if operator is not None and left["expression_class"] == "BOUND_CONSTANT":
        left, operator, right = right, _TURNED[operator], left
    column, constant = _referred(left, column_of), _constant(right)
    return UNKNOWN if column is None or constant is None else _compared(column, operator, constant)


def _operator(name: str, column: _Column, rest: Sequence[Json]) -> Condition:
    if name == "OPERATOR_IS_NULL":
        return IsNull(column.field_id)
    if name == "OPERATOR_IS_NOT_NULL":
        return IsNotNull(column.field_id)
    constants = [_constant(item) for item in rest]
    if name != "COMPARE_IN" or any(item is None for item in constants):
        return UNKNOWN
    return AnyOf(tuple(_compared(column, "=", item) for item in constants if item is not None))


def _prefix(parts: Sequence[Json], column_of: ColumnOf) -> Condition:
    column, constant = _referred(parts[0], column_of), _constant(parts[1])
    prefix = None if column is None or constant is None else _value(column, constant)
    return UNKNOWN if column is None or not isinstance(prefix, str) else starting_with(column.field_id, prefix)


def _compared(column: _Column, operator: Operator | None, constant: Json) -> Condition:
    value = _value(column, constant)
    return UNKNOWN if operator is None or value is None else Compared(column.field_id, operator, value)


def _value(column: _Column, constant: Json) -> Any | None:  # noqa: ANN401
    """A constant as partitions hold values of the column's type; None where it is none, or of another type."""
    given: Json = constant["type"]
    value, details = constant.get("value"), given.get("type_info") or {}
    if constant.get("is_null") or given["id"] != column.constants:
        return None
    if column.shown:
        return decimal_of(_integer(value), 0) if column.type.startswith("decimal") else _integer(value)
    if given["id"] == "DECIMAL":
        scale = int(column.type.rpartition(",")[2].rstrip(")"))
        return decimal_of(_integer(value), scale) if details.get("scale", 0) == scale else None
    if details:
        return None  # a collation, or what else there may be
    convert = _CONVERSIONS.get(given["id"])
    return convert(value) if convert else value


def _integer(value: Any) -> int:  # noqa: ANN401
    if isinstance(value, dict):
        return (int(value.get("upper", 0)) << _HALF) | int(value.get("lower", 0))
    return int(value or 0)


def _uuid(value: Any) -> object:  # noqa: ANN401
    from uuid import UUID

    return UUID(int=(_integer(value) ^ -_SIGN_OF_UUID) & (2 * _SIGN_OF_UUID - 1))


def _bytes(text: str) -> bytes:
    return _ESCAPED_BYTE.sub(lambda found: chr(int(found[1], 16)), text).encode("latin-1")


_CONVERSIONS: dict[str, Callable[[Any], object]] = {"UUID": _uuid, "BLOB": _bytes}
