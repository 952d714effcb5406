"""Checks all YAML files of a project's dbt transforms, without dbt."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from floe.compiler.dbt.names import PROFILES_FILE
from floe.compiler.properties.keys import MISPLACED, TWICE, UNKNOWN, KeyCheck
from floe.compiler.properties.layout import layout_of
from floe.compiler.properties.nodes import File, entries, items, read, text_of, value_of
from floe.compiler.properties.resources import check_resources
from floe.config.pipeline import DbtTransform
from floe.diagnostics.diagnostic import Diagnostic, by_place

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from floe.compiler.properties.layout import Layout
    from floe.config.load import Configuration

_LET_THROUGH = (UNKNOWN, MISPLACED, TWICE)
_LISTS: Mapping[str, str] = {
    "packages.yml": "packages",
    "dependencies.yml": "dependencies",
    "selectors.yml": "selectors",
}
"""dbt's small files -> place of their top."""


def check_properties(configuration: Configuration) -> list[Diagnostic]:
    """Every mistake in the YAML files of the project's dbt transforms, sorted by place; packages are not looked at."""
    found: list[Diagnostic] = []
    bare = 0
    for transform in configuration.pipeline.transforms:
        if not isinstance(transform, DbtTransform):
            continue
        layout = layout_of(configuration, transform, first_bare=bare == 0)
        bare += layout.project_file is None
        found += _check_transform(layout)
        found += _check_profiles(configuration, transform)
    return by_place(dict.fromkeys(found))


def let_through(configuration: Configuration) -> list[Diagnostic]:
    """What of it dbt neither refuses nor warns about."""
    return [item for item in check_properties(configuration) if item.code in _LET_THROUGH]


def _check_transform(layout: Layout) -> Iterator[Diagnostic]:
    if layout.project_file is not None:
        yield from _check_file(layout.project_file, "project", layout)
    for name, place in _LISTS.items():
        path = layout.directory / name
        if path.is_file():
            yield from _check_file(read(path, layout.shown(path)), place, layout)
    files: list[File] = []
    for path in layout.property_files():
        file = read(path, layout.shown(path))
        yield from _check_file(file, "file", layout)
        if isinstance(file, File):
            files.append(file)
    yield from check_resources(layout, files)


def _check_file(file: File | Diagnostic, place: str, layout: Layout) -> list[Diagnostic]:
    if isinstance(file, Diagnostic):
        return [file]
    return KeyCheck(file, lambda name: name in layout.words_read).check(place)


def _check_profiles(configuration: Configuration, transform: DbtTransform) -> Iterator[Diagnostic]:
    """The profiles.yml that a transform names: keys of profiles, and of outputs of DuckDB."""
    if transform.profiles_dir is None:
        return
    root = configuration.project_directory
    path = Path(os.path.normpath(root / transform.profiles_dir), PROFILES_FILE)
    if not path.is_file():
        return  # the compiler says so
    file = read(path, Path(os.path.relpath(path, root)).as_posix())
    if isinstance(file, Diagnostic):
        yield file
        return
    check = KeyCheck(file, lambda _: False)
    for profile in entries(file.root):
        if profile.name == "config":
            continue
        check.check_value(profile.value, "profile")
        for output in entries(value_of(profile.value, "outputs")):
            for settings in items(output.value):
                if text_of(value_of(settings, "type")) == "duckdb":
                    check.check_value(settings, "DuckDBCredentials")
    yield from check.found
