"""A YAML file as it was read: its value, and where every key and value of it stands."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from floe.diagnostics.span import Span

if TYPE_CHECKING:
    from collections.abc import Sequence

Path = tuple[str | int, ...]
"""Where a value is: keys and list positions from the top, e.g. `("transforms", 0, "path")`."""


SHOWN = 60
"""Characters of a value that a message quotes."""


class Region(NamedTuple):
    """Where a key or value begins and ends; lines and columns count from 0, as YAML readers do."""

    line: int
    column: int
    end_line: int
    end_column: int


class Scalar(NamedTuple):
    """A text, number, boolean or nothing as it is written in the file."""

    text: str
    region: Region


def dotted(path: Path) -> str:
    """Return a path as users write it, e.g. `transforms[0].path`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}"
    return text.removeprefix(".")


def short(text: str) -> str:
    """Return a text as a message quotes it: cut where it would fill the screen."""
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 3]}..."


class Use(NamedTuple):
    """Where an alias uses what is written elsewhere; `merged` where it is by the merge key `<<`."""

    region: Region
    merged: bool


@dataclass(frozen=True)
class Positions:
    """Finds the span of anything in a file by its path; lines that hold credentials are masked.

    What a file takes over from the one that it extends stands in that file: `owners` says in which.
    What an alias brings is found where it is written; `uses` says where it is used, by the path that it has there.
    """

    file: str
    lines: Sequence[str] = ()
    keys: dict[Path, Region] = field(default_factory=dict)
    values: dict[Path, Region] = field(default_factory=dict)
    owners: dict[Path, Positions] = field(default_factory=dict)
    uses: dict[Path, Use] = field(default_factory=dict)

    def owner(self, *path: str | int) -> Positions:
        """Return the file in which a value stands; of what is in none (a default), that of the nearest that is."""
        return self.owners.get(self._nearest(path), self)

    def others(self, *path: str | int) -> list[Span]:
        """Return where else the parts of a mapping stand: its key in each other file that adds to it."""
        files = {id(owner): owner for place, owner in self.owners.items() if place[: len(path)] == path}
        return [owner.key_span(*path) for owner in files.values()]

    def span(self, *path: str | int) -> Span:
        """Return the span of a value: of a scalar itself, of the key of a list or mapping.

        What is not in the file (a default) is shown at the nearest that is.
        """
        path = self._nearest(path)
        if path in self.owners:
            return self.owners[path].span(*path)
        if not path:
            return self._span(self._first())
        region = self.values[path]
        inner = self._first_inner.get(path)
        if inner or region.end_line > region.line or region[:2] == region[2:]:
            return self.key_span(*path) if path in self.keys else self._used(path, inner or region)
        return self._used(path, region)

    def key_span(self, *path: str | int) -> Span:
        """Return the span of a key, or of the value where it has none (an entry of a list)."""
        if path in self.owners:
            return self.owners[path].key_span(*path)
        if path not in self.keys:
            return self.span(*path)
        use = self.uses.get(path)
        return self._span(self.keys[path]) if use and not use.merged else self._used(path, self.keys[path])

    def region_span(self, region: Region) -> Span:
        """Return the span of a region; one of several lines ends with its first."""
        return self._span(region)

    def _nearest(self, path: Path) -> Path:
        while path and path not in self.values and path not in self.owners:
            path = path[:-1]
        return path

    @cached_property
    def _first_inner(self) -> dict[Path, Region]:
        """The first key inside of each value that has keys."""
        first: dict[Path, Region] = {}
        for place, region in self.keys.items():
            for length in range(len(place)):
                first[place[:length]] = min(region, first.get(place[:length], region))
        return first

    def _first(self) -> Region:
        return self._first_inner.get((), min(self.values.values(), default=Region(0, 0, 0, 0)))

    def _used(self, path: Path, region: Region) -> Span:
        span = self._span(region)
        for length in range(1, len(path) + 1 if self.uses else 0):
            use = self.uses.get(path[:length])
            if use is not None:
                return replace(span, used_at=self._span(use.region))
        return span

    def _span(self, region: Region) -> Span:
        text = self.lines[region.line] if region.line < len(self.lines) else ""
        end = region.end_column if region.end_line == region.line else len(text.rstrip())
        return Span(self.file, region.line + 1, region.column + 1, max(end, region.column) + 1, text)


@dataclass(frozen=True)
class Document:
    """A file's value with its positions; `reported` are the paths whose value has had its diagnostic.

    `files` are those that it is merged from, nearest first, where it extends others.
    """

    positions: Positions
    value: dict[str, Any]
    scalars: dict[Path, Scalar] = field(default_factory=dict)
    reported: frozenset[Path] = frozenset()
    files: tuple[Document, ...] = ()

    def at(self, *path: str | int) -> Any:  # noqa: ANN401 - whatever the file holds there
        """Return the value at a path, or None where there is none."""
        value: Any = self.value
        for step in path:
            try:
                value = value[step]
            except (LookupError, TypeError):
                return None
        return value

    def mapping(self, *path: str | int) -> dict[str, Any]:
        """Return the mapping at a path; empty where there is something else."""
        value = self.at(*path)
        return value if isinstance(value, dict) else {}

    def text(self, *path: str | int) -> str | None:
        """Return the text at a path; None where there is something else, or something reported before."""
        value = self.at(*path)
        return value if isinstance(value, str) and path not in self.reported else None

    def texts(self, *path: str | int) -> dict[Path, str]:
        """Return the texts of a list, or of one text in place of a list, by their own paths."""
        value = self.at(*path)
        if not isinstance(value, list):
            value, paths = [value], [path]
        else:
            paths = [(*path, index) for index in range(len(value))]
        return {place: text for place in paths if (text := self.text(*place)) is not None}
