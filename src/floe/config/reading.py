"""Reads a YAML file with positions: never a traceback, every mistake a diagnostic."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import yaml
from yaml.constructor import SafeConstructor
from yaml.resolver import Resolver

from floe.config.document import Document, Path, Positions, Region, Scalar
from floe.config.secrecy import (
    credential_diagnostics,
    credential_paths,
    looks_secret,
    masked_line,
    masked_lines,
    names_credential,
)
from floe.config.syntax import SYNTAX, syntax_diagnostic
from floe.config.variables import expand, holds_reference
from floe.diagnostics.diagnostic import Diagnostic, Note
from floe.diagnostics.span import Span

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path as FilePath

MAX_DEPTH = 40
"""Levels of nesting beyond which a file is refused; real files have less than ten."""

_LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_TAG = "tag:yaml.org,2002:"
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Reading(NamedTuple):
    """What came of a file: no document where nothing in it could be checked further."""

    document: Document | None
    diagnostics: list[Diagnostic]


class _Unreadable(Exception):  # noqa: N818 - carries a diagnostic out of the depth of the file
    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


def read_file(path: FilePath, shown: str, variables: Mapping[str, str] | None) -> Reading:
    """Read a file of the project.

    Args:
        path: The file.
        shown: Its name in diagnostics.
        variables: Values for `${VAR}`; None where references are not allowed.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        reason = (error.strerror or "unreadable").lower()
        message = f"cannot read `{shown}`: {reason}"
        return Reading(None, [Diagnostic("FLOE-0119", message, Span(shown, 1, 1, 1))])
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return Reading(None, [_encoding_diagnostic(content, error, shown)])
    return read_text(text, shown, variables)


def read_text(text: str, shown: str, variables: Mapping[str, str] | None) -> Reading:
    """Read the text of a file; see `read_file`."""
    lines = _LINE_BREAK.split(text)
    positions = Positions(shown, tuple(map(masked_line, lines)))
    unprintable = _UNPRINTABLE.search(text)
    if unprintable:
        before = _LINE_BREAK.split(text[: unprintable.start()])
        region = Region(len(before) - 1, len(before[-1]), len(before) - 1, len(before[-1]) + 1)
        message = f"a control character (U+{ord(unprintable[0]):04X}) in the file"
        return Reading(None, [Diagnostic(SYNTAX, message, positions.region_span(region))])
    builder = _Builder(positions, variables)
    try:
        document = builder.build(_Loader(text))
    except yaml.YAMLError as error:
        return Reading(None, [*builder.diagnostics, syntax_diagnostic(error, positions)])
    except _Unreadable as unreadable:
        return Reading(None, [*builder.diagnostics, unreadable.diagnostic])
    return _without_credentials(document, lines, builder, holds_endpoints=variables is not None)


def _without_credentials(document: Document, lines: list[str], builder: _Builder, *, holds_endpoints: bool) -> Reading:
    """Mask every plaintext credential in what can be shown, and report it."""
    paths = credential_paths(document)
    regions = [document.scalars[path].region for path in paths] + builder.hidden
    positions = replace(document.positions, lines=masked_lines(lines, regions))
    found = builder.diagnostics
    safe = Document(positions, document.value, document.scalars, document.reported | frozenset(paths))
    found = found + credential_diagnostics(safe, paths, holds_endpoints=holds_endpoints)
    return Reading(safe, [_with_masked_line(diagnostic, positions) for diagnostic in found])


def _with_masked_line(diagnostic: Diagnostic, positions: Positions) -> Diagnostic:
    span = diagnostic.span
    if span is None or span.line > len(positions.lines):
        return diagnostic
    return replace(diagnostic, span=replace(span, text=positions.lines[span.line - 1]))


def _encoding_diagnostic(content: bytes, error: UnicodeDecodeError, shown: str) -> Diagnostic:
    before = content[: error.start].decode("utf-8", "replace")
    lines = _LINE_BREAK.split(before)
    whole = _LINE_BREAK.split(content.decode("utf-8", "replace"))
    line, column = len(lines) - 1, len(lines[-1])
    positions = Positions(shown, tuple(map(masked_line, whole)))
    return Diagnostic(
        SYNTAX,
        "the file is not UTF-8 text",
        positions.region_span(Region(line, column, line, column + 1)),
        hints=("save the file in the encoding UTF-8",),
    )


