"""Whether a catalog lets this client publish: a table without rows is made in it, and taken away again."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from floe.errors import LakeError
from floe.lake.base import StagedTable
from floe.lake.publish import publish
from floe.lake.stores.local import existing_folder

if TYPE_CHECKING:
    from floe.lake.base import Catalog, TableName, TableState

_SCHEMA = {"type": "struct", "fields": [{"id": 1, "name": "probe", "required": False, "type": "long"}]}


def try_table(catalog: Catalog, name: TableName, location: str, run_id: str) -> None:
    """Publish a table without rows as a run does, and remove it with all its files.

    Args:
        catalog: Where.
        name: Of a table that is not there, in a namespace that is.
        location: Its folder, as the platform's storage says it.
        run_id: What the snapshot is said to come from.

    Raises:
        LakeError: the catalog or the storage refuses or fails. What was made is removed all the same, if possible.
        EnvironmentFaultError: a secret is missing.
    """
    base = catalog.load(name, location)
    there = existing_folder(base.location) if base.store.is_local else Path()
    staged = StagedTable(str(name), base, _SCHEMA, "append", ())
    try:
        publish([(catalog, staged)], run_id, "", lambda _step: None)
    except LakeError:
        with suppress(LakeError):
            _remove(catalog, base, there)
        raise
    _remove(catalog, base, there)


def _remove(catalog: Catalog, base: TableState, there: Path) -> None:
    """Take the table out of the catalog, delete its files and, on this machine, folders that were made for it."""
    catalog.drop([base.name])
    base.store.delete([item.location for item in base.store.list_files(base.location)])
    if base.store.is_local:
        shutil.rmtree(base.location, ignore_errors=True)
        for folder in Path(base.location).parents:
            if folder == there or any(folder.iterdir()):
                break
            folder.rmdir()
