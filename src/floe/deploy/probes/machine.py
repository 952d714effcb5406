"""Whether this machine has room: on the disks that are written to, and in memory."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from floe.deploy.probing import Finding, Probe, failure, ok, warning
from floe.lake.stores.local import LEAST_FREE_BYTES, existing_folder, free_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping

SECTION = "machine"
_LITTLE_DISK_BYTES = 1024**3
_LITTLE_MEMORY_BYTES = 512 * 1024**2
_MEMORY = Path("/proc/meminfo")
_GROUPS = (("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),)


def machine_probes(folders: Mapping[str, str]) -> list[Probe]:
    """Looks at the disks of folders (what each is for -> its path), one probe a disk, and at memory."""
    disks: dict[int, list[str]] = {}
    for purpose, path in folders.items():
        disks.setdefault(existing_folder(path).stat().st_dev, []).append(purpose)
    probes = [_disk(purposes, folders[purposes[0]]) for purposes in disks.values()]
    return [*probes, Probe(SECTION, "memory", _look_at_memory)]


def available_memory() -> int | None:
    """Bytes that processes can still get, also where a container has less than the machine; None if nobody says."""
    try:
        lines = dict(line.split(":", 1) for line in _MEMORY.read_text().splitlines() if ":" in line)
        free = int(lines["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError, ValueError):
        return None
    for limit, used in _GROUPS:
        try:
            free = min(free, int(Path(limit).read_text()) - int(Path(used).read_text()))
        except (OSError, ValueError):
            continue  # no such group, or one without a limit
    return max(0, free)


def gigabytes(number: int) -> str:
    """A size, as people read it."""
    return f"{number / 1024**3:,.1f} GiB" if number >= 1024**3 else f"{number / 1024**2:,.0f} MiB"


def _disk(purposes: list[str], path: str) -> Probe:
    return Probe(SECTION, f"disk of {', '.join(purposes)}", partial(_look_at_disk, purposes, path))


def _look_at_disk(purposes: list[str], path: str) -> Finding:
    free = free_bytes(existing_folder(path))
    text = f"{gigabytes(free)} of disk are free for {', '.join(purposes)}"
    if free < LEAST_FREE_BYTES:
        return failure("FLOE-0773", text, f"free some space on the disk of `{path}`")
    return warning(text, f"free some space on the disk of `{path}`") if free < _LITTLE_DISK_BYTES else ok(text)


def _look_at_memory() -> Finding:
    free = available_memory()
    if free is None:
        return Finding("skipped", "this system does not say how much memory is free")
    text = f"{gigabytes(free)} of memory are free"
    fix = "end other programs, or give this machine more: what does not fit is written to disk, which takes longer"
    return warning(text, fix) if free < _LITTLE_MEMORY_BYTES else ok(text)
