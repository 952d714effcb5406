"""Which YAML files dbt reads for a transform, and in which folders it looks for models, seeds and the rest."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from floe.compiler.dbt.names import BESIDE_FLOE_YAML, PACKAGES_FOLDER, PROJECT_FILE, TARGET_FOLDER
from floe.compiler.properties.nodes import File, read, texts_of, value_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from floe.config.load import Configuration
    from floe.config.pipeline import DbtTransform
    from floe.diagnostics.diagnostic import Diagnostic

_KINDS: Mapping[str, str] = {
    "model": "models",
    "seed": "seeds",
    "snapshot": "snapshots",
    "test": "tests",
    "analysis": "analyses",
    "macro": "macros",
    "function": "functions",
}
"""Kind of resource -> dbt's own folder for it."""
_FLOES_OWN = ("floe.yaml", "platform.yaml")
_YAML = (".yml", ".yaml")
_CODE = (".sql", ".py")
_QUOTED = re.compile(r"""["']([a-zA-Z]\w*)["']|config\.([a-zA-Z]\w*)""")


@dataclass(frozen=True)
class Layout:
    """A dbt transform as files.

    Args:
        root: The Floe project.
        directory: Where the small files of dbt are: packages.yml, selectors.yml, .dbtignore.
        folders: Kind of resource -> absolute folders that hold it.
        packages: Folders of installed packages.
        target: Folder of what dbt makes.
        project_file: dbt_project.yml, or what keeps it from being read; None where Floe supplies it.
    """

    root: Path
    directory: Path
    folders: Mapping[str, tuple[Path, ...]]
    packages: tuple[Path, ...]
    target: Path
    project_file: File | Diagnostic | None

    def shown(self, path: Path) -> str:
        """A file's name in diagnostics."""
        return Path(os.path.relpath(path, self.root)).as_posix()

    def property_files(self) -> list[Path]:
        """Every YAML file in the folders of resources, sorted."""
        found = {path for kind in self.folders for path in self.files(kind, _YAML)}
        return sorted(path for path in found if path.name not in _FLOES_OWN)

    def files(self, kind: str, endings: tuple[str, ...]) -> list[Path]:
        """Files of a kind of resource."""
        return [path for path in self._all_files.get(kind, ()) if path.suffix in endings]

    @cached_property
    def _all_files(self) -> dict[str, list[Path]]:
        return {
            kind: [path for folder in folders for path in self._walk(folder)] for kind, folders in self.folders.items()
        }

    def _walk(self, folder: Path) -> Iterator[Path]:
        outside = (*self.packages, self.target)
        for place, folders, names in os.walk(folder, followlinks=True):
            folders[:] = [name for name in folders if Path(place, name) not in outside and not name.startswith(".")]
            yield from (path for name in names if not self._is_ignored(path := Path(place, name)))

    def _is_ignored(self, path: Path) -> bool:
        if self._ignored is None:
            return False
        return self._ignored.match_file(os.path.relpath(path, self.directory))

    @cached_property
    def _ignored(self) -> _Patterns | None:
        file = self.directory / ".dbtignore"
        if not file.is_file():
            return None
        from pathspec import PathSpec  # dbt's own reader of such files

        return PathSpec.from_lines("gitwildmatch", file.read_text(encoding="utf-8", errors="replace").splitlines())

    @cached_property
    def words_read(self) -> frozenset[str]:
        """Names that SQL and Python code which speaks of configs, the packages' too, holds in quotes."""
        places = [*(folder for folders in self.folders.values() for folder in folders), *self.packages]
        words: set[str] = set()
        for folder in places:
            for place, _, names in os.walk(folder):
                for name in names:
                    if name.endswith(_CODE):
                        text = Path(place, name).read_text(encoding="utf-8", errors="replace")
                        if "config" in text:
                            words.update(quoted or read for quoted, read in _QUOTED.findall(text))
        return frozenset(words)


if TYPE_CHECKING:
    from typing import Protocol

    class _Patterns(Protocol):
        def match_file(self, file: str) -> bool: ...


def layout_of(configuration: Configuration, transform: DbtTransform, *, first_bare: bool) -> Layout:
    """The files of a transform; `first_bare` says whether it takes in what is beside floe.yaml."""
    root = configuration.project_directory
    folder = Path(os.path.normpath(root / transform.path))
    path = folder / PROJECT_FILE
    if path.is_file():
        shown = Path(os.path.relpath(path, root)).as_posix()
        return _of_project(root, folder, read(path, shown))
    names = BESIDE_FLOE_YAML if first_bare else ("macros",)
    kinds = {kind: (root / name,) for kind, name in _KINDS.items() if name in names and root / name != folder}
    return Layout(root, root, {**kinds, "model": (folder,)}, (root / PACKAGES_FOLDER,), root / TARGET_FOLDER, None)


def _of_project(root: Path, folder: Path, file: File | Diagnostic) -> Layout:
    top = file.root if isinstance(file, File) else None

    def named(setting: str, default: str) -> tuple[Path, ...]:
        names = texts_of(value_of(top, setting)) or [default]
        return tuple(Path(os.path.normpath(folder / os.path.expanduser(name))) for name in names)  # noqa: PTH111

    folders = {kind: named(f"{kind}-paths", default) for kind, default in _KINDS.items()}
    packages = named("packages-install-path", PACKAGES_FOLDER)
    return Layout(root, folder, folders, packages, named("target-path", TARGET_FOLDER)[0], file)
