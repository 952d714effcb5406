"""Settings as YAML that people read: each value, and behind it where it comes from."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

import yaml

from floe.config.document import dotted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from floe.config.document import Path
    from floe.config.origins import Origin, Shown

FIRST_COLUMN_OF_ORIGINS = 44
"""Where origins begin at the latest, unless a line is longer: the rest of 80 columns is theirs."""
_FLOW = 60
"""Characters up to which a list, or a reference to a secret, is written on one line."""


class Line(NamedTuple):
    """A line of YAML, and the value whose origin belongs behind it."""

    text: str
    path: Path | None = None


def yaml_lines(shown: Shown, *, paint: Callable[[str], str], origins: bool) -> list[str]:
    """Lay settings out as YAML.

    Args:
        shown: The settings.
        paint: Colours comments.
        origins: Whether to say where each value comes from.
    """
    lines = list(_block(shown.value, (), ""))
    if not origins:
        return [line.text for line in lines]
    column = min(max((len(line.text) for line in lines), default=0) + 2, FIRST_COLUMN_OF_ORIGINS)
    return [_with_origin(line, column, shown, paint) for line in lines]


def _with_origin(line: Line, column: int, shown: Shown, paint: Callable[[str], str]) -> str:
    if line.path is None:
        return line.text
    origin = shown.origins.get(line.path)
    if origin is None:  # a value on one line that holds others: they stand together
        origin = next(found for path, found in shown.origins.items() if path[: len(line.path)] == line.path)
    return f"{line.text.ljust(column - 2)}  {paint(f'# {said(origin)}')}"


def said(origin: Origin) -> str:
    """Where a value comes from, in a few words."""
    if origin.option:
        return f"command line: {origin.option}"
    if not origin.file:
        return "default"
    if origin.is_built_in:
        return "built-in platform"
    place = f"{origin.file}:{origin.line}"
    variables = "".join(f", variable {name}" for name in origin.variables)
    return place + variables + "".join(f", {name} is not set" for name in origin.unset)


def origin_fields(shown: Shown) -> dict[str, dict[str, Any]]:
    """The origins by dotted path, for `--json`."""
    return {dotted(path): _fields(origin) for path, origin in shown.origins.items()}


def _fields(origin: Origin) -> dict[str, Any]:
    if origin.option:
        return {"from": "command line", "option": origin.option}
    if not origin.file:
        return {"from": "default"}
    if origin.is_built_in:
        return {"from": "built-in platform"}
    place = {"from": "file", "file": origin.file, "line": origin.line, "column": origin.column}
    variables = {"variables": list(origin.variables)} if origin.variables else {}
    return {**place, **variables, **({"unset_variables": list(origin.unset)} if origin.unset else {})}


def _block(value: dict[str, Any], path: Path, indent: str) -> Iterator[Line]:
    for key, part in value.items():
        yield from _entry(f"{indent}{_scalar(key)}:", part, (*path, key), indent)


def _entry(head: str, value: Any, path: Path, indent: str) -> Iterator[Line]:  # noqa: ANN401 - a value of YAML
    if isinstance(value, dict) and value and not _is_reference(value):
        yield Line(head)
        yield from _block(value, path, f"{indent}  ")
    elif isinstance(value, list) and not _fits(value):
        yield Line(head)
        for index, item in enumerate(value):
            yield from _item(item, (*path, index), f"{indent}  ")
    else:
        yield Line(f"{head} {_flow(value)}", path)


def _item(value: Any, path: Path, indent: str) -> Iterator[Line]:  # noqa: ANN401 - a value of YAML
    if not isinstance(value, dict) or not value:
        yield Line(f"{indent}- {_flow(value)}", path)
        return
    first, *rest = _block(value, path, f"{indent}  ")
    yield Line(f"{indent}- {first.text.lstrip()}", first.path)
    yield from rest


def _is_reference(value: dict[str, Any]) -> bool:
    return "secret_ref" in value


def _fits(value: list[Any]) -> bool:
    return not any(isinstance(item, (dict, list)) for item in value) and len(_flow(value)) <= _FLOW


def _flow(value: Any) -> str:  # noqa: ANN401 - a value of YAML
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_scalar(key)}: {_flow(part)}" for key, part in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return _scalar(value)


def _scalar(value: Any) -> str:  # noqa: ANN401 - a value of YAML
    """A value on one line that reads back as it is, also inside brackets."""
    if not isinstance(value, str):
        return json.dumps(value)
    if "\n" in value or not value.isprintable():
        return json.dumps(value)
    text: str = yaml.safe_dump([value], default_flow_style=True, width=10**9, allow_unicode=True)
    return text.strip()[1:-1]
