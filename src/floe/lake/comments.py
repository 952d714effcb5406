"""Descriptions of tables and columns, where every reader of Iceberg finds them: `comment` and the fields' `doc`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from floe.lake.metadata import same_schema

if TYPE_CHECKING:
    from collections.abc import Mapping

    from floe.lake.base import StagedTable

COMMENT_PROPERTY = "comment"


def commented(staged: StagedTable, comment: str, columns: Mapping[str, str] | None) -> StagedTable:
    """What is staged, with descriptions.

    Args:
        staged: A table's part of a publish.
        comment: Description of the table; empty to leave the one that it has.
        columns: Descriptions by name of the column, in any case; None to leave those that it has.
    """
    properties = {**staged.properties, COMMENT_PROPERTY: comment} if comment else staged.properties
    schema = staged.schema if columns is None else _with_docs(staged, columns)
    return replace(staged, properties=properties, schema=schema)


def _with_docs(staged: StagedTable, columns: Mapping[str, str]) -> dict[str, Any]:
    docs = {name.casefold(): text for name, text in columns.items() if text}
    fields = []
    for field in staged.schema["fields"]:
        doc = docs.get(field["name"].casefold())
        bare = {key: value for key, value in field.items() if key != "doc"}
        fields.append({**bare, "doc": doc} if doc else bare)
    schema = {**staged.schema, "fields": fields}
    known = staged.base.metadata.get("schemas", ())
    equal = next((item["schema-id"] for item in known if same_schema(item, schema)), None)
    unused = max((item["schema-id"] for item in known), default=-1) + 1
    return {**schema, "schema-id": unused if equal is None else equal}
