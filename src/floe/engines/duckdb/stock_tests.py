"""Recognises dbt's own generic tests by their rendered SQL (dbt-adapters, `macros/generic_test_sql`).

The text decides, not the name: a project's own `not_null`, or a `where`, is not recognised.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from floe.artifact.models import Test

Kind = Literal["not_null", "unique", "accepted_values", "relationships"]

_NAME = r'[A-Za-z_]\w*|"(?:[^"]|"")+"'
_RELATION = r'"(?:[^"]|"")+"\."(?:[^"]|"")+"\."(?:[^"]|"")+"'
_VALUE = r"'(?:[^']|'')*'|-?\d+(?:\.\d+)?|(?i:true|false|null)"
_PARTS = {
    "<column>": f"(?P<column>{_NAME})",
    "<same>": "(?P=column)",
    "<model>": f"(?P<model>{_RELATION})",
    "<to>": f"(?P<to>{_RELATION})",
    "<field>": f"(?P<field>{_NAME})",
    "<values>": rf"(?P<values>(?:{_VALUE})(?:\s*,\s*(?:{_VALUE}))*)",
}
_STOCK: dict[Kind, str] = {
    "not_null": "select <column> from <model> where <same> is null",
    "unique": (
        "select <column> as unique_field, count(*) as n_records from <model> where <same> is not null "
        "group by <same> having count(*) > 1"
    ),
    "accepted_values": (
        "with all_values as ( select <column> as value_field, count(*) as n_records from <model> group by <same> ) "
        "select * from all_values where value_field not in ( <values> )"
    ),
    "relationships": (
        "with child as ( select <column> as from_field from <model> where <same> is not null ), "
        "parent as ( select <field> as to_field from <to> ) "
        "select from_field from child left join parent on child.from_field = parent.to_field "
        "where parent.to_field is null"
    ),
}
_NAMES_INSIDE = {"unique_field", "n_records", "value_field", "from_field", "to_field"}
"""Columns of these names could mean something else in the macros' SQL."""
_NO_COLUMNS = {
    "current_catalog",
    "current_date",
    "current_role",
    "current_schema",
    "current_time",
    "current_timestamp",
    "current_user",
    "localtime",
    "localtimestamp",
    "rowid",
    "session_user",
    "user",
}
"""Unquoted, these are values of DuckDB's, even where a column has the name."""
_COMPARED = re.compile(r"\s*(!=|<>|>=|>)\s*(\d+)\s*")


def _pattern(stock: str) -> re.Pattern[str]:
    return re.compile(r"\s+".join(_PARTS.get(word) or re.escape(word) for word in stock.split()))


_PATTERNS = {kind: _pattern(stock) for kind, stock in _STOCK.items()}


@dataclass(frozen=True)
class StockTest:
    """One of dbt's own tests. Names and values are as the SQL spells them."""

    id: str
    kind: Kind
    model: str
    """The tested relation, with its database and schema."""
    column: str
    values: str = ""
    """The list of `accepted_values`."""
    to: str = ""
    """The relation of a `relationships` test that holds the keys, and the column in it."""
    field: str = ""


def stock_test(test: Test) -> StockTest | None:
    """What the test is, if it is one of dbt's own and finding no rows means that it passes; else None."""
    kind = next((kind for kind in _PATTERNS if kind == test.type), None)
    if kind is None or not _passes_without_rows(test):
        return None
    found = _PATTERNS[kind].fullmatch(test.sql.strip())
    if found is None:
        return None
    parts = found.groupdict()
    names = [parts["column"], *([parts["field"]] if "field" in parts else [])]
    if any(plain_name(name) in _NAMES_INSIDE or name.lower() in _NO_COLUMNS for name in names):
        return None
    return StockTest(
        test.id,
        kind,
        parts["model"],
        parts["column"],
        values=parts.get("values", ""),
        to=parts.get("to", ""),
        field=parts.get("field", ""),
    )


def plain_name(name: str) -> str:
    """The name as DuckDB compares it: without quotes, in lower case."""
    return (name[1:-1].replace('""', '"') if name.startswith('"') else name).lower()


def _passes_without_rows(test: Test) -> bool:
    """Whether the test passes when its SQL finds nothing, and has nothing else to do."""
    if test.rendering != "compiled" or test.store_failures or test.fail_calc != "count(*)":
        return False
    return not (_holds_for_zero(test.warn_if) or _holds_for_zero(test.error_if))


def _holds_for_zero(condition: str) -> bool:
    """Whether `0 <condition>` is true; what is not understood counts as true."""
    found = _COMPARED.fullmatch(condition)
    if found is None:
        return True
    operator, number = found.group(1), int(found.group(2))
    return number != 0 if operator in ("!=", "<>") else operator == ">=" and number == 0
