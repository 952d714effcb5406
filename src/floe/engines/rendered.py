"""SQL that a run renders, kept where messages say it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from floe.artifact.files import write_atomically
from floe.lake.faults import storage_faults

if TYPE_CHECKING:
    from pathlib import Path


def keep_sql(project_directory: Path, path: str, sql: str) -> None:
    """Write SQL, or the Python code of a dbt model, to its file; `path` is relative to the project.

    Raises:
        LakeError: it cannot be written.
    """
    file = project_directory / path
    with storage_faults("write", str(file)):
        write_atomically(file, f"{sql}\n".encode())