class _Builder:
    """Builds the value of one file out of the reader's events, and remembers where everything stands."""

    def __init__(self, positions: Positions, variables: Mapping[str, str] | None) -> None:
        self.positions = positions
        self.variables = variables
        self.diagnostics: list[Diagnostic] = []
        self.scalars: dict[Path, Scalar] = {}
        self.reported: set[Path] = set()
        self.hidden: list[Region] = []
        self.resolver: Any = Resolver()
        self.constructor: Any = SafeConstructor()
        self.events: Any = None

    def build(self, events: Any) -> Document:  # noqa: ANN401 - one of PyYAML's loaders, chosen when it is imported
        """Read the one document of the file."""
        self.events = events
        try:
            events.get_event()
            value = self._top()
            return Document(self.positions, value, self.scalars, frozenset(self.reported))
        finally:
            events.dispose()

    def _top(self) -> dict[str, Any]:
        start = self.events.get_event()
        if isinstance(start, yaml.StreamEndEvent):
            raise self._unreadable(Region(0, 0, 0, 0), "the file is empty", "")
        first = self.events.get_event()
        region = _region(first)
        if not isinstance(first, yaml.MappingStartEvent):
            raise self._unreadable(region, f"expected keys with values, found {self._kind(first)}", "not `key: value`")
        value = self._node(first, ())
        self.events.get_event()
        following = self.events.get_event()
        if not isinstance(following, yaml.StreamEndEvent):
            raise self._unreadable(_region(following), "a second document in the file", "only one is allowed")
        return dict(value)

    def _node(self, event: Any, path: Path) -> Any:  # noqa: ANN401 - PyYAML's events and a file's values
        region = _region(event)
        self.positions.values[path] = region
        if isinstance(event, yaml.AliasEvent):
            raise self._unreadable(
                region, f"alias `*{event.anchor}` is not supported", "write the value out, or in quotes"
            )
        if event.tag is not None:
            raise self._unreadable(region, f"tag `{event.tag.replace(_TAG, '!!')}` is not supported", "leave it out")
        if event.anchor is not None:
            self._report(region, f"anchor `&{event.anchor}` is not supported", "leave it out")
        if len(path) > MAX_DEPTH:
            raise self._unreadable(region, f"more than {MAX_DEPTH} levels of nesting", "")
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, path)
        return self._list(path) if isinstance(event, yaml.SequenceStartEvent) else self._mapping(path)

    def _list(self, path: Path) -> list[Any]:
        values: list[Any] = []
        while not isinstance(event := self.events.get_event(), yaml.SequenceEndEvent):
            values.append(self._node(event, (*path, len(values))))
        self._end(path, event)
        return values

    def _mapping(self, path: Path) -> dict[str, Any]:
        values: dict[str, Any] = {}
        while not isinstance(event := self.events.get_event(), yaml.MappingEndEvent):
            key = self._key(event)
            place = (*path, key)
            region = _region(event)
            if key in values:
                self._duplicate(region, key, self.positions.keys[place])
                self._skip(place)
                continue
            self.positions.keys[place] = region
            values[key] = self._node(self.events.get_event(), place)
        self._end(path, event)
        return values

    def _end(self, path: Path, event: Any) -> None:  # noqa: ANN401 - PyYAML's events
        """Let a flow list or mapping end with its bracket; a block ends where it began, by its key."""
        start, end = self.positions.values[path], _region(event)
        if end.end_column > end.column or end.end_line > end.line:
            self.positions.values[path] = Region(start.line, start.column, end.end_line, end.end_column)

    def _key(self, event: Any) -> str:  # noqa: ANN401 - PyYAML's events
        region = _region(event)
        if not isinstance(event, yaml.ScalarEvent):
            raise self._unreadable(region, f"a key must be text, found {self._kind(event)}", "")
        if event.value == "<<" and event.implicit[0]:
            raise self._unreadable(region, "merge key `<<` is not supported", "write the values out")
        if event.tag is not None or event.anchor is not None:
            raise self._unreadable(region, "a key cannot have a tag or an anchor", "leave it out")
        tag = self._tag(event, event.value)
        if tag not in {"str", "merge", "value", "timestamp"}:
            found = _FOUND.get(tag, "the number")
            shown = f"{found} `{event.value}`" if event.value else "nothing"
            self._report(region, f"a key must be text, found {shown}", f'write "{event.value}"')
        return str(event.value)

    def _duplicate(self, region: Region, key: str, first: Region) -> None:
        there = self.positions.region_span(first)
        self.diagnostics.append(
            Diagnostic(
                code="FLOE-0104",
                message=f"duplicate key `{key}`",
                span=self.positions.region_span(region),
                label="given again here",
                notes=(Note(f"first given at {there.location}:{there.column}", there),),
            )
        )

    def _skip(self, place: Path) -> None:
        """Read past the value of a duplicate key; what it may hold of credentials is hidden all the same."""
        aside = _Builder(Positions(self.positions.file, self.positions.lines), {})
        aside.events = self.events
        aside._node(self.events.get_event(), place)
        self.hidden += aside.hidden
        self.hidden += [scalar.region for path, scalar in aside.scalars.items() if looks_secret(path, scalar.text)]

    def _scalar(self, event: Any, path: Path) -> Any:  # noqa: ANN401 - PyYAML's events and a file's values
        region, text = _region(event), event.value
        self.scalars[path] = Scalar(text, region)
        if holds_reference(text):
            text = self._expanded(text, path, region)
        tag = self._tag(event, text)
        try:
            return self._constructed(tag, text)
        except (ValueError, OverflowError):
            self.reported.add(path)
            self._report(region, f"`{text[:40]}` is not a number that can be used", "write it in quotes")
            return None

    def _constructed(self, tag: str, text: str) -> Any:  # noqa: ANN401 - a scalar of any type
        if tag not in {"null", "bool", "int", "float"}:
            return text
        node = yaml.ScalarNode(_TAG + tag, text)
        value = getattr(self.constructor, f"construct_yaml_{tag}")(node)
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError(text)
        return value

    def _tag(self, event: Any, text: str) -> str:  # noqa: ANN401 - PyYAML's events
        if not event.implicit[0]:
            return "str"
        tag: str = self.resolver.resolve(yaml.ScalarNode, text, (True, False))
        return tag.removeprefix(_TAG)

    def _expanded(self, text: str, path: Path, region: Region) -> str:
        if self.variables is None:
            self._variable(path, region, "`${...}` is allowed in platform.yaml only", "write the value out")
        elif names_credential(path):
            self._variable(path, region, "`${...}` must not carry a secret", "use `secret_ref`")
        else:
            expansion = expand(text, self.variables)
            for problem in expansion.problems:
                self._variable(path, region, problem.message, problem.label)
            return expansion.text
        return text

    def _variable(self, path: Path, region: Region, message: str, label: str) -> None:
        self.reported.add(path)
        span = self.positions.region_span(region)
        self.diagnostics.append(Diagnostic("FLOE-0114", message, span, label=label))

    def _kind(self, event: Any) -> str:  # noqa: ANN401 - PyYAML's events
        if isinstance(event, yaml.SequenceStartEvent):
            return "a list"
        if isinstance(event, yaml.MappingStartEvent):
            return "a mapping"
        if isinstance(event, yaml.AliasEvent):
            return "an alias"
        return "text" if event.value else "nothing"

    def _report(self, region: Region, message: str, label: str) -> None:
        span = self.positions.region_span(region)
        self.diagnostics.append(Diagnostic(SYNTAX, message, span, label=label))

    def _unreadable(self, region: Region, message: str, label: str) -> _Unreadable:
        return _Unreadable(Diagnostic(SYNTAX, message, self.positions.region_span(region), label=label))


_FOUND = {"bool": "the boolean", "null": "the empty value", "int": "the number", "float": "the number"}


def _region(event: Any) -> Region:  # noqa: ANN401 - PyYAML's events
    start, end = event.start_mark, event.end_mark
    return Region(start.line, start.column, end.line, end.column)
