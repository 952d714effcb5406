"""Reads a YAML file with positions: never a traceback, every mistake a diagnostic."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import yaml
from yaml.constructor import SafeConstructor
from yaml.resolver import Resolver

from floe.config.decoding import LINE_BREAK, text_of, unprintable
from floe.config.document import Document, Path, Positions, Region, Scalar, Use
from floe.config.events import MAX_CHAIN, MAX_EXPANDED, Alias, Event, Events, ExpansionError, region_of
from floe.config.secrecy import (
    credential_diagnostics,
    credential_paths,
    lines_by_look,
    looks_secret,
    masked_lines,
    names_credential,
)
from floe.config.syntax import SYNTAX, syntax_diagnostic
from floe.config.variables import expand, holds_reference
from floe.diagnostics.diagnostic import Diagnostic, Note
from floe.diagnostics.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path as FilePath

    from floe.diagnostics.span import Span

MAX_DEPTH = 40
"""Levels of nesting beyond which a file is refused; real files have less than ten."""

_ANCHOR = re.compile(r"\S+[ \t]+(?=\S)")
_AMBIGUOUS = re.compile(r"[-+]?0[0-9b]|.*[_:]")
"""Octal, binary, grouped or sexagesimal to readers of YAML 1.1, something else to those of 1.2."""
_MERGE = "<<"
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
    text = text_of(path, shown)
    return Reading(None, [text]) if isinstance(text, Diagnostic) else read_text(text, shown, variables)


def read_text(text: str, shown: str, variables: Mapping[str, str] | None) -> Reading:
    """Read the text of a file; see `read_file`."""
    lines = LINE_BREAK.split(text)
    positions = Positions(shown, lines_by_look(lines))
    control_character = unprintable(text, positions)
    if control_character:
        return Reading(None, [control_character])
    builder = _Builder(positions, variables)
    try:
        document = builder.build(_Loader(text))
    except yaml.YAMLError as error:
        return Reading(None, [*builder.diagnostics, syntax_diagnostic(error, positions)])
    except _Unreadable as unreadable:
        return Reading(None, [*builder.diagnostics, unreadable.diagnostic])
    except ExpansionError as error:
        return Reading(None, [*builder.diagnostics, _too_much(error, positions)])
    return _without_credentials(document, lines, builder, holds_endpoints=variables is not None)


def _too_much(error: ExpansionError, positions: Positions) -> Diagnostic:
    span = positions.region_span(error.region)
    message = "the aliases of the file stand for more than Floe reads"
    note = Note(f"at most {MAX_EXPANDED:,} keys and values, and {MAX_CHAIN} aliases that lead from one to the next")
    return Diagnostic(SYNTAX, message, span, label="with this one", notes=(note,), hints=("write the values out",))


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
    notes = tuple(replace(note, span=_masked(note.span, positions)) for note in diagnostic.notes)
    return replace(diagnostic, span=_masked(diagnostic.span, positions), notes=notes)


def _masked(span: Span | None, positions: Positions) -> Span | None:
    if span is None or span.line > len(positions.lines):
        return span
    return replace(span, text=positions.lines[span.line - 1], used_at=_masked(span.used_at, positions))


class _Builder:
    """Builds the value of one file out of the reader's events, and remembers where everything stands."""

    def __init__(self, positions: Positions, variables: Mapping[str, str] | None) -> None:
        self.positions = positions
        self.variables = variables
        self.diagnostics: list[Diagnostic] = []
        self.scalars: dict[Path, Scalar] = {}
        self.reported: set[Path] = set()
        self.hidden: list[Region] = []
        self.said: set[tuple[str, Region]] = set()
        self.resolver: Any = Resolver()
        self.constructor: Any = SafeConstructor()
        self.events: Events

    def build(self, loader: Any) -> Document:  # noqa: ANN401 - one of PyYAML's loaders, chosen when it is imported
        """Read the one document of the file."""
        self.events = Events(loader)
        try:
            self.events.next()
            value = self._top()
            return Document(self.positions, value, self.scalars, frozenset(self.reported))
        finally:
            loader.dispose()

    def _top(self) -> dict[str, Any]:
        start = self.events.next()
        if isinstance(start, yaml.StreamEndEvent):
            raise self._unreadable(Region(0, 0, 0, 0), "the file is empty", "")
        first = self.events.next()
        region = region_of(first)
        if not isinstance(first, yaml.MappingStartEvent):
            raise self._unreadable(region, f"expected keys with values, found {self._kind(first)}", "not `key: value`")
        value = self._node(first, ())
        self.events.next()
        following = self.events.next()
        if not isinstance(following, yaml.StreamEndEvent):
            raise self._unreadable(region_of(following), "a second document in the file", "only one is allowed")
        return dict(value)

    def _node(self, event: Event, path: Path) -> Any:  # noqa: ANN401 - a file's values
        region = region_of(event)
        self.positions.values[path] = region
        if isinstance(event, Alias):
            return self._alias(event, path)
        if event.tag is not None:
            raise self._unreadable(region, f"tag `{event.tag.replace(_TAG, '!!')}` is not supported", "leave it out")
        if len(path) > MAX_DEPTH:
            raise self._unreadable(region, f"more than {MAX_DEPTH} levels of nesting", "")
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, path, self._behind_anchor(event, region))
        return self._list(path) if isinstance(event, yaml.SequenceStartEvent) else self._mapping(path)

    def _alias(self, event: Alias, path: Path) -> Any:  # noqa: ANN401 - a file's values
        region = region_of(event)
        if event.target is None:
            self.reported.add(path)
            self._report(region, *self._no_anchor(event))
            return None
        self.positions.uses[path] = Use(region, merged=False)
        self.events.begin(event.target, region)
        value = self._node(self.events.next(), path)
        self.events.end()
        return value

    def _no_anchor(self, event: Alias) -> tuple[str, str]:
        name = str(event.anchor)
        if event.is_inside:
            return f"alias `*{name}` stands inside of what `&{name}` names", "write the value out"
        label = did_you_mean(name, self.events.anchors) or f"write `&{name}` before a value above, or this in quotes"
        return f"no anchor `&{name}` above this alias", label.replace("mean `", "mean `*")

    def _list(self, path: Path) -> list[Any]:
        values: list[Any] = []
        while not isinstance(event := self.events.next(), yaml.SequenceEndEvent):
            values.append(self._node(event, (*path, len(values))))
        self._end(path, event)
        return values

    def _mapping(self, path: Path) -> dict[str, Any]:
        values: dict[str, Any] = {}
        merged: list[_Merged] = []
        while not isinstance(event := self.events.next(), yaml.MappingEndEvent):
            if _is_merge(event):
                self._merge_once(event, path, merged)
                continue
            key = self._key(event)
            place = (*path, key)
            region = region_of(event)
            if key in values:
                self._duplicate(region, key, self.positions.keys[place])
                self._skip(place)
                continue
            self.positions.keys[place] = region
            values[key] = self._node(self.events.next(), place)
        self._end(path, event)
        while merged:
            merged[:0] = self._merge(merged.pop(0), path, values)
        return values

    def _merge_once(self, event: Event, path: Path, merged: list[_Merged]) -> None:
        """Take what a merge key names, to be merged when the mapping's own keys are known."""
        region, place = region_of(event), (*path, _MERGE)
        if place in self.positions.keys and not self.events.is_replaying:
            self._duplicate(region, _MERGE, self.positions.keys[place])
        self.positions.keys.setdefault(place, region)
        merged += self._sources(self.events.next(), None)

    def _sources(self, event: Event, use: Region | None, *, in_list: bool = False) -> list[_Merged]:
        """The mappings that a merge key names: one, or those of a list; `use` is the alias that brought them."""
        region = use or region_of(event)
        if isinstance(event, Alias):
            return self._sources_of_alias(event, use, in_list=in_list)
        whole = self.events.whole(event)
        if isinstance(event, yaml.MappingStartEvent):
            return [_Merged(whole, use)]
        if not isinstance(event, yaml.SequenceStartEvent) or in_list:
            self._report(region, f"`<<` needs keys with values, found {self._kind(event)}", "name an anchor of them")
            return []
        self.events.begin(whole[1:-1], region)
        found: list[_Merged] = []
        while (entry := self.events.next_or_none()) is not None:
            found += self._sources(entry, use, in_list=True)
        self.events.end()
        return found

    def _sources_of_alias(self, event: Alias, use: Region | None, *, in_list: bool) -> list[_Merged]:
        region = region_of(event)
        if event.target is None:
            self._report(region, *self._no_anchor(event))
            return []
        self.events.begin(event.target, region)
        found = self._sources(self.events.next(), use or region, in_list=in_list)
        self.events.end()
        return found

    def _merge(self, source: _Merged, path: Path, values: dict[str, Any]) -> list[_Merged]:
        """Add the keys of a mapping that are not there yet, and return what the mapping merges itself."""
        self.events.begin(source.events[1:], source.use or region_of(source.events[0]))
        own: set[str] = set()
        merged: list[_Merged] = []
        while not isinstance(event := self.events.next(), yaml.MappingEndEvent):
            if _is_merge(event):
                merged += self._sources(self.events.next(), source.use)
                continue
            key = self._key(event)
            place = (*path, key)
            if key in own:
                self._duplicate(region_of(event), key, self.positions.keys[place])
            own.add(key)
            if key in values:
                self._skip(place)
                continue
            self.positions.keys[place] = region_of(event)
            if source.use is not None:
                self.positions.uses[place] = Use(source.use, merged=True)
            values[key] = self._node(self.events.next(), place)
        self.events.end()
        return merged

    def _end(self, path: Path, event: Event) -> None:
        """Let a flow list or mapping end with its bracket; a block ends where it began, by its key."""
        start, end = self.positions.values[path], region_of(event)
        if end.end_column > end.column or end.end_line > end.line:
            self.positions.values[path] = Region(start.line, start.column, end.end_line, end.end_column)

    def _key(self, event: Event) -> str:
        region = region_of(event)
        if not isinstance(event, yaml.ScalarEvent):
            raise self._unreadable(region, f"a key must be text, found {self._kind(event)}", "")
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
        self._say(
            Diagnostic(
                code="FLOE-0104",
                message=f"duplicate key `{key}`",
                span=self.positions.region_span(region),
                label="given again here",
                notes=(Note(f"first given at {there.location}:{there.column}", there),),
            ),
            region,
        )

    def _skip(self, place: Path) -> None:
        """Read past the value of a duplicate key; what it may hold of credentials is hidden all the same."""
        aside = _Builder(Positions(self.positions.file, self.positions.lines), {})
        aside.events = self.events
        aside._node(self.events.next(), place)
        self.hidden += aside.hidden
        self.hidden += [scalar.region for path, scalar in aside.scalars.items() if looks_secret(path, scalar.text)]

    def _behind_anchor(self, event: Event, region: Region) -> Region:
        """The region of a value without the anchor before it."""
        line = self.positions.lines[region.line] if event.anchor is not None else ""
        anchor = _ANCHOR.match(line, region.column)
        return region._replace(column=anchor.end()) if anchor else region

    def _scalar(self, event: Event, path: Path, region: Region) -> Any:  # noqa: ANN401 - a file's values
        text = event.value
        self.positions.values[path] = region
        self.scalars[path] = Scalar(text, region)
        if holds_reference(text):
            text = self._expanded(text, path, region)
        tag = self._tag(event, text)
        try:
            value = self._constructed(tag, text)
        except (ValueError, OverflowError):
            self.reported.add(path)
            self._report(region, f"`{text[:40]}` is not a number that can be used", "write it in quotes")
            return None
        if tag in {"int", "float"} and _AMBIGUOUS.match(text):
            self.reported.add(path)
            message = "readers of YAML do not agree on what this number is"
            self._report(region, message, "leave out a leading `0`, `_` and `:`, or quote it")
        return value

    def _constructed(self, tag: str, text: str) -> Any:  # noqa: ANN401 - a scalar of any type
        if tag not in {"null", "bool", "int", "float"}:
            return text
        node = yaml.ScalarNode(_TAG + tag, text)
        value = getattr(self.constructor, f"construct_yaml_{tag}")(node)
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError(text)
        return value

    def _tag(self, event: Event, text: str) -> str:
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
        self._say(Diagnostic("FLOE-0114", message, span, label=label), region)

    def _kind(self, event: Event) -> str:
        if isinstance(event, yaml.SequenceStartEvent):
            return "a list"
        if isinstance(event, yaml.MappingStartEvent):
            return "a mapping"
        if isinstance(event, yaml.AliasEvent):
            return "an alias"
        return _FOUND.get(self._tag(event, event.value), "text") if event.value else "nothing"

    def _report(self, region: Region, message: str, label: str) -> None:
        self._say(Diagnostic(SYNTAX, message, self.positions.region_span(region), label=label), region)

    def _say(self, diagnostic: Diagnostic, region: Region) -> None:
        """Report a mistake, but once only where aliases bring it several times."""
        if (diagnostic.message, region) not in self.said:
            self.said.add((diagnostic.message, region))
            self.diagnostics.append(diagnostic)

    def _unreadable(self, region: Region, message: str, label: str) -> _Unreadable:
        return _Unreadable(Diagnostic(SYNTAX, message, self.positions.region_span(region), label=label))


_FOUND = {"bool": "the boolean", "null": "the empty value", "int": "the number", "float": "the number"}


class _Merged(NamedTuple):
    """A mapping that a merge key brings: its events, and the alias that names it, where one does."""

    events: tuple[Event, ...]
    use: Region | None


def _is_merge(event: Event) -> bool:
    return isinstance(event, yaml.ScalarEvent) and event.value == _MERGE and bool(event.implicit[0])
