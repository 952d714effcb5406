"""How Iceberg tables are written down in Glue, as Iceberg's own libraries and PyIceberg do it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from floe.errors import LakeError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from floe.lake.base import TableName

TABLE_TYPE, METADATA_LOCATION, PREVIOUS_LOCATION = "table_type", "metadata_location", "previous_metadata_location"
_KEPT = ("Owner", "Retention", "PartitionKeys", "Description", "TargetTable")
"""What a table of Glue has besides, and keeps."""
_TYPES = {
    "boolean": "boolean",
    "int": "int",
    "long": "bigint",
    "float": "float",
    "double": "double",
    "date": "date",
    "time": "string",
    "string": "string",
    "uuid": "string",
    "timestamp": "timestamp",
    "timestamptz": "timestamp",
    "binary": "binary",
}
_NAME = re.compile(r"[^A-Z.\x00-\x1f]{1,255}")
_DECIMAL = re.compile(r"decimal\(\s*(\d+)\s*,\s*(\d+)\s*\)")


def check_name(name: TableName) -> None:
    """Refuse names that Glue does not keep as they are.

    Raises:
        LakeError: the namespace has several levels, or a name has capital letters.
    """
    for part, what in ((name.namespace, "namespace"), (name.name, "table")):
        if not _NAME.fullmatch(part):
            why = "levels of namespaces" if "." in part and what == "namespace" else "capital letters or dots in names"
            reason = f"Glue has no {why}, and the {what} is called `{part}`"
            raise LakeError("FLOE-0573", reason, "give the layer, or the asset, a name in small letters without dots")


def is_iceberg(table: Mapping[str, Any]) -> bool:
    """Whether a table of Glue is one of Iceberg."""
    return str(table.get("Parameters", {}).get(TABLE_TYPE, "")).upper() == "ICEBERG"


def location_in(table: Mapping[str, Any]) -> str | None:
    """Where the metadata of an Iceberg table lies; None for a table of another kind."""
    return table.get("Parameters", {}).get(METADATA_LOCATION) if is_iceberg(table) else None


def table_input(
    name: str, metadata: Mapping[str, Any], location: str, previous: str | None, current: Mapping[str, Any] | None
) -> dict[str, Any]:
    """What Glue is told of a table; `current` is what it says of it now, of which everything else stays."""
    parameters = dict((current or {}).get("Parameters", {}))
    parameters |= {TABLE_TYPE: "ICEBERG", METADATA_LOCATION: location}
    parameters.pop(PREVIOUS_LOCATION, None)
    if previous:
        parameters[PREVIOUS_LOCATION] = previous
    comment = metadata.get("properties", {}).get("comment")
    return {
        **{key: current[key] for key in _KEPT if current and current.get(key)},
        **({"Description": comment[:2048]} if comment else {}),
        "Name": name,
        "TableType": "EXTERNAL_TABLE",
        "Parameters": parameters,
        "StorageDescriptor": {"Columns": list(_columns(metadata)), "Location": metadata["location"]},
    }


def _columns(metadata: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The columns of the current schema, then those that only older ones have."""
    current = metadata["current-schema-id"]
    seen: set[str] = set()
    for schema in sorted(metadata["schemas"], key=lambda schema: bool(schema["schema-id"] != current)):
        for column in schema["fields"]:
            if column["name"] in seen:
                continue
            seen.add(column["name"])
            parameters = {
                "iceberg.field.id": str(column["id"]),
                "iceberg.field.optional": str(not column["required"]).lower(),
                "iceberg.field.current": str(schema["schema-id"] == current).lower(),
            }
            comment = {"Comment": column["doc"][:255]} if column.get("doc") else {}
            yield {"Name": column["name"], "Type": _type(column["type"]), "Parameters": parameters, **comment}


def _type(type_: str | Mapping[str, Any]) -> str:
    """A type in Hive's words."""
    if isinstance(type_, str):
        decimal = _DECIMAL.fullmatch(type_)
        if decimal:
            return f"decimal({decimal[1]},{decimal[2]})"
        return "binary" if type_.startswith("fixed") else _TYPES.get(type_, type_)
    if type_["type"] == "struct":
        fields = ",".join(f"{item['name']}:{_type(item['type'])}" for item in type_["fields"])
        return f"struct<{fields}>"
    if type_["type"] == "list":
        return f"array<{_type(type_['element'])}>"
    return f"map<{_type(type_['key'])},{_type(type_['value'])}>"
