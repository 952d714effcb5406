"""Which snapshots of a table may go: Iceberg's own rules, with the layer's retention where the table says nothing.

https://iceberg.apache.org/spec/#snapshot-retention-policy. Plain JSON; nothing here reads a file.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MAX_SNAPSHOT_AGE = "history.expire.max-snapshot-age-ms"
MIN_SNAPSHOTS = "history.expire.min-snapshots-to-keep"
MAX_REF_AGE = "history.expire.max-ref-age-ms"
_GC_ENABLED = "gc.enabled"
_MANY = 100
"""So many snapshots must be overdue before a publish expires them."""
_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True)
class Retention:
    """What a table keeps at least. Ages are in milliseconds."""

    snapshot_age: int
    snapshots: int
    ref_age: int | None = None
    """None: branches and tags stay for ever."""


@dataclass(frozen=True)
class Expiry:
    """What of a table's history is no longer kept."""

    snapshot_ids: tuple[int, ...] = ()
    """Oldest first."""
    refs: tuple[str, ...] = ()
    """Branches and tags that are older than they were meant to get."""

    def __bool__(self) -> bool:
        return bool(self.snapshot_ids or self.refs)

    def updates(self) -> tuple[dict[str, Any], ...]:
        """The updates of the REST specification that carry it out."""
        refs = [{"action": "remove-snapshot-ref", "ref-name": name} for name in self.refs]
        if not self.snapshot_ids:
            return tuple(refs)
        return (*refs, {"action": "remove-snapshots", "snapshot-ids": list(self.snapshot_ids)})


def layer_retention(days: int, snapshots: int) -> Retention:
    """The retention that a layer asks for."""
    return Retention(timedelta(days=days) // _MILLISECOND, snapshots)


def retention_of(properties: Mapping[str, str], layer: Retention) -> Retention:
    """The layer's retention, with what the table's own properties say instead.

    Raises:
        ValueError: a property is not a number.
    """
    ref_age = properties.get(MAX_REF_AGE)
    return Retention(
        snapshot_age=int(properties.get(MAX_SNAPSHOT_AGE, layer.snapshot_age)),
        snapshots=max(1, int(properties.get(MIN_SNAPSHOTS, layer.snapshots))),
        ref_age=layer.ref_age if ref_age is None else int(ref_age),
    )


def may_delete(properties: Mapping[str, str]) -> bool:
    """Whether a table lets its files be deleted: `gc.enabled` is false where others use them, too."""
    return str(properties.get(_GC_ENABLED, "true")).lower() != "false"


def overdue(metadata: Mapping[str, Any], layer: Retention, now: int) -> tuple[dict[str, Any], ...]:
    """Updates for a publish: they expire snapshots of a table that has a hundred more of them than it is to keep.

    Metadata is read and written as a whole, so that each publish of a table with a thousand snapshots takes three times
    as long as of one with ten. Properties that cannot be understood are left to `floe maintain`, which says so.
    """
    properties, snapshots = metadata.get("properties", {}), metadata.get("snapshots", ())
    if not may_delete(properties):
        return ()
    try:
        retention = retention_of(properties, layer)
        # Snapshots are entered as they are made: mostly one shows that too few are old enough.
        if snapshots[_MANY - 1]["timestamp-ms"] >= _oldest_young(metadata, retention, now):
            return ()
        expiry = plan_expiry(metadata, retention, now)
    except IndexError:  # it has fewer snapshots
        return ()
    except ValueError:
        return ()
    return Expiry(expiry.snapshot_ids).updates() if len(expiry.snapshot_ids) >= _MANY and not expiry.refs else ()


def _oldest_young(metadata: Mapping[str, Any], retention: Retention, now: int) -> int:
    """Since when snapshots are young enough to be kept for their age, whatever branch they are on."""
    ages = [ref.get("max-snapshot-age-ms", retention.snapshot_age) for ref in metadata.get("refs", {}).values()]
    return int(now - min((retention.snapshot_age, *ages)))


def plan_expiry(metadata: Mapping[str, Any], retention: Retention, now: int) -> Expiry:
    """Everything that the retention lets go. `now` is in milliseconds.

    The current snapshot, the snapshots of branches and tags, and the youngest of each branch always stay.
    """
    known = {item["snapshot-id"]: item for item in metadata.get("snapshots", ())}
    refs: Mapping[str, Mapping[str, Any]] = metadata.get("refs", {})
    expired_refs = tuple(name for name, ref in refs.items() if _is_expired(name, ref, known, retention, now))
    heads = [ref for name, ref in refs.items() if name not in expired_refs]
    current = metadata.get("current-snapshot-id")
    if current in known and "main" not in refs:
        heads.append({"snapshot-id": current, "type": "branch"})
    reachable: set[int] = set()
    kept: set[int] = set()
    for ref in heads:
        reachable |= set(_line(known, ref["snapshot-id"])) if ref["type"] == "branch" else {ref["snapshot-id"]}
        kept |= set(_kept_by(ref, known, retention, now))
    # What no branch leads to any more is kept for its age alone, as Iceberg does.
    young = {key for key, item in known.items() if now - item["timestamp-ms"] <= retention.snapshot_age}
    kept |= young - reachable
    gone = [item["snapshot-id"] for item in metadata.get("snapshots", ()) if item["snapshot-id"] not in kept]
    return Expiry(tuple(gone), expired_refs)


def _is_expired(
    name: str, ref: Mapping[str, Any], known: Mapping[int, Mapping[str, Any]], retention: Retention, now: int
) -> bool:
    age = ref.get("max-ref-age-ms", retention.ref_age)
    snapshot = known.get(ref["snapshot-id"])
    if name == "main" or snapshot is None or age is None:
        return False
    return bool(now - snapshot["timestamp-ms"] > age)


def _kept_by(
    ref: Mapping[str, Any], known: Mapping[int, Mapping[str, Any]], retention: Retention, now: int
) -> Iterator[int]:
    """The snapshots that a branch or tag holds: from its newest back, while they are few or young."""
    if ref["type"] != "branch":
        yield ref["snapshot-id"]
        return
    at_least = max(1, ref.get("min-snapshots-to-keep", retention.snapshots))
    age = ref.get("max-snapshot-age-ms", retention.snapshot_age)
    for number, snapshot_id in enumerate(_line(known, ref["snapshot-id"])):
        if number >= at_least and now - known[snapshot_id]["timestamp-ms"] > age:
            return
        yield snapshot_id


def _line(known: Mapping[int, Mapping[str, Any]], snapshot_id: int | None) -> Iterator[int]:
    """A snapshot and its ancestors, as far as the table still has them."""
    while snapshot_id is not None and snapshot_id in known:
        yield snapshot_id
        snapshot_id = known[snapshot_id].get("parent-snapshot-id")
