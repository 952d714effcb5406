"""Where what is fetched and built stays, and how programs of several minutes are run once."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

ROOT = Path(__file__).resolve().parent.parent
VARIABLE = "FLOE_SERVICES_CACHE"


def cache_folder() -> Path:
    """The folder of the environment variable, else `.uv/services` of the checkout."""
    folder = Path(os.environ.get(VARIABLE) or ROOT / ".uv" / "services")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def built_once(name: str, sources: Iterable[Path], build: Callable[[Path], None]) -> Path:
    """The folder that `build` filled for sources with these very contents; it runs only if no such folder is there.

    A build that fails leaves nothing behind. Of several processes one builds, and the others wait for it.
    """
    digest = hashlib.sha256()
    for path in sorted(sources):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    folder = cache_folder() / f"{name}-{digest.hexdigest()[:12]}"
    with _locked(cache_folder() / f"{name}.lock"):
        if not folder.is_dir():
            growing = folder.with_suffix(".growing")
            shutil.rmtree(growing, ignore_errors=True)
            growing.mkdir()
            build(growing)
            growing.rename(folder)
    return folder


def download(address: str, path: Path) -> None:
    """Fetch a file of a registry, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    growing = path.with_suffix(".growing")
    with urllib.request.urlopen(address, timeout=120) as answer, growing.open("wb") as target:
        shutil.copyfileobj(answer, target)
    growing.rename(path)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
