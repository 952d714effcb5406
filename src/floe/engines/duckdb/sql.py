"""Text of SQL: quoting, and the few shapes that are used everywhere."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from floe.artifact.models import Relation


_GLOB_CHARACTERS = re.compile(r"([*?\[])")


def quote(name: str) -> str:
    """An identifier, quoted."""
    escaped = name.replace('"', '""')
    return f'"{escaped}"'


def literal(value: str | float | bool) -> str:
    """A string, number or boolean as a SQL literal."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    escaped = value.replace("'", "''")
    return f"'{escaped}'"


def literal_list(values: Iterable[str]) -> str:
    """A list of strings as a SQL literal."""
    return f"[{', '.join(literal(value) for value in values)}]"


def path_list(paths: Iterable[str]) -> str:
    """Paths as a SQL literal for readers of files, in which none is a pattern."""
    return literal_list(_GLOB_CHARACTERS.sub(r"[\1]", path) for path in paths)


def relation_name(relation: Relation) -> str:
    """The full name of a relation in a session, as dbt renders it."""
    return ".".join(quote(name) for name in (relation.database, relation.schema_name, relation.identifier))


def beside(relation: Relation, identifier: str) -> str:
    """The full name of another relation in the same schema."""
    return ".".join(quote(name) for name in (relation.database, relation.schema_name, identifier))


def subquery(query: str) -> str:
    """The query in parentheses. Its first line stays the first line, so that line numbers of errors hold."""
    return f"({query.rstrip().rstrip(';')}\n)"
