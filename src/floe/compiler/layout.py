"""Settings of a table's files, `partition_by`, `sort_by` and `target_file_size`, as the artifact's layout."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeVar, get_args

from floe.artifact.layout import Layout, PartitionTerm, SortTerm, Transform
from floe.diagnostics.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Term = TypeVar("Term")

SETTINGS = ("partition_by", "sort_by", "target_file_size")
_TRANSFORMS: tuple[str, ...] = get_args(Transform)
_WITH_PARAMETER = {"bucket": "buckets", "truncate": "width"}
_COLUMN = r'(?P<column>"(?:[^"]|"")+"|[A-Za-z_]\w*)'
_CALL = re.compile(rf"\s*(?P<transform>\w+)\s*\(\s*(?:(?P<parameter>\w+)\s*,\s*)?{_COLUMN}\s*\)\s*")
_PLAIN = re.compile(rf"\s*{_COLUMN}\s*")
_SORT = re.compile(
    rf"\s*{_COLUMN}(?:\s+(?P<direction>asc|desc))?(?:\s+nulls\s+(?P<nulls>first|last))?\s*", re.IGNORECASE
)
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([a-zA-Z]*)\s*")
_UNITS = {"": 1, "B": 1, **{f"{prefix}B": 1000**power for power, prefix in enumerate("KMGT", 1)}}
_UNITS |= {f"{prefix}IB": 1024**power for power, prefix in enumerate("KMGT", 1)}
_HIGHEST_PARAMETER = 2**31 - 1
_PARTITION_EXAMPLE = "write e.g. `day`, `month(day)`, `bucket(16, id)` or `truncate(4, name)`"


class LayoutError(ValueError):
    """A setting cannot be understood; the message says which and why, for users."""


def layout_of(settings: Mapping[str, Any]) -> Layout | None:
    """The layout that settings ask for; None where they have none of `SETTINGS`.

    Raises:
        LayoutError: one of them is not what it must be.
    """
    if all(settings.get(name) is None for name in SETTINGS):
        return None
    size = settings.get("target_file_size")
    return Layout(
        partition_by=_terms(settings, "partition_by", _partition_term),
        sort_by=_terms(settings, "sort_by", _sort_term),
        target_file_size=None if size is None else _size(size),
    )


def _terms(settings: Mapping[str, Any], name: str, read: Callable[[str], Term]) -> tuple[Term, ...] | None:
    value = settings.get(name)
    if value is None:
        return None
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, (list, tuple)) or not all(isinstance(text, str) for text in texts):
        raise LayoutError(f"`{name}` must be a text or a list of texts")
    terms = tuple(read(text) for text in texts)
    if len(set(terms)) != len(terms):
        raise LayoutError(f"`{name}` has the same entry twice")
    return terms


def _partition_term(text: str) -> PartitionTerm:
    plain = _PLAIN.fullmatch(text)
    if plain is not None:
        return PartitionTerm(column=_name(plain["column"]))
    call = _CALL.fullmatch(text)
    if call is None:
        raise LayoutError(f"`partition_by` cannot be `{text}`: {_PARTITION_EXAMPLE}")
    transform: Any = call["transform"].lower()
    if transform not in _TRANSFORMS:
        hint = did_you_mean(transform, _TRANSFORMS) or f"there are {', '.join(f'`{name}`' for name in _TRANSFORMS)}"
        raise LayoutError(f"`partition_by` has an unknown transform `{call['transform']}`: {hint}")
    return PartitionTerm(
        transform=transform, column=_name(call["column"]), parameter=_parameter(transform, call["parameter"], text)
    )


def _parameter(transform: str, written: str | None, text: str) -> int:
    what = _WITH_PARAMETER.get(transform)
    if what is None:
        if written is not None:
            raise LayoutError(f"`partition_by` has `{text}`: `{transform}` takes a column only")
        return 0
    if written is None or not written.isdecimal() or not 0 < int(written) <= _HIGHEST_PARAMETER:
        hint = f"`{transform}` takes the {'number of buckets' if what == 'buckets' else what} and a column"
        raise LayoutError(f"`partition_by` has `{text}`: {hint}, e.g. `{transform}(16, id)`")
    return int(written)


def _sort_term(text: str) -> SortTerm:
    found = _SORT.fullmatch(text)
    if found is None:
        words = text.split()
        hint = next((did_you_mean(word, ("asc", "desc", "nulls", "first", "last")) for word in words[1:]), "")
        raise LayoutError(f"`sort_by` cannot be `{text}`: {hint or 'write e.g. `day`, `day desc` or `day nulls last`'}")
    direction: Any = (found["direction"] or "asc").lower()
    # As Iceberg has it where nothing is said.
    nulls: Any = (found["nulls"] or ("first" if direction == "asc" else "last")).lower()
    return SortTerm(column=_name(found["column"]), direction=direction, nulls=nulls)


def _name(written: str) -> str:
    return written[1:-1].replace('""', '"') if written.startswith('"') else written


def _size(value: object) -> int:
    match = _SIZE.fullmatch(str(value)) if isinstance(value, (str, int)) and not isinstance(value, bool) else None
    unit = match[2].upper() if match is not None else ""
    if match is None or unit not in _UNITS:
        hint = did_you_mean(unit, _UNITS) if unit else ""
        raise LayoutError(f"`target_file_size` cannot be `{value}`: {hint or 'write bytes, or a size such as `128MB`'}")
    size = int(float(match[1]) * _UNITS[unit])
    if size < 1:
        raise LayoutError("`target_file_size` must be at least one byte")
    return size
