"""`${VAR}` and `${VAR:-default}`: filled in from the environment in platform.yaml, refused elsewhere."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

_REFERENCE = re.compile(r"\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?P<default>:-[^}]*)?\}|\$\{(?P<broken>[^}]*\}?)")


class VariableProblem(NamedTuple):
    """Why a reference could not be filled in."""

    message: str
    label: str


class Expansion(NamedTuple):
    """A text with its references filled in, and what kept others from it."""

    text: str
    problems: tuple[VariableProblem, ...]


def holds_reference(text: str) -> bool:
    """Tell whether a text holds `${`."""
    return "${" in text


def names_in(text: str) -> tuple[str, ...]:
    """Return the variables that a text refers to, in order and once each."""
    return tuple(dict.fromkeys(match["name"] for match in _REFERENCE.finditer(text) if match["name"]))


def expand(text: str, environment: Mapping[str, str]) -> Expansion:
    """Fill in every reference; an empty variable counts as unset where there is a default, as in a shell."""
    problems: list[VariableProblem] = []

    def fill(match: re.Match[str]) -> str:
        name, default = match["name"], match["default"]
        if name is None:
            problems.append(VariableProblem(f"`{match[0]}` is not a variable reference", "write `${NAME}`"))
        elif default is not None:
            return environment.get(name) or default[2:]
        elif name not in environment:
            problems.append(
                VariableProblem(f"environment variable `{name}` is not set", f"set it, or write `${{{name}:-default}}`")
            )
        else:
            return environment[name]
        return match[0]

    return Expansion(_REFERENCE.sub(fill, text), tuple(problems))
