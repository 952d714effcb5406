"""Did you mean: the nearest of the names that exist."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

SIMILARITY = 0.6
"""Ratio below which a suggestion confuses more than it helps (difflib's own default)."""
SIMILARITY_OF_OTHERS = 0.75
"""The same for names that begin with another letter: slips of the fingers seldom are in the first one."""


def closest(name: str, candidates: Iterable[str]) -> str | None:
    """Return the candidate most like `name`, ignoring case, or None where none is near enough."""
    from difflib import get_close_matches  # only a mistake needs it

    by_folded: dict[str, str] = {}
    for candidate in sorted(candidates):
        by_folded.setdefault(candidate.casefold(), candidate)
    folded = name.casefold()
    alike = [candidate for candidate in by_folded if candidate[:1] == folded[:1]]
    matches = get_close_matches(folded, alike, n=1, cutoff=SIMILARITY)
    matches = matches or get_close_matches(folded, by_folded, n=1, cutoff=SIMILARITY_OF_OTHERS)
    return by_folded[matches[0]] if matches else None


def did_you_mean(name: str, candidates: Iterable[str], quote: str = "`") -> str:
    """Return "did you mean `x`?", or an empty text where nothing is near enough."""
    match = closest(name, candidates)
    return f"did you mean {quote}{match}{quote}?" if match is not None else ""
