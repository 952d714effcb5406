"""dbt's YAML files as dbt's own reader sees them, with the place of every key: anchors, merge keys and all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import yaml

from floe.config.document import Positions
from floe.config.secrecy import masked_line
from floe.config.syntax import syntax_diagnostic
from floe.diagnostics.diagnostic import Diagnostic
from floe.diagnostics.span import Span

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MERGE = "<<"
_DEEPEST_MERGE = 20
"""Mappings merged into merged mappings: one that is merged into itself must come to an end."""

Node = Any
"""One of PyYAML's nodes, which have no types."""


class Entry(NamedTuple):
    """A key of a mapping and its value; `key` is the node, `name` its text."""

    name: str
    key: Node
    value: Node


@dataclass(frozen=True)
class File:
    """A file that could be read; `root` is None where it holds nothing."""

    shown: str
    lines: tuple[str, ...]
    root: Node | None

    def span(self, node: Node) -> Span:
        """Where a key or value stands: what is on its first line."""
        start, end = node.start_mark, node.end_mark
        raw = self.lines[start.line] if start.line < len(self.lines) else ""
        last = end.column if end.line == start.line else len(raw.rstrip())
        return Span(self.shown, start.line + 1, start.column + 1, max(last, start.column) + 1, masked_line(raw))

    def text(self, node: Node) -> str:
        """The lines that a value takes up, as one text."""
        return "\n".join(self.lines[node.start_mark.line : node.end_mark.line + 1])


def read(path: Path, shown: str) -> File | Diagnostic:
    """Read a file; what keeps dbt from reading it, too, is a diagnostic."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        return Diagnostic("FLOE-0102", "the file is not UTF-8 text", Span(shown, 1, 1, 1), hints=("save it as UTF-8",))
    except OSError as error:
        reason = (error.strerror or "unreadable").lower()
        return Diagnostic("FLOE-0119", f"cannot read `{shown}`: {reason}", Span(shown, 1, 1, 1))
    lines = tuple(text.splitlines())
    try:
        root = yaml.compose(text, _Loader)
    except yaml.YAMLError as error:
        return syntax_diagnostic(error, Positions(shown, tuple(map(masked_line, lines))))
    except RecursionError:
        return Diagnostic("FLOE-0102", "the file is nested too deeply", Span(shown, 1, 1, 1))
    return File(shown, lines, root)


def is_mapping(node: Node | None) -> bool:
    """Tell whether a node is a mapping."""
    return isinstance(node, yaml.MappingNode)


def entries(node: Node | None, depth: int = 0) -> Iterator[Entry]:
    """Keys with values of a mapping, those of merged mappings too; none of anything else."""
    if not isinstance(node, yaml.MappingNode) or depth > _DEEPEST_MERGE:
        return
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            continue
        if key.value == _MERGE and not key.style:
            for merged in items(value):
                yield from entries(merged, depth + 1)
        else:
            yield Entry(str(key.value), key, value)


def items(node: Node | None) -> list[Node]:
    """Entries of a list; a value that is no list is its own only entry."""
    if isinstance(node, yaml.SequenceNode):
        return list(node.value)
    return [] if node is None else [node]


def value_of(node: Node | None, key: str) -> Node | None:
    """The value of a key of a mapping, the last one where it is given twice; None without one."""
    found = [entry.value for entry in entries(node) if entry.name == key]
    return found[-1] if found else None


def text_of(node: Node | None) -> str | None:
    """The text of a scalar; None of anything else, and of a template."""
    if not isinstance(node, yaml.ScalarNode) or "{{" in node.value or "{%" in node.value:
        return None
    return str(node.value)


def texts_of(node: Node | None) -> list[str]:
    """The texts of a list or of one scalar."""
    return [text for item in items(node) if (text := text_of(item)) is not None]


def duplicates(file: File, node: Node | None = None) -> Iterator[tuple[Node, Node]]:
    """Keys that a mapping of the file gives twice, with the key as it is given first; merged mappings do not count."""
    waiting: list[Node] = [file.root if node is None else node]
    seen: set[int] = set()
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue  # an alias
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            waiting += node.value
        elif isinstance(node, yaml.MappingNode):
            first: dict[tuple[str, str], Node] = {}
            for key, value in node.value:
                waiting.append(value)
                if not isinstance(key, yaml.ScalarNode) or key.value == _MERGE:
                    continue
                if (earlier := first.setdefault((key.tag, key.value), key)) is not key:
                    yield key, earlier
