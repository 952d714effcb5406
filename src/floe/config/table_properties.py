"""Iceberg table properties that a layer may give its tables, and those that belong to Floe or to the format."""

from __future__ import annotations

from typing import Any

from floe.config.fields import Problem

REFUSED = "FLOE-0138"
"""Code of a property that a layer cannot set."""
_OWN_SETTINGS = {
    "history.expire.max-snapshot-age-ms": "set `retention_days` of the layer",
    "history.expire.min-snapshots-to-keep": "set `keep_snapshots` of the layer",
}
_OF_THE_FORMAT = (
    *("format-version", "uuid", "snapshot-count", "current-schema", "default-partition-spec", "default-sort-order"),
    *("current-snapshot-id", "current-snapshot-summary", "current-snapshot-timestamp-ms"),
)
"""https://iceberg.apache.org/docs/latest/configuration/#reserved-table-properties"""
_OF_FLOE = "floe."


def property_problems(properties: dict[Any, Any]) -> list[Problem]:
    """What is wrong with the table properties of a layer."""
    return [problem for name, value in properties.items() for problem in _problems(str(name), value)]


def _problems(name: str, value: Any) -> list[Problem]:  # noqa: ANN401 - the file's value, not yet checked
    if name in _OWN_SETTINGS:
        message, label = f"`{name}` has a field of its own", _OWN_SETTINGS[name]
    elif name in _OF_THE_FORMAT:
        message, label = f"`{name}` is reserved by Iceberg", "leave it out"
    elif name.startswith(_OF_FLOE):
        message, label = f"`{name}` belongs to Floe, which keeps its own notes there", "choose another name"
    elif not isinstance(value, (str, int, float)):
        message = f"`{name}` must be a text, a number, or `true` or `false`"
        return [Problem(message, (name,), label="expected one value", code="FLOE-0106")]
    else:
        return []
    return [Problem(message, (name,), label=label, on_key=True, code=REFUSED)]


def as_text(value: str | float) -> str:
    """A value as Iceberg keeps it: properties are texts."""
    return str(value).lower() if isinstance(value, bool) else str(value)
