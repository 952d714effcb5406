"""Paths that Iceberg locations name."""

from __future__ import annotations

_FILE_SCHEME = "file://"


def local_path(location: str) -> str:
    """The path that a location of this machine names; the location itself if it is a URL of another storage.

    Locations are plain paths, `file:` URIs, which are never percent-encoded, or URLs.
    """
    if location.startswith(_FILE_SCHEME):
        return location[len(_FILE_SCHEME) :]
    return location.removeprefix("file:")
