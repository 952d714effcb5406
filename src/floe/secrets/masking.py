"""Keeps the values of secrets out of text that others wrote, such as a driver's error message."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

STARS = "*****"
_SHORTEST = 4
"""Values that are shorter would be found in every other word, and are no secrets."""


@dataclass(frozen=True)
class Masker:
    """Puts stars in place of secrets."""

    _values: tuple[str, ...] = field(default=(), repr=False)

    @classmethod
    def of(cls, values: Iterable[str]) -> Masker:
        """A masker of these values, and of each line of those that have several (private keys)."""
        parts = {part for value in values for part in (value, *value.splitlines()) if len(part) >= _SHORTEST}
        return cls(tuple(sorted(parts, key=len, reverse=True)))

    def mask(self, text: str) -> str:
        """The text with stars."""
        for value in self._values:
            text = text.replace(value, STARS)
        return text
