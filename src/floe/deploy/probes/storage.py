"""Whether files can be put into the places that a platform names, read, listed and deleted there."""

from __future__ import annotations

import secrets
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from floe.deploy.probes.secrets import keys_of, secrets_of_storage
from floe.deploy.probes.subjects import subject_of_storage
from floe.deploy.probing import Finding, Probe, failure, ok
from floe.lake.stores.local import LOCAL, existing_folder

if TYPE_CHECKING:
    from floe.artifact.settings import StorageBinding
    from floe.lake.stores.base import FileStore
    from floe.lake.stores.open import Stores

SECTION = "storage"
_FOLDER = "floe-preflight"
_CONTENT = b"Floe looked whether it may write here. This file can be deleted.\n"


def storage_probes(name: str, binding: StorageBinding, stores: Stores, *, writes: bool) -> list[Probe]:
    """Looks at one storage profile; with `writes`, a file is put there and deleted again."""
    if binding.credentials.mode == "vended":
        text = f"`{name}`: the catalog vends the keys for each table; the probe of its tables uses them"
        return [Probe(SECTION, name, lambda: Finding("skipped", text))]
    after = keys_of(secrets_of_storage(binding))
    root = stores.root(name)
    subject = subject_of_storage(name, binding, root)
    store: FileStore
    if binding.type == "local":
        reach = Probe(SECTION, name, partial(_look_at_folder, name, root), after, subject=subject)
        folder, store = str(existing_folder(root)), LOCAL
    else:
        reach = Probe(SECTION, name, partial(_look_at_bucket, name, stores), after, subject=subject)
        folder, store = root, stores.object_store(name)
    if not writes:
        return [reach]
    location = f"{folder.rstrip('/')}/{_FOLDER}/{secrets.token_hex(8)}"
    look = partial(_try, name, store, location)
    return [reach, Probe(SECTION, f"{name}, files", look, (reach.key,), leaves=f"`{location}`")]


def _look_at_folder(name: str, root: str) -> Finding:
    LOCAL.check(root)
    return ok(f"`{name}`: the folder `{root}` can be written")


def _look_at_bucket(name: str, stores: Stores) -> Finding:
    store = stores.object_store(name)
    store.check()
    return ok(f"`{name}`: the bucket `{store.bucket}` is there")


def _try(name: str, store: FileStore, location: str) -> Finding:
    folder = location.rpartition("/")[0]
    try:
        store.write_new(location, _CONTENT)
        read = store.read(location)
        listed = [item.location for item in store.list_files(folder)]
    finally:
        _remove(store, location)
    if read != _CONTENT or not any(item.endswith(location.rpartition("/")[2]) for item in listed):
        what = "is not listed" if read == _CONTENT else "has another content when it is read"
        text = f"`{name}`: the file `{location}` was written, but {what}"
        return failure("FLOE-0771", text, "ask who runs this storage: tables cannot be kept there")
    return ok(f"`{name}`: put, read, listed and deleted a file in `{folder}`")


def _remove(store: FileStore, location: str) -> None:
    store.delete([location])
    if store.is_local:
        with suppress(OSError):  # another preflight may be using it
            Path(location).parent.rmdir()
