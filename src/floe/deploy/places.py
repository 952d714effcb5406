"""Places for files: folders and buckets."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from floe.deploy.steps import Step
from floe.lake.stores.local import LOCAL

if TYPE_CHECKING:
    from collections.abc import Mapping

    from floe.lake.stores.arrow import ArrowStore


def folder(root: str) -> Step:
    """The folder of a local storage."""

    def make() -> Mapping[str, str]:
        LOCAL.make_folder(root)
        return {}

    return Step(f"folder `{root}`", lambda: Path(root).is_dir(), make)


def bucket(store: ArrowStore) -> Step:
    """The bucket of an object store, in the region of its profile."""

    def make() -> Mapping[str, str]:
        store.make_bucket()
        return {}

    return Step(f"bucket `{store.bucket}`", store.has_bucket, make)
