"""Which files in a table's folders nobody can still be about to publish."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet
    from datetime import datetime

    from floe.lake.base import TableState
    from floe.lake.stores.base import ListedFile

OWN_FOLDERS = ("data", "metadata")
"""Folders of a table in which everything belongs to it. Elsewhere below its location nothing is ever deleted."""
_RUN_ID = re.compile(r"(?<![A-Za-z0-9])\d{8}T\d{9}-[0-9a-f]{6}(?![A-Za-z0-9])")
METADATA_FILE = ".metadata.json"
"""How names of metadata files end."""


@dataclass(frozen=True)
class Runs:
    """What the project's journal says of its runs: their ids are in the names of the files they wrote."""

    under_way: AbstractSet[str] = frozenset()
    over: AbstractSet[str] = frozenset()


def table_files(state: TableState) -> list[ListedFile]:
    """Every file in the table's own folders.

    Raises:
        LakeError: a folder cannot be listed.
    """
    return [item for folder in OWN_FOLDERS for item in state.store.list_files(f"{state.location}/{folder}")]


def is_safe_to_delete(file: ListedFile, older_than: datetime, runs: Runs) -> bool:
    """Whether nobody can still be about to publish the file; that no table refers to it is another question.

    A file of a run that is under way stays, however old. One of a run of this project that is over may go at once.
    Others must be old.
    """
    writers = set(_RUN_ID.findall(file.location.rpartition("/")[2]))
    if writers & runs.under_way:
        return False
    return bool(writers and writers <= runs.over) or file.modified_at < older_than
