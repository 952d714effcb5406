"""Which files a source reads, and which of them an appending source has landed before."""

from __future__ import annotations

import glob
import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

from floe.errors import NodeError
from floe.lake.faults import storage_faults

if TYPE_CHECKING:
    from collections.abc import Mapping

    from floe.artifact.models import SourceFiles
    from floe.lake.base import TableState

LANDED_PROPERTY = "floe.landed-files"
"""Table property: JSON object, path relative to the project -> SHA-256 of the content that was landed."""


def source_files(key: str, source: SourceFiles, project_directory: Path) -> list[str]:
    """Paths relative to the project of the files that the source's patterns name, sorted.

    Files without any bytes are left out: they hold neither rows nor column names.

    Raises:
        NodeError: a pattern names no file, or all files are empty.
        LakeError: a file cannot be read.
    """
    found: set[str] = set()
    for pattern in source.files:
        matched = glob.glob(pattern, root_dir=project_directory, recursive=True)  # noqa: PTH207 - patterns may be absolute
        files = [path for path in matched if (project_directory / path).is_file()]
        if not files:
            raise _nothing_found(key, pattern, project_directory)
        found.update(Path(path).as_posix() for path in files)
    with storage_faults("read", project_directory):
        filled = [path for path in sorted(found) if (project_directory / path).stat().st_size > 0]
    if not filled:
        reason = f"`{key}` reads files that are all empty: {', '.join(f'`{path}`' for path in sorted(found)[:5])}"
        raise NodeError("FLOE-0404", reason, "a file needs at least a line with its column names")
    return filled


def landed_files(table: TableState) -> dict[str, str]:
    """What the table's appending source has landed; empty for a table that does not exist."""
    text = table.metadata.get("properties", {}).get(LANDED_PROPERTY, "{}")
    landed: dict[str, str] = json.loads(text)
    return landed


def content_hashes(files: list[str], project_directory: Path) -> dict[str, str]:
    """Path -> SHA-256 of the content, in hex.

    Raises:
        LakeError: a file cannot be read.
    """
    hashes = {}
    for file in files:
        with storage_faults("read", project_directory / file), (project_directory / file).open("rb") as stream:
            hashes[file] = hashlib.file_digest(stream, "sha256").hexdigest()
    return hashes


def not_landed(key: str, hashes: Mapping[str, str], landed: Mapping[str, str]) -> list[str]:
    """The files that are new.

    Raises:
        NodeError: a file was changed after it had been landed.
    """
    for file, content in hashes.items():
        if landed.get(file, content) != content:
            reason = f"`{file}` was changed after `{key}` had landed it, and mode `append` lands a file once"
            instruction = "use mode `merge` or `replace`, or land all files anew with --full-refresh"
            raise NodeError("FLOE-0405", reason, instruction)
    return [file for file in hashes if file not in landed]


def landed_property(landed: Mapping[str, str]) -> tuple[str, str]:
    """The table property that remembers `landed`."""
    return LANDED_PROPERTY, json.dumps(landed, sort_keys=True)


def _nothing_found(key: str, pattern: str, project_directory: Path) -> NodeError:
    folder = Path(pattern)
    while glob.has_magic(str(folder)) or not (project_directory / folder).is_dir():
        folder = folder.parent
    names = sorted(entry.name for entry in (project_directory / folder).iterdir())[:5]
    holds = f"it holds {', '.join(f'`{name}`' for name in names)}" if names else "it is empty"
    reason = f"`{key}` reads `{pattern}`, and no file matches"
    instruction = "correct `files` of the source in floe.yaml; patterns are relative to the project"
    return NodeError("FLOE-0403", reason, instruction, details=(f"the nearest folder is `{folder}`; {holds}",))
