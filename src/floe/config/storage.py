"""The storage of `platform.yaml`: a folder, or a bucket of some kind."""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from pydantic import Discriminator, Field, Tag

from floe.config.fields import NonEmpty, OpenProfile, Strict

BucketType = Literal["s3", "gcs", "azure"]
BUCKETS: tuple[str, ...] = get_args(BucketType)
"""Types of storage that are buckets of object stores."""


class LocalStorage(Strict):
    """A folder that holds the tables' data and metadata files."""

    type: Literal["local"] = Field(description="Kind of storage: a local folder.")
    path: NonEmpty = Field(description="Folder of the warehouse, relative to the project.")


class BucketConfig(OpenProfile):
    """A bucket of an object store; `floe.config.buckets` knows the settings of each type."""

    type: BucketType = Field(description="Kind of object store.")


def _storage_tag(value: Any) -> str | None:  # noqa: ANN401 - the file's value, not yet checked
    kind = value.get("type") if isinstance(value, dict) else getattr(value, "type", None)
    if kind == "local":
        return "<local>"
    return "<bucket>" if kind in BUCKETS else None


StorageProfile = Annotated[
    Annotated[LocalStorage, Tag("<local>")] | Annotated[BucketConfig, Tag("<bucket>")], Discriminator(_storage_tag)
]
