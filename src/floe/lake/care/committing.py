"""Commits of maintenance to one table, tried again on the table as it has become when somebody else was faster."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING, TypeVar

from floe.errors import CommitConflictError
from floe.lake.stores.syncing import sync_all

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from floe.lake.base import Catalog, TableCommit

Result = TypeVar("Result")

_ATTEMPTS = 10
_LONGEST_PAUSE_SECONDS = 0.5


def until_nobody_was_faster(attempt: Callable[[], Result]) -> Result:
    """What `attempt` returns, which begins anew with the table as it is after each conflict.

    Raises:
        CommitConflictError: other writers were faster every time.
        LakeError: as `attempt` does.
    """
    for number in range(1, _ATTEMPTS):
        try:
            return attempt()
        except CommitConflictError:
            time.sleep(random.uniform(0, min(0.02 * 2**number, _LONGEST_PAUSE_SECONDS)))  # noqa: S311 - no secret
    return attempt()


def commit(catalog: Catalog, change: TableCommit, written: Iterable[str], on_step: Callable[[str], None]) -> None:
    """Force new files and their folders to the disk, then commit the change of one table.

    Raises:
        CommitConflictError: the table is not what the change was computed from any more; nothing was changed.
        LakeError: the catalog or storage failed; nothing was changed.
    """
    store, files = change.base.store, list(written)
    folders = sorted({location.rpartition("/")[0] for location in files}) if store.is_local else []
    sync_all((store, location) for location in (*files, *folders))
    on_step("files-synced")
    catalog.commit([change], on_step)
