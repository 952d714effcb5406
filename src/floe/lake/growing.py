"""The lists of table metadata that only grow, kept as the text that was read until somebody asks what is in them.

A table that is published every hour keeps 700 snapshots, and a publish adds one to them. Parsing them all and writing
them all anew took four fifths of its time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self, overload

from pydantic_core import from_json, to_json

from floe.lake.faults import unreadable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Json = dict[str, Any]


class GrowingList(Sequence[Json]):
    """Objects of a JSON array: those of `text`, one on each line with commas between, and those added since.

    The text is compact JSON from the file `location`, as `floe.lake.metadata_files` writes it. Nothing of it is checked
    before it is asked for.

    Raises:
        LakeError: where something is asked for that is not JSON.
    """

    def __init__(self, text: bytes = b"", location: str = "", added: Iterable[Json] = ()) -> None:
        self._text = text
        self._location = location
        self._added = list(added)
        self._parsed: list[Json] | None = None

    def append(self, item: Json) -> None:
        """Add an object."""
        self._added.append(item)

    def copy(self) -> Self:
        """A list to add to while this one stays as it is; what is in them is the same."""
        return type(self)(self._text, self._location, self._added)

    def to_pieces(self) -> Iterator[bytes]:
        """The text of all objects, one on each line, in pieces that are not copied."""
        between = b""
        if self._text:
            yield self._text
            between = b",\n"
        for item in self._added:
            yield between + to_json(item)
            between = b",\n"

    def find(self, key: str, number: int) -> Json | None:
        """The last object in which `key` is that number; of the text only lines that mention it are parsed."""
        for item in reversed(self._added):
            if item.get(key) == number:
                return item
        mention, end = b'"%s":%d' % (key.encode(), number), len(self._text)
        while (at := self._text.rfind(mention, 0, end)) >= 0:
            item = self._parse_line(at)
            if item.get(key) == number:
                return item
            end = at
        return None

    def without(self, key: str) -> Iterator[Json]:
        """The objects in which no key of that name is to be seen, at whatever depth."""
        mention = b'"%s":' % key.encode()
        lines = self._text.split(b",\n") if self._text else []
        yield from (self._parse(line) for line in lines if mention not in line)
        yield from (item for item in self._added if mention not in to_json(item))

    def __len__(self) -> int:
        return (self._text.count(b"\n") + 1 if self._text else 0) + len(self._added)

    def __bool__(self) -> bool:
        return bool(self._text or self._added)

    def __iter__(self) -> Iterator[Json]:
        yield from self._of_text()
        yield from self._added

    def __reversed__(self) -> Iterator[Json]:
        yield from reversed(self._added)
        if self._text:
            yield self._parse_line(len(self._text))  # nearly always it is the newest one that is looked for
            yield from reversed(self._of_text()[:-1])

    @overload
    def __getitem__(self, index: int) -> Json: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Json]: ...
    def __getitem__(self, index: int | slice) -> Json | Sequence[Json]:
        if index == -1:
            return next(reversed(self))
        if isinstance(index, int) and index >= 0 and (start := self._start_of(index)) >= 0:
            return self._parse_line(start)
        return [*self._of_text(), *self._added][index]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, list | GrowingList) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]  # like any list

    def _of_text(self) -> list[Json]:
        if self._parsed is None:
            self._parsed = self._parse(b"[%b]" % self._text)
        return self._parsed

    def _start_of(self, index: int) -> int:
        """Where the text of an object begins, -1 where so many are not in the text."""
        start = 0 if self._text else -1
        for _ in range(index):
            start = self._text.find(b"\n", start) + 1
            if not start:
                return -1
        return start

    def _parse_line(self, at: int) -> Json:
        """The object on the line on which a place of the text is."""
        start, end = self._text.rfind(b"\n", 0, at) + 1, self._text.find(b"\n", at)
        item: Json = self._parse(self._text[start : len(self._text) if end < 0 else end].removesuffix(b","))
        return item

    def _parse(self, text: bytes) -> Any:  # noqa: ANN401 - one object, or a list of them
        try:
            return from_json(text, cache_strings="keys")
        except ValueError as error:
            raise unreadable(self._location, "it is not JSON") from error
