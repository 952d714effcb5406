"""The events of a YAML file, in which an alias (`*name`) can be replaced by what its anchor (`&name`) names."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

from floe.config.document import Region

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_EXPANDED = 20_000
"""Events that aliases may add to a file in all; a file of that size by itself has some 10,000 lines."""
MAX_CHAIN = 40
"""Aliases that may lead from one to the next."""

Event = Any
"""One of PyYAML's events, which have no types."""


class ExpansionError(Exception):
    """Aliases make more of a file than anybody wants; `region` is the alias with which it begins."""

    def __init__(self, region: Region) -> None:
        super().__init__()
        self.region = region


class Alias(yaml.AliasEvent):
    """An alias, with the events of what it names: None where nothing above has that anchor."""

    def __init__(self, event: Event, target: tuple[Event, ...] | None, *, is_inside: bool) -> None:
        super().__init__(event.anchor, event.start_mark, event.end_mark)
        self.target = target
        self.is_inside = is_inside
        """Whether the alias is a part of what it names."""


@dataclass
class _Recording:
    name: str
    events: list[Event]
    depth: int = 1


@dataclass
class _Replay:
    region: Region
    events: Iterator[Event]


@dataclass
class Events:
    """Reads events one after the other, remembers those of anchored values, and gives them again for aliases."""

    loader: Any
    anchors: dict[str, tuple[Event, ...]] = field(default_factory=dict)
    _recordings: list[_Recording] = field(default_factory=list)
    _replays: list[_Replay] = field(default_factory=list)
    _expanded: int = 0

    def next(self) -> Event:
        """Return the next event: of the value that is replayed, else of the file.

        Raises:
            YAMLError: the file is not YAML.
            ExpansionError: aliases have given too many events.
        """
        if not self._replays:
            return self._of_file()
        self._expanded += 1
        if self._expanded > MAX_EXPANDED:
            raise ExpansionError(self._replays[0].region)
        return next(self._replays[-1].events)

    def next_or_none(self) -> Event | None:
        """Return the next event of what is replayed, or None at its end."""
        try:
            return self.next()
        except StopIteration:
            return None

    @property
    def is_replaying(self) -> bool:
        """Tell whether the next event comes from an alias."""
        return bool(self._replays)

    def begin(self, events: tuple[Event, ...], region: Region) -> None:
        """Give these events next; `region` is the alias that stands for them.

        Raises:
            ExpansionError: too many aliases lead from one to the next.
        """
        self._replays.append(_Replay(region, iter(events)))
        if len(self._replays) > MAX_CHAIN:
            raise ExpansionError(self._replays[0].region)

    def end(self) -> None:
        """Go on after the alias."""
        self._replays.pop()

    def whole(self, event: Event) -> tuple[Event, ...]:
        """Return all events of the value that `event` begins."""
        events = [event]
        depth = _step(event)
        while depth:
            events.append(self.next())
            depth += _step(events[-1])
        return tuple(events)

    def _of_file(self) -> Event:
        event = self.loader.get_event()
        if isinstance(event, yaml.AliasEvent):
            event = self._resolved(event)
        if self._recordings:
            self._record(event)
        if isinstance(event, (yaml.ScalarEvent, yaml.CollectionStartEvent)) and event.anchor is not None:
            self._remember(event, event.anchor)
        return event

    def _resolved(self, event: Event) -> Alias:
        inside = any(recording.name == event.anchor for recording in self._recordings)
        return Alias(event, None if inside else self.anchors.get(event.anchor), is_inside=inside)

    def _remember(self, event: Event, name: str) -> None:
        if isinstance(event, yaml.ScalarEvent):
            self.anchors[name] = (event,)
        else:
            self._recordings.append(_Recording(name, [event]))

    def _record(self, event: Event) -> None:
        step = _step(event)
        for recording in self._recordings:
            recording.events.append(event)
            recording.depth += step
        if self._recordings[-1].depth == 0:
            done = self._recordings.pop()
            self.anchors[done.name] = tuple(done.events)


def _step(event: Event) -> int:
    """By how much an event changes the depth."""
    if isinstance(event, yaml.CollectionStartEvent):
        return 1
    return -1 if isinstance(event, yaml.CollectionEndEvent) else 0


def region_of(event: Event) -> Region:
    """Return where an event stands in the file."""
    start, end = event.start_mark, event.end_mark
    return Region(start.line, start.column, end.line, end.column)
