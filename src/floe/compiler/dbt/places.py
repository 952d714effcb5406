"""Where something stands in the user's files of a dbt project; only a mistake asks."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from floe.compiler.mentions import first_mention
from floe.diagnostics.span import Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from floe.compiler.dbt.project import DbtProject

_SUFFIXES = (".sql", ".yml", ".yaml", ".csv", ".py", ".md")
_YAML = (".yml", ".yaml")


def files(project: DbtProject) -> Iterator[tuple[str, Path]]:
    """The user's files that dbt may read: path as it is shown, and the file."""
    roots = [project.root / real for _, real in project.links] or [project.directory]
    for root in roots:
        for file in sorted(root.rglob("*")) if root.is_dir() else ():
            relative = project.user_path(str(file)) if not project.supplied else str(file.relative_to(project.root))
            written = ".floe" in Path(relative).parts or file.is_relative_to(project.artifacts_folder)
            if file.suffix in _SUFFIXES and file.is_file() and not written:
                yield relative, file


def uses(word: str, project: DbtProject) -> Iterator[str]:
    """`file:line` of each line of SQL or YAML that holds the word."""
    yield from _matches(rf"(?<!\w){re.escape(word)}(?!\w)", project, word)


def uses_of_source(source: str, table: str, project: DbtProject) -> Iterator[str]:
    """`file:line` of each call of `source` for the table; where there is none, of each line that holds its name."""
    pattern = rf"\bsource\s*\(\s*{_named(source)}\s*,\s*{_named(table)}"
    found = list(_matches(pattern, project, table))
    yield from found or uses(table, project)


def place_of(patterns: tuple[str, ...], file: Path, shown: str) -> str:
    """`shown` with the line on which the first of the patterns that is in the file ends; without a line if none is."""
    try:
        text = file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return shown
    found = next((match for pattern in patterns if (match := re.search(pattern, text))), None)
    return shown if found is None else f"{shown}:{_line(text, found)}"


def place_of_layer(layer: str, model: str, project: DbtProject) -> Span:
    """Where the layer is named that a model asks for: in the model, or else in a YAML file of the project."""
    pattern = re.compile(rf"""["']?\blayer["']?\s*[:=]\s*["']?(?P<name>{re.escape(layer)})(?!\w)""")
    others = [(shown, file) for shown, file in files(project) if file.suffix in _YAML]
    for shown, file in [(model, project.root / model), *others]:
        span = first_mention(pattern, file, shown)
        if span is not None:
            return span
    return Span(model, 1, 1, 1)


def declared_sources(project: DbtProject) -> set[str]:
    """`source.table` for each source that the project's YAML files declare."""
    names: set[str] = set()
    for _, file in files(project):
        if file.suffix in _YAML:
            names.update(_sources_of(file))
    return names


def _sources_of(file: Path) -> Iterator[str]:
    text = file.read_text(encoding="utf-8", errors="replace")
    if "sources" not in text:
        return
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError:  # which dbt reports by itself
        return
    for source in _entries(document, "sources"):
        for table in _entries(source, "tables"):
            yield f"{source.get('name')}.{table.get('name')}"


def _entries(document: Any, key: str) -> list[dict[str, Any]]:  # noqa: ANN401 - whatever the file holds
    found = document.get(key) if isinstance(document, dict) else None
    return [entry for entry in found if isinstance(entry, dict)] if isinstance(found, list) else []


def _matches(pattern: str, project: DbtProject, word: str) -> Iterator[str]:
    for path, file in files(project):
        if file.suffix in (".sql", *_YAML):
            text = file.read_text(encoding="utf-8", errors="replace")
            found = re.finditer(pattern, text) if word in text else ()
            yield from dict.fromkeys(f"{path}:{_line(text, match)}" for match in found)


def _line(text: str, match: re.Match[str]) -> int:
    return text.count("\n", 0, match.end()) + 1


def _named(name: str) -> str:
    return rf"""(?:\w+\s*=\s*)?["']{re.escape(name)}["']"""
