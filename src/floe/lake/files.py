"""Paths and objects that Iceberg locations name."""

from __future__ import annotations

import posixpath

from floe.lake.stores.locations import is_object_location, object_location

_FILE_SCHEME = "file://"


def local_path(location: str) -> str:
    """The path that a location of this machine names; the location itself if it is a URL of another storage.

    Locations are plain paths, `file:` URIs, which are never percent-encoded, or URLs.
    """
    if location.startswith(_FILE_SCHEME):
        return location[len(_FILE_SCHEME) :]
    return location.removeprefix("file:")


def same_file(location: str) -> str:
    """A text that is the same for every way to write the location of one file, for comparisons."""
    if is_object_location(location):
        return "//".join(object_location(location))
    return posixpath.normpath(local_path(location))
