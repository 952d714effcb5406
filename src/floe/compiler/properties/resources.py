"""Checks what dbt's property files describe: whether it exists, and whether it is described once."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from floe.compiler.properties.nodes import entries, items, text_of, value_of
from floe.diagnostics.diagnostic import Diagnostic, Note
from floe.diagnostics.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from floe.compiler.properties.layout import Layout
    from floe.compiler.properties.nodes import File, Node

NO_RESOURCE, TWICE, TWO_LISTS = "FLOE-0153", "FLOE-0154", "FLOE-0155"
_BLOCK = re.compile(
    r"\{%-?\s*(snapshot|macro|test|materialization|data_test)\s+(\w+)(?:\s*,\s*(?:adapter\s*=\s*)?['\"]?(\w+))?"
)
_SECTIONS: Mapping[str, str] = {"models": "model", "seeds": "seed", "snapshots": "snapshot", "analyses": "analysis"}
_PATCHED = ("models", "seeds", "snapshots", "analyses", "macros")


def check_resources(layout: Layout, files: Iterable[File]) -> Iterator[Diagnostic]:
    """Every mistake in what the property files of a project describe."""
    known = _Known(layout)
    described: dict[tuple[str, str], tuple[File, Node]] = {}
    for file in files:
        for section in _PATCHED:
            for entry in items(value_of(file.root, section)):
                name = text_of(value_of(entry, "name"))
                if name is not None:
                    yield from _check_entry(file, section, name, entry, known)
                    yield from _once(described, (section, name), file, value_of(entry, "name"))
        for owner in _holders_of_tests(file):
            yield from _one_list(file, owner)
            yield from _columns_once(file, owner)


class _Known:
    """Names of the resources of a project, each kind looked up when it is first asked for."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._names: dict[str, frozenset[str]] = {}

    def names(self, section: str) -> frozenset[str]:
        """Names that the section may describe."""
        if section not in self._names:
            self._names[section] = frozenset(_FINDERS[section](self._layout))
        return self._names[section]


def _stems(kind: str, *endings: str) -> Callable[[Layout], Iterator[str]]:
    return lambda layout: (path.stem for path in layout.files(kind, endings))


def _blocks(layout: Layout, *kinds: str) -> Iterator[str]:
    for kind in kinds:
        for path in layout.files(kind, (".sql",)):
            for word, name, adapter in _BLOCK.findall(path.read_text(encoding="utf-8", errors="replace")):
                if word in ("test", "data_test"):
                    yield f"test_{name}"
                yield f"materialization_{name}_{adapter or 'default'}" if word == "materialization" else name


_FINDERS: Mapping[str, Callable[[Layout], Iterator[str]]] = {
    "models": _stems("model", ".sql", ".py"),
    "seeds": _stems("seed", ".csv"),
    "analyses": _stems("analysis", ".sql"),
    "snapshots": lambda layout: _blocks(layout, "snapshot"),
    "macros": lambda layout: _blocks(layout, "macro", "test"),
}


def _check_entry(file: File, section: str, name: str, entry: Node, known: _Known) -> Iterator[Diagnostic]:
    """An entry for what does not exist, unless the entry itself defines it, or a file for each version does."""
    defines = {"snapshots": "relation", "models": "versions"}.get(section)
    if name in known.names(section) or (defines and value_of(entry, defines) is not None):
        return
    kind = _SECTIONS.get(section, "macro")
    elsewhere = next((other for other in _SECTIONS if other != section and name in known.names(other)), None)
    label = did_you_mean(name, known.names(section)) or f"no {kind} has this name"
    if elsewhere is not None:
        label = f"it is described under `{elsewhere}`, being a {_SECTIONS[elsewhere]}"
    yield Diagnostic(
        NO_RESOURCE,
        f"there is no {kind} `{name}`: what is said of it has no effect",
        file.span(value_of(entry, "name")),
        severity="warning",
        label=label,
    )


def _once(
    described: dict[tuple[str, str], tuple[File, Node]], key: tuple[str, str], file: File, node: Node
) -> Iterator[Diagnostic]:
    first_file, first = described.setdefault(key, (file, node))
    if first is node:
        return
    there = first_file.span(first)
    kind = _SECTIONS.get(key[0], "macro")
    yield Diagnostic(
        TWICE,
        f"{kind} `{key[1]}` is described twice",
        file.span(node),
        label="described again here",
        notes=(Note(f"first described at {there.location}:{there.column}", there),),
    )


def _holders_of_tests(file: File) -> Iterator[Node]:
    """Resources, versions and columns: whatever may have columns or generic tests."""
    waiting = [entry.value for entry in entries(file.root) if entry.name in (*_SECTIONS, "sources")]
    while waiting:
        for item in items(waiting.pop()):
            yield item
            waiting += [value_of(item, inner) for inner in ("columns", "tables", "versions")]


def _one_list(file: File, owner: Node) -> Iterator[Diagnostic]:
    keys = {entry.name: entry.key for entry in entries(owner)}
    if "tests" not in keys or "data_tests" not in keys or not items(value_of(owner, "tests")):
        return
    there = file.span(keys["data_tests"])
    yield Diagnostic(
        TWO_LISTS,
        "`tests` and `data_tests` in one place: dbt takes one of them",
        file.span(keys["tests"]),
        label="move these tests to `data_tests`",
        notes=(Note(f"`data_tests` is at {there.location}:{there.column}", there),),
    )


def _columns_once(file: File, owner: Node) -> Iterator[Diagnostic]:
    seen: dict[str, Node] = {}
    for column in items(value_of(owner, "columns")):
        node = value_of(column, "name")
        name = text_of(node)
        if name is None:
            continue
        first = seen.setdefault(name, node)
        if first is not node:
            there = file.span(first)
            yield Diagnostic(
                TWICE,
                f"column `{name}` is described twice: dbt reads the last one only",
                file.span(node),
                severity="warning",
                label="described again here",
                notes=(Note(f"first described at {there.location}:{there.column}", there),),
            )
