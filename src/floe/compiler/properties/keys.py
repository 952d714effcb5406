"""Finds keys of dbt's YAML files that dbt does not know, and keys that are given twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from floe.compiler.properties.nodes import duplicates, entries, is_mapping, items, value_of
from floe.compiler.properties.vocabulary import (
    DATA_TESTS,
    TREE,
    adapter_configs,
    adapter_flags,
    place,
    slip_of,
    suggestion,
)
from floe.diagnostics.diagnostic import Diagnostic, Note

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from floe.compiler.properties.nodes import Entry, File, Node
    from floe.compiler.properties.vocabulary import Place

UNKNOWN, MISPLACED, TWICE = "FLOE-0150", "FLOE-0151", "FLOE-0152"
_CONFIG = "config"
_FLAGS = "ProjectFlags"
_DEEPEST = 40
_SHOWN_KEYS = 12


class KeyCheck:
    """Checks the keys of one file, each value once, however many aliases lead to it."""

    def __init__(self, file: File, is_read: Callable[[str], bool]) -> None:
        self.file = file
        self._is_read = is_read
        """Tells whether the project's own code or a package's reads a config of that name."""
        self._seen: set[tuple[int, str]] = set()
        self.found: list[Diagnostic] = []

    def check(self, name: str) -> list[Diagnostic]:
        """Every mistake in the keys of the file, whose top is the place of that name."""
        self.found += map(self._twice, *zip(*duplicates(self.file), strict=True)) if self._has_duplicates() else ()
        self._value(self.file.root, name, "")
        return self.found

    def check_value(self, node: Node, name: str) -> None:
        """Check one value of the file as that of a place."""
        self._value(node, name, "")

    def _has_duplicates(self) -> bool:
        return next(duplicates(self.file), None) is not None

    def _twice(self, key: Node, first: Node) -> Diagnostic:
        there = self.file.span(first)
        return Diagnostic(
            TWICE,
            f"duplicate key `{key.value}`: dbt reads the last one only",
            self.file.span(key),
            label="given again here",
            notes=(Note(f"first given at {there.location}:{there.column}", there),),
        )

    def _value(self, node: Node | None, name: str, parent: str, depth: int = 0) -> None:
        if node is None or not name or depth > _DEEPEST or (id(node), name) in self._seen:
            return
        self._seen.add((id(node), name))
        if name.startswith(TREE):
            self._tree(node, place(name), depth)
            return
        for item in items(node):
            if name == DATA_TESTS:
                self._data_test(item, depth)
            elif is_mapping(item):
                self._mapping(item, place(name), parent, depth)

    def _mapping(self, node: Node, where: Place, parent: str, depth: int) -> None:
        is_config = parent == _CONFIG
        if is_config and value_of(node, "plugin") is not None:
            return  # dbt-duckdb hands everything to the plugin
        for entry in entries(node):
            name = entry.name.replace("-", "_") if is_config else entry.name
            if name in where.keys:
                self._value(entry.value, where.keys[name], name, depth + 1)
            elif not self._may_be_anything(entry, where) and not (is_config and self._is_custom(name)):
                self._unknown(entry, node, where, is_config=is_config)

    def _may_be_anything(self, entry: Entry, where: Place) -> bool:
        """A template, a holder of anchors at the top, or a key of the user's own where there may be some."""
        if "{{" in entry.name or (where.name == _FLAGS and entry.name in adapter_flags()):
            return True
        if where.name in ("file", "project") and (entry.name.startswith(("x-", "_", ".")) or self._holds_anchor(entry)):
            return True
        return where.is_open and slip_of(entry.name, where.keys) is None

    def _holds_anchor(self, entry: Entry) -> bool:
        return any(word.startswith("&") for word in self.file.text(entry.value).replace("[", " ").split())

    def _is_custom(self, name: str) -> bool:
        return name in adapter_configs() or self._is_read(name)

    def _data_test(self, node: Node, depth: int) -> None:
        """A generic test: its arguments are its own, its config is dbt's."""
        tests = list(entries(node))
        if value_of(node, "test_name") is not None:
            self._value(value_of(node, _CONFIG), "DataTestConfig", _CONFIG, depth + 1)
        elif len(tests) == 1:
            self._value(value_of(tests[0].value, _CONFIG), "DataTestConfig", _CONFIG, depth + 1)

    def _tree(self, node: Node, where: Place, depth: int) -> None:
        """Configs of dbt_project.yml: those with `+`, known ones without, and folders."""
        for entry in entries(node):
            marked = entry.name.startswith("+")
            name = entry.name.lstrip("+").replace("-", "_")
            if name in where.keys and (marked or not self._is_folder(entry, where)):
                self._value(entry.value, where.keys[name], name, depth + 1)
            elif is_mapping(entry.value) and not marked:
                self._value(entry.value, where.name, "", depth + 1)
            elif "{{" not in name and not self._is_custom(name):
                self._unknown(entry, node, where, is_config=True)

    def _is_folder(self, entry: Entry, where: Place) -> bool:
        """Whether a key that is the name of a config, too, holds configs itself: then it is a folder."""
        name = entry.name.replace("-", "_")
        if not is_mapping(entry.value) or where.keys.get(name):
            return False
        return any(inner.name.startswith("+") for inner in entries(entry.value))

    def _unknown(self, entry: Entry, node: Node, where: Place, *, is_config: bool) -> None:
        name, known = entry.name.lstrip("+"), _known(where.keys, is_config=is_config)
        slip = slip_of(name, known)
        mark = "+" if entry.name.startswith("+") else ""
        if not is_config and slip is None and name in _configs_of(where.keys):
            self.found.append(self._misplaced(entry))
            return
        label = suggestion(name, known).replace("`", f"`{mark}", 1) or "dbt does not know it"
        if slip is not None and value_of(node, slip) is not None and not is_config:
            label = f"`{slip}` is given, too"
        what = "config" if is_config else "key"
        self.found.append(
            Diagnostic(
                UNKNOWN,
                f"unknown {what} `{entry.name}`: dbt ignores it",
                self.file.span(entry.key),
                severity="error" if slip is not None else "warning",
                label=label,
                hints=() if slip else (_way_out(where.keys, is_config=is_config),),
            )
        )

    def _misplaced(self, entry: Entry) -> Diagnostic:
        return Diagnostic(
            MISPLACED,
            f"`{entry.name}` is a config: dbt ignores it outside `config`",
            self.file.span(entry.key),
            label=f"write `config: {{{entry.name}: ...}}`",
        )


def _known(keys: Mapping[str, str], *, is_config: bool) -> list[str]:
    return sorted({*keys, *adapter_configs()}) if is_config else sorted(keys)


def _configs_of(keys: Mapping[str, str]) -> frozenset[str]:
    """Configs that the resource may have, whose keys these are."""
    held = keys.get(_CONFIG)
    return frozenset(place(held).keys) | adapter_configs() if held else frozenset()


def _way_out(keys: Mapping[str, str], *, is_config: bool) -> str:
    if _CONFIG in keys or "meta" in keys or is_config:
        return "keep what is your own under `meta`"
    names = sorted(keys)
    more = ", ..." if len(names) > _SHOWN_KEYS else ""
    return f"the keys here are {', '.join(f'`{name}`' for name in names[:_SHOWN_KEYS])}{more}"
