"""Platform files that extend others: merged from the top down, with the place of every value kept."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from pydantic import ValidationError

from floe.config.discovery import shown_path
from floe.config.document import Document, Positions, short
from floe.config.folders import is_directory, is_file, nearest
from floe.config.locks import OF_THE_FILE, check_locks
from floe.config.platform import BUILT_IN, Inheriting
from floe.config.reading import Reading, read_file
from floe.diagnostics.diagnostic import Diagnostic, Note

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path as FilePath
    from typing import Any

    from floe.config.document import Path, Scalar
    from floe.diagnostics.span import Span

MAX_FILES = 10
"""How many files may extend one another."""
BUILT_IN_NAME = "built-in"
"""What `extends` says to mean the built-in platform."""
PROFILE = 2
"""Steps to a profile: its section and its name."""
_VARIABLE = "FLOE-0114"


def built_in_document() -> Document:
    """The built-in platform, as if it were a file."""
    return Document(Positions("the built-in platform"), BUILT_IN)


def read_platform(file: FilePath, project: FilePath) -> Reading:
    """Read a platform file and those that it extends, as one document.

    Args:
        file: The file.
        project: Folder to which diagnostics name files relative.
    """
    first = read_file(file, shown_path(project, file), os.environ)
    if first.document is None or not any(key in first.document.value for key in OF_THE_FILE):
        return first
    lineage = _Lineage(first, file, project)
    while lineage.climb():
        pass
    if lineage.is_broken:
        return Reading(None, lineage.found)
    merged = _merged_all(lineage.documents)
    found = [diagnostic for diagnostic in lineage.found if not _is_replaced(diagnostic, merged[-1])]
    return Reading(merged[-1], [*found, *check_locks(merged)])


class _Lineage:
    """A file and those that it extends, the nearest first."""

    def __init__(self, first: Reading, file: FilePath, project: FilePath) -> None:
        self.documents = [first.document] if first.document else []
        self.files = [file.resolve()]
        self.found = list(first.diagnostics)
        self.project = project
        self.is_broken = False
        """Whether a file is missing, so that nothing can be said about the whole."""

    def climb(self) -> bool:
        """Add the next file; return whether there may be another."""
        document = self.documents[-1]
        mistakes = _mistakes(document)
        self.found += mistakes
        self.is_broken = bool(mistakes) or ("extends",) in document.reported
        named = document.text("extends")
        if self.is_broken or named is None:
            return False
        if named == BUILT_IN_NAME:
            self.documents.append(built_in_document())
            return False
        return self._read(named, parent_file(named, self.files[-1]))

    def _read(self, named: str, parent: FilePath) -> bool:
        problem = _problem(named, parent, self.files, self.documents, self.project)
        shown = shown_path(self.project, parent)
        reading = Reading(None, [problem]) if problem else read_file(parent, shown, os.environ)
        self.found += reading.diagnostics
        self.is_broken = reading.document is None
        if reading.document is not None:
            self.documents.append(reading.document)
            self.files.append(parent.resolve())
        return not self.is_broken


def parent_file(named: str, by: FilePath) -> FilePath:
    """Return the file that `extends` of a file means. A registry of platforms would be asked here, too.

    Args:
        named: A path: absolute, below the home folder (`~`), or relative to the folder of `by`.
        by: The file that extends.
    """
    return by.parent / os.path.expanduser(named)  # noqa: PTH111 - Path.expanduser fails where there is no home


def _mistakes(document: Document) -> list[Diagnostic]:
    """What is wrong with `extends` and `locked` themselves."""
    given = {key: document.value[key] for key in OF_THE_FILE if key in document.value}
    try:
        Inheriting.model_validate(given)
    except ValidationError as error:
        from floe.config.wording import model_diagnostics  # only a mistake needs it

        return model_diagnostics(error, document, Inheriting)
    return []


def _problem(
    named: str, parent: FilePath, files: list[FilePath], documents: list[Document], project: FilePath
) -> Diagnostic | None:
    """Why a file cannot be extended; None where it can."""
    span = documents[-1].positions.span("extends")
    if not is_file(parent):
        return _missing(named, parent, files[-1], span)
    if parent.resolve() in files:
        start = files.index(parent.resolve())
        circle = documents[start:]
        names = [document.positions.file for document in circle]
        through = f" through {' and '.join(f'`{name}`' for name in names[1:])}" if names[1:] else ""
        message = f"`{names[0]}` extends itself{through}"
        return Diagnostic("FLOE-0131", message, span, label="this closes the circle", notes=_chain(documents))
    if len(files) == MAX_FILES:
        message = f"more than {MAX_FILES} files extend one another"
        label = f"`{shown_path(project, parent)}` would be one too many"
        return Diagnostic("FLOE-0132", message, span, label=label, notes=_chain(documents))
    return None


def _chain(documents: list[Document]) -> tuple[Note, ...]:
    spans = [document.positions.span("extends") for document in documents]
    targets = [str(document.value["extends"]) for document in documents]
    return tuple(
        Note(f"{span.location} extends `{short(name)}`", span) for span, name in zip(spans, targets, strict=True)
    )


def _missing(named: str, parent: FilePath, by: FilePath, span: Span) -> Diagnostic:
    if is_directory(parent):
        inside = f"{named.rstrip('/')}/platform.yaml"
        label = f"write `{inside}`" if is_file(parent_file(inside, by)) else "name the file in it"
        return Diagnostic("FLOE-0130", f"`extends` names the folder `{short(named)}`, not a file", span, label=label)
    near = nearest(by.parent, os.path.expanduser(named), files=True)  # noqa: PTH111 - as in parent_file
    existing = "the folder of this file" if near.existing == "." else f"`{near.existing}`"
    return Diagnostic(
        "FLOE-0130",
        f"`extends` names `{short(named)}`, which does not exist",
        span,
        label=f"did you mean `{near.suggestion}`?" if near.suggestion else "not found",
        notes=() if near.suggestion else (Note(f"the nearest that exists is {existing}"),),
        hints=("a relative path begins at the folder of the file that extends",),
    )


def _merged_all(documents: list[Document]) -> list[Document]:
    """Each file merged with all above it, the topmost first."""
    merged = [documents[-1]]
    for position, document in reversed(list(enumerate(documents[:-1]))):
        merged.append(merge(document, merged[-1], tuple(documents[position:])))
    return merged


def merge(child: Document, parent: Document, files: tuple[Document, ...] = ()) -> Document:
    """Return what a file says together with what it extends.

    Mappings are merged key by key; anything else of the child replaces what the parent says. So does a profile of
    another `type`, credentials of another `mode`, and a reference to a secret. `null` takes a value away.
    """
    merging = _Merging(child, parent)
    base = {key: value for key, value in parent.value.items() if key not in OF_THE_FILE}
    value = merging.merged(child.value, base, ())
    return Document(
        replace(child.positions, owners=merging.owners),
        value,
        {**child.scalars, **merging.scalars},
        child.reported | merging.reported,
        files,
    )


class _Merging:
    """Merges two documents, and gathers what the child takes over."""

    def __init__(self, child: Document, parent: Document) -> None:
        self.child = child
        self.parent = parent
        self.owners: dict[Path, Positions] = {}
        self.scalars: dict[Path, Scalar] = {}
        self.reported: set[Path] = set()

    def merged(self, own: Mapping[str, Any], base: Mapping[str, Any], path: Path) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key in {**base, **own}:
            place = (*path, key)
            if key not in own:
                self._take_over(place, base[key])
                values[key] = base[key]
            elif key not in base:
                values[key] = own[key]
            elif adds(own[key], base[key], place):
                values[key] = self.merged(own[key], base[key], place)
            elif own[key] is not None or place in self.child.reported:
                values[key] = own[key]
        return values

    def _take_over(self, root: Path, value: Any) -> None:  # noqa: ANN401 - a file's value
        for path in _paths(root, value):
            self.owners[path] = self.parent.positions.owner(*path)
            if path in self.parent.scalars:
                self.scalars[path] = self.parent.scalars[path]
            if path in self.parent.reported:
                self.reported.add(path)


def adds(own: Any, base: Any, path: Path) -> bool:  # noqa: ANN401 - values of files
    """Tell whether a child's value adds to its parent's, rather than take its place."""
    if not isinstance(own, dict) or not isinstance(base, dict) or "secret_ref" in own or "secret_ref" in base:
        return False
    kind = "mode" if path[-1] == "credentials" else "type" if len(path) == PROFILE else ""
    return not (kind in own and kind in base and own[kind] != base[kind])


def _paths(path: Path, value: Any) -> Iterator[Path]:  # noqa: ANN401 - a file's value
    yield path
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        yield from _paths((*path, key), part)


def _is_replaced(diagnostic: Diagnostic, merged: Document) -> bool:
    """Whether a variable could not be filled in where it does not matter: in a value that a child replaces."""
    if diagnostic.code != _VARIABLE:
        return False
    return any(
        document.positions.span(*path) == diagnostic.span
        for document in merged.files[1:]
        for path in document.reported
        if path[0] not in OF_THE_FILE and _owner(merged, path) != document.positions.file
    )


def _owner(document: Document, path: Path) -> str:
    owner = document.positions.owners.get(path)
    return "" if owner is None else owner.file


def with_heir(diagnostic: Diagnostic, platform: Document | None) -> Diagnostic:
    """Say of a mistake in a file that others extend, through which it concerns this project."""
    span, files = diagnostic.span, platform.files if platform is not None else ()
    names = [document.positions.file for document in files]
    if span is None or span.file not in names[1:]:
        return diagnostic
    heir = files[names.index(span.file) - 1].positions
    there = heir.span("extends")
    note = Note(f"`{heir.file}` extends this file at {there.location}", there)
    return replace(diagnostic, notes=(*diagnostic.notes, note))
