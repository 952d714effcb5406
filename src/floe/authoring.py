"""How users declare Python assets: a decorator that leaves their function a plain function."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, overload

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Function = TypeVar("Function", bound="Callable[..., Any]")

MARKER = "__floe_asset__"
"""Attribute of a decorated function that holds its `AssetDeclaration`."""


@dataclass(frozen=True)
class AssetDeclaration:
    """What the decorator was told. `name` and `layer` are None where they follow from the function and its file."""

    name: str | None = None
    layer: str | None = None
    deps: tuple[str, ...] = ()
    description: str = ""
    tags: tuple[str, ...] = ()
    partition_by: tuple[str, ...] | None = None
    sort_by: tuple[str, ...] | None = None
    target_file_size: int | str | None = None


@overload
def asset(function: Function, /) -> Function: ...


@overload
def asset(
    *,
    name: str | None = None,
    layer: str | None = None,
    deps: Sequence[str] = (),
    description: str = "",
    tags: Sequence[str] = (),
    partition_by: str | Sequence[str] | None = None,
    sort_by: str | Sequence[str] | None = None,
    target_file_size: int | str | None = None,
) -> Callable[[Function], Function]: ...


def asset(  # noqa: PLR0913 - each is a setting that users name
    function: Function | None = None,
    /,
    *,
    name: str | None = None,
    layer: str | None = None,
    deps: Sequence[str] = (),
    description: str = "",
    tags: Sequence[str] = (),
    partition_by: str | Sequence[str] | None = None,
    sort_by: str | Sequence[str] | None = None,
    target_file_size: int | str | None = None,
) -> Function | Callable[[Function], Function]:
    """Make a table of what a function returns; use it as `@asset` or `@asset(layer="gold")`.

    A parameter is the asset of that name, passed as a DuckDB relation. `deps` names assets by name or key: which one of
    several of a name a parameter means (`silver.matches`), or what has to be built before without being passed. The
    function returns a DuckDB relation, a PyArrow table or record batch reader, or a pandas or polars frame. It stays
    callable as it is, for tests.

    Args:
        function: The function, when the decorator is used without parentheses.
        name: Name of the table; the function's name if None.
        layer: Layer of the table; the folder of the file that is named like a layer if None.
        deps: Keys or names of assets that the function reads.
        description: What the table holds; the function's docstring if empty.
        tags: Tags, for selections.
        partition_by: How the table is partitioned, e.g. `"month(day)"` or `["country", "bucket(16, id)"]`.
        sort_by: Order of the rows in each file, e.g. `"day desc"`.
        target_file_size: Size of a file, in bytes or as in `"128MB"`.
    """
    declaration = AssetDeclaration(
        name,
        layer,
        tuple(deps),
        description,
        tuple(tags),
        _texts(partition_by),
        _texts(sort_by),
        target_file_size,
    )

    def declare(decorated: Function) -> Function:
        setattr(decorated, MARKER, declaration)
        return decorated

    return declare if function is None else declare(function)


def _texts(value: str | Sequence[str] | None) -> tuple[str, ...] | None:
    if value is None:
        return None
    return (value,) if isinstance(value, str) else tuple(value)
