"""Recognises a project that was moved or copied: Iceberg tables name their files with full paths."""

from __future__ import annotations

from pathlib import Path

from floe.errors import LakeError
from floe.lake.files import local_path
from floe.lake.stores.locations import is_object_location


def refuse_moved(metadata_location: str, database: Path) -> None:
    """Refuse a table whose files lie beside another catalog, and beside this one, too, at the same place.

    Continuing it would read and write the folder of the project that this one was copied from.

    Raises:
        LakeError: the table's metadata file is also where it would be if the table were this catalog's own.
    """
    if is_object_location(metadata_location):
        return
    home = database.parent
    there = Path(local_path(metadata_location))
    if there.is_relative_to(home) or home.name not in there.parts:
        return
    above = len(there.parts) - there.parts[::-1].index(home.name)
    here = home.joinpath(*there.parts[above:])
    if not here.is_file() or (there.is_file() and here.samefile(there)):  # the same folder by another of its names
        return
    raise LakeError(
        "FLOE-0513",
        f"the tables of `{database}` have their files in `{Path(*there.parts[:above])}`: "
        "the project was moved or copied after it had published them",
        f"move it back, or remove the catalog file and the warehouse folder in `{home}`; a run makes them anew",
    )
