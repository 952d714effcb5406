"""Checks the paths of floe.yaml: transforms are dbt projects, SQL or Python folders; sources find their files."""

from __future__ import annotations

import glob
import os
import stat
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, NamedTuple

from floe.config.document import short
from floe.config.endpoints import is_endpoint
from floe.diagnostics.diagnostic import Diagnostic, Note
from floe.diagnostics.suggest import closest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from floe.config.document import Document, Path


class Nearest(NamedTuple):
    """What exists near a path that does not."""

    suggestion: str | None
    """A path like the one that was given, if one is near enough."""
    existing: str
    """The deepest folder of the given path that exists."""


def check_transforms(pipeline: Document, project: FilePath) -> Iterator[Diagnostic]:
    """Check that every transform's folder exists, holds what its type says, and is named once."""
    entries = pipeline.at("transforms")
    seen: dict[tuple[str, str], Path] = {}
    for index in range(len(entries) if isinstance(entries, list) else 0):
        path: Path = ("transforms", index, "path")
        folder = pipeline.text(*path)
        kind = pipeline.text("transforms", index, "type")
        if not folder or kind not in {"dbt", "python"} or is_endpoint(folder):
            continue
        yield from _check_folder(pipeline, path, kind, project)
        first = seen.setdefault((kind, os.path.normpath(folder)), path)
        if first != path:
            there = pipeline.positions.span(*first)
            yield Diagnostic(
                code="FLOE-0117",
                message=f"two {kind} transforms have the path `{short(folder)}`",
                span=pipeline.positions.span(*path),
                label="given again here",
                notes=(Note(f"first given at {there.location}", there),),
            )


def check_source_files(pipeline: Document, project: FilePath) -> Iterator[Diagnostic]:
    """Check that every path or glob of every source finds a file."""
    for name in pipeline.mapping("sources"):
        for path, pattern in pipeline.texts("sources", name, "files").items():
            if pattern and not is_endpoint(pattern) and not finds_file(project, pattern):
                yield _no_file(pipeline, path, pattern, project)


def finds_file(project: FilePath, pattern: str) -> bool:
    """Tell whether a path or glob, relative to the project, finds at least one file."""
    if "\0" in pattern:
        return False
    if not glob.has_magic(pattern):
        return is_file(project / pattern)
    matches = glob.iglob(pattern, root_dir=project, recursive=True)  # noqa: PTH207 - Path.glob refuses absolute ones
    return any(is_file(project / match) for match in matches)


def nearest(project: FilePath, given: str, *, files: bool = False) -> Nearest:
    """Look for what a path that does not exist was probably meant to be: a folder, or (`files`) also a file."""
    place, steps = FilePath(), list(FilePath(given).parts)
    while steps and is_directory(project / place / steps[0]):
        place /= steps.pop(0)
    suggestion = _suggestion(project, place, steps, files=files)
    if suggestion is None:
        return Nearest(None, _shown(place, given))
    return Nearest(_shown(suggestion, given), _shown(place, given))


def is_directory(path: FilePath) -> bool:
    """Tell whether a path is a folder; what the system refuses to look at is none."""
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def is_file(path: FilePath) -> bool:
    """Tell whether a path is a file; what the system refuses to look at is none."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def why_no_file(path: FilePath) -> tuple[str, ...]:
    """Say what is in the place of a file, in a line; nothing where nothing is there."""
    if is_directory(path):
        return (f"`{path.name}` is a folder",)
    try:
        mode = path.lstat().st_mode
    except (OSError, ValueError):
        return ()
    if stat.S_ISLNK(mode):
        return (f"`{path.name}` is a link to `{path.readlink()}`, which is not there",)
    return (f"`{path.name}` is a pipe or a device, not a file",)


def _suggestion(project: FilePath, place: FilePath, steps: list[str], *, files: bool) -> FilePath | None:
    """Correct one step of the path and go on with the rest of it as far as it exists."""
    if not steps:
        return None
    match = closest(steps[0], _entries(project / place, files=files and len(steps) == 1))
    if match is None:
        return None
    corrected = place / match
    rest = corrected.joinpath(*steps[1:])
    return rest if is_directory(project / rest) or is_file(project / rest) else corrected


def _entries(folder: FilePath, *, files: bool) -> list[str]:
    try:
        return [entry.name for entry in os.scandir(folder) if entry.is_dir() or files]
    except OSError:
        return []


def _shown(path: FilePath, given: str) -> str:
    """Return a path in the style of the one that was given."""
    text = path.as_posix()
    return f"./{text}" if given.startswith("./") and text != "." else text


def _check_folder(pipeline: Document, path: Path, kind: str, project: FilePath) -> Iterator[Diagnostic]:
    given = str(pipeline.at(*path))
    folder = project / given
    if not is_directory(folder):
        yield _no_folder(pipeline, path, given, project)
    elif kind == "python" and not _holds(folder, ".py"):
        yield _empty(pipeline, path, f"no Python file in `{given}`", "expected functions with `@floe.asset`")
    elif kind == "dbt" and not is_file(folder / "dbt_project.yml") and not _holds(folder, ".sql"):
        yield _empty(pipeline, path, f"`{given}` is no dbt project and holds no SQL model", "expected .sql files")


def _holds(folder: FilePath, extension: str) -> bool:
    """Tell whether a folder holds a file of the extension, at any depth; hidden folders do not count."""
    for _, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        if any(name.endswith(extension) for name in names):
            return True
    return False


def _no_folder(pipeline: Document, path: Path, given: str, project: FilePath) -> Diagnostic:
    if is_file(project / given):
        return _empty(pipeline, path, f"`{given}` is a file, not a folder", "expected a folder")
    near = nearest(project, given)
    return _not_found(pipeline, path, f"folder `{short(given)}` does not exist", near)


def _empty(pipeline: Document, path: Path, message: str, label: str) -> Diagnostic:
    return Diagnostic("FLOE-0110", message, pipeline.positions.span(*path), label=label)


def _no_file(pipeline: Document, path: Path, pattern: str, project: FilePath) -> Diagnostic:
    literal = _literal_folder(pattern)
    if literal != "." and not is_directory(project / literal):
        return _not_found(pipeline, path, f"folder `{short(literal)}` does not exist", nearest(project, literal))
    if is_directory(project / pattern):
        label = f"write e.g. `{pattern.rstrip('/')}/*.csv`"
        span = pipeline.positions.span(*path)
        return Diagnostic("FLOE-0109", f"`{short(pattern)}` is a folder, not a file", span, label=label)
    if not glob.has_magic(pattern):
        near = nearest(project, pattern, files=True)
        return _not_found(pipeline, path, f"file `{short(pattern)}` does not exist", near)
    span = pipeline.positions.span(*path)
    return Diagnostic("FLOE-0111", f"no file matches `{short(pattern)}`", span, label=f"`{literal}` holds none")


def _literal_folder(pattern: str) -> str:
    parts = FilePath(pattern).parts[:-1]
    for index, part in enumerate(parts):
        if glob.has_magic(part):
            parts = parts[:index]
            break
    return str(FilePath(*parts))


def _not_found(pipeline: Document, path: Path, message: str, near: Nearest) -> Diagnostic:
    existing = "the project folder" if near.existing == "." else f"`{near.existing}`"
    return Diagnostic(
        code="FLOE-0109",
        message=message,
        span=pipeline.positions.span(*path),
        label=f"did you mean `{near.suggestion}`?" if near.suggestion else "not found",
        notes=(Note(f"the nearest that exists is {f'`{near.suggestion}`' if near.suggestion else existing}"),),
    )
