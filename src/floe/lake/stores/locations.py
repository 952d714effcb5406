"""Takes locations of object stores apart: `s3://bucket/key`, `gs://bucket/name`, `abfss://container@account…/name`.

Says, too, below which of several roots a location lies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeVar

from floe.lake.stores.outside import outside

if TYPE_CHECKING:
    from collections.abc import Mapping

Place = TypeVar("Place")

_SCHEMES = {"s3": "s3", "s3a": "s3", "s3n": "s3", "gs": "gs", "gcs": "gs"}
_SCHEMES |= {"abfss": "abfss", "abfs": "abfss", "wasbs": "abfss", "wasb": "abfss"}


class ObjectLocation(NamedTuple):
    """A location by its parts."""

    scheme: str
    """The usual one of the store; others mean the same."""
    authority: str
    """The bucket; of Azure, container and account."""
    key: str

    @property
    def bucket(self) -> str:
        """The bucket, or the container of an Azure account."""
        return self.authority.partition("@")[0]

    @property
    def path(self) -> str:
        """What Arrow calls it: bucket and key."""
        return f"{self.bucket}/{self.key}".rstrip("/")

    def holds(self, other: ObjectLocation) -> bool:
        """Whether the other is this one or below it."""
        if (self.scheme, self.authority) != (other.scheme, other.authority):
            return False
        return not self.key or other.key == self.key or other.key.startswith(f"{self.key}/")


def is_object_location(location: str) -> bool:
    """Whether it is a URL of an object store; a path of this machine or a `file:` URI otherwise."""
    return "://" in location and not location.startswith("file:")


def object_location(location: str) -> ObjectLocation:
    """The parts of a URL."""
    scheme, _, rest = location.partition("://")
    authority, _, key = rest.partition("/")
    if "@" in authority:
        container, _, host = authority.partition("@")
        authority = f"{container}@{host.partition('.')[0]}"
    return ObjectLocation(_SCHEMES.get(scheme.lower(), scheme.lower()), authority, key.strip("/"))


def candidates(location: str, roots: Mapping[Place, ObjectLocation]) -> list[Place]:
    """What may hold a location: where it is below a root, the longest root first; else what has its bucket, in order.

    Raises:
        LakeError: no root is in its bucket.
    """
    wanted = object_location(location)
    holding = [place for place, root in roots.items() if root.holds(wanted)]
    if holding:
        return sorted(holding, key=lambda place: -len(roots[place].key))
    same_bucket = [place for place, root in roots.items() if root[:2] == wanted[:2]]
    if not same_bucket:
        raise outside(location)
    return same_bucket
