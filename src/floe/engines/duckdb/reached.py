"""Which object stores DuckDB was let into, and what it means when one of them refuses or fails."""

from __future__ import annotations

import re
import weakref
from typing import TYPE_CHECKING

import duckdb

from floe.lake.stores.locations import object_location

if TYPE_CHECKING:
    from floe.errors import LakeError
    from floe.lake.stores.arrow import ArrowStore

REACHED: weakref.WeakSet[ArrowStore] = weakref.WeakSet()
_LOCATION = re.compile(r"[a-z0-9]+://[^\s'\"`,]+")
_BUCKET = re.compile(r"in bucket '([^']+)'")
_NO_FILE = ("No files found", "HTTP 404 ", "HTTP code 404)\n\nNoSuchKey")


def store_fault(error: duckdb.Error) -> LakeError | None:
    """The error of the store that DuckDB speaks of, where one that was reached is at fault."""
    if not REACHED or isinstance(error, duckdb.InterruptException):
        return None
    text = str(error)
    if any(words in text for words in _NO_FILE):
        return None
    located = _LOCATION.search(text)
    bucket = _BUCKET.search(text)
    if located is None and bucket is None:
        return None
    named = located[0] if located else ""
    store = next((store for store in REACHED if _is_of(store, named, bucket[1] if bucket else "")), None)
    if store is None:
        return None
    location = named if named and not named.startswith("http") else store.access.root
    action = "write" if re.search(r"PUT|POST|upload|Upload|write|Unable to connect to URL", text) else "read"
    return store.explain(action, location, text.partition("\n\nLINE ")[0])


def _is_of(store: ArrowStore, location: str, bucket: str) -> bool:
    """Whether a location, or an address that a request went to, belongs to the store's bucket."""
    root = object_location(store.access.root)
    if bucket:
        return bucket == root.bucket
    if location.startswith(("http://", "https://")):
        return root.bucket in location.split("/")[2:4] or location.split("/")[2].startswith(f"{root.bucket}.")
    return object_location(location)[:2] == root[:2]
