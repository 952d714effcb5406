"""Takes locations of object stores apart: `s3://bucket/key`, `gs://bucket/name`, `abfss://container@account…/name`."""

from __future__ import annotations

from typing import NamedTuple

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
