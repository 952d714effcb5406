"""What storages and catalogs are called where they give no answer: with the address at which they were asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from floe.artifact.settings import CatalogBinding, StorageBinding


def subject_of_storage(name: str, binding: StorageBinding, root: str) -> str:
    """A storage profile and the address of its server; where that is the cloud's own, or none, its folder or bucket."""
    return f"the storage `{name}` at `{binding.endpoint or root}`"


def subject_of_catalog(name: str, binding: CatalogBinding) -> str:
    """A catalog profile and the address of its server."""
    return f"the catalog `{name}`{f' at `{binding.uri}`' if binding.uri else ''}"
