"""Recognises an unchanged project without dbt: a hash of everything that a compile read.

Files are hashed by content. A file's size, times and inode stand for its content only once they are old enough
that no write can hide behind the clock's grain.
"""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from floe.artifact.files import write_atomically
from floe.compiler.dbt.cache import content_hash, variable_hash
from floe.config.folders import finds_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from floe.config.discovery import Choice
    from floe.config.load import Configuration

RECORD_FORMAT = 2
DISTRIBUTIONS = ("floe-runtime", "dbt-core", "dbt-adapters", "dbt-common", "dbt-duckdb", "jinja2")
SETTLED_NANOSECONDS = 1_000_000_000
_IGNORED_FOLDERS = frozenset({".git", ".floe", "__pycache__"})

Stat = list[int]


@dataclass(frozen=True)
class Basis:
    """All that a configuration was made of, where that is floe.yaml and the built-in platform."""

    stat: Stat
    """Of floe.yaml, old enough to stand for what was read."""
    choice: list[str]
    """The platform's environment, source and reason."""
    sources: list[str]
    """Paths and globs that find files."""
    adapter: str
    installed: list[str]
    """Versions of what compiles."""

    @classmethod
    def of(cls, configuration: Configuration) -> Basis | None:
        """The basis of a configuration; None where there is more to it than can be seen at a glance."""
        from floe.config.endpoints import is_endpoint

        if configuration.choice.file is not None or configuration.overrides:
            return None
        stat = _stat_of_pipeline(configuration.project_directory)
        if stat is None or max(stat[1:3]) >= configuration.read_at - SETTLED_NANOSECONDS:
            return None
        patterns = [pattern for source in configuration.pipeline.sources.values() for pattern in source.files]
        sources = [pattern for pattern in patterns if not is_endpoint(pattern)]
        adapter = _adapter(configuration)
        return cls(stat, _choice(configuration.choice), sources, adapter, _installed(adapter))

    def holds(self, project: Path, choice: Choice) -> bool:
        """Whether reading the configuration again would give the same, and find the same to be right."""
        return (
            self.choice == _choice(choice)
            and self.stat == _stat_of_pipeline(project)
            and self.installed == _installed(self.adapter)
            and all(finds_file(project, pattern) for pattern in self.sources)
        )


def _stat_of_pipeline(project: Path) -> Stat | None:
    try:
        return _stat(os.stat(project / "floe.yaml"))  # noqa: PTH116 - as the other files are looked at
    except OSError:
        return None


def _stat(status: os.stat_result) -> Stat:
    return [status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino]


def _choice(choice: Choice) -> list[str]:
    return [choice.environment, choice.source, choice.reason]


@dataclass(frozen=True)
class Record:
    """What the last successful compile read, and the digest of the artifact it wrote."""

    settings: str
    roots: tuple[str, ...]
    files: dict[str, str]
    variables: dict[str, str]
    digest: str
    stats: dict[str, Stat] = field(default_factory=dict)
    basis: Basis | None = None

    @classmethod
    def load(cls, path: Path) -> Record | None:
        """Read the record; None if there is none or it cannot be used."""
        try:
            document = json.loads(path.read_bytes())
            if document.pop("format") != RECORD_FORMAT:
                return None
            basis = document.pop("basis")
            document["basis"] = None if basis is None else Basis(**basis)
            return cls(**{**document, "roots": tuple(document["roots"])})
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None

    def save(self, path: Path) -> None:
        """Keep the record.

        Raises:
            OSError: `.floe/` cannot be written.
        """
        document = {
            "format": RECORD_FORMAT,
            "settings": self.settings,
            "roots": self.roots,
            "files": self.files,
            "variables": self.variables,
            "digest": self.digest,
            "stats": self.stats,
            "basis": None if self.basis is None else asdict(self.basis),
        }
        write_atomically(path, json.dumps(document).encode())


def settings_of(configuration: Configuration) -> str:
    """Hash of both files as they were understood, the platform's choice and the installed versions."""
    return content_hash(
        {
            "pipeline": configuration.pipeline.model_dump(mode="json"),
            "platform": configuration.platform.model_dump(mode="json"),
            "choice": _choice(configuration.choice),
            "installed": _installed(_adapter(configuration)),
        }
    )


def _adapter(configuration: Configuration) -> str:
    from floe.compiler.bindings import compute  # loads the models of the configuration

    return f"dbt-{compute(configuration).type}"


def _installed(adapter: str) -> list[str]:
    python = f"{sys.version_info[0]}.{sys.version_info[1]}"
    return [python, *(_version(name) for name in (*DISTRIBUTIONS, adapter))]


def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return ""


@dataclass(frozen=True)
class Inputs:
    """Content hashes of the files below some roots, and the stats that may stand for them."""

    files: dict[str, str]
    stats: dict[str, Stat]
    newest: int
    """Latest change of a file or of its name, in nanoseconds since the epoch."""


def read_inputs(project: Path, roots: Iterable[str], known: Record | None = None) -> Inputs:
    """Hash every file below the roots (paths relative to the project), reading only what may have changed."""
    files: dict[str, str] = {}
    stats: dict[str, Stat] = {}
    newest = 0
    settled = time.time_ns() - SETTLED_NANOSECONDS
    for path, status in _walk(project, roots):
        stat = _stat(status)
        if known is not None and known.stats.get(path) == stat:
            files[path] = known.files[path]
        else:
            files[path] = sha256((project / path).read_bytes()).hexdigest()
        newest = max(newest, status.st_mtime_ns, status.st_ctime_ns)
        if max(status.st_mtime_ns, status.st_ctime_ns) < settled:
            stats[path] = stat
    return Inputs(files, stats, newest)


def _walk(project: Path, roots: Iterable[str]) -> Iterator[tuple[str, os.stat_result]]:
    seen: set[str] = set()
    for root in sorted(set(roots)):
        for path, status in _below(os.path.normpath(project / root), ()):
            relative = Path(os.path.relpath(path, project)).as_posix()
            if relative not in seen:
                seen.add(relative)
                yield relative, status


def _below(path: str, parents: tuple[tuple[int, int], ...]) -> Iterator[tuple[str, os.stat_result]]:
    try:
        status = os.stat(path)  # noqa: PTH116 - a Path for each of thousands of files is what costs here
    except OSError:
        return
    place = (status.st_dev, status.st_ino)
    if not os.path.isdir(path):  # noqa: PTH112
        yield path, status
    elif place not in parents:
        for name in sorted(os.listdir(path)):  # noqa: PTH208
            if name not in _IGNORED_FOLDERS:
                yield from _below(f"{path}/{name}", (*parents, place))


def matches(record: Record, inputs: Inputs) -> bool:
    """Whether the files and variables that the recorded compile read are as they were."""
    return record.files == inputs.files and all(
        variable_hash(name) == value for name, value in record.variables.items()
    )


def variables_of(names: Iterable[str]) -> dict[str, Any]:
    """Hashes of environment variables; names that dbt treats as secrets are not recorded in any form."""
    return {name: variable_hash(name) for name in sorted(names) if not name.startswith("DBT_ENV_SECRET")}
