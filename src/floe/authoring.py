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
) -> Callable[[Function], Function]: ...


def asset(
    function: Function | None = None,
    /,
    *,
    name: str | None = None,
    layer: str | None = None,
    deps: Sequence[str] = (),
    description: str = "",
    tags: Sequence[str] = (),
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
    """
    declaration = AssetDeclaration(name, layer, tuple(deps), description, tuple(tags))

    def declare(decorated: Function) -> Function:
        setattr(decorated, MARKER, declaration)
        return decorated

    return declare if function is None else declare(function)
