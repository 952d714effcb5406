"""What happened to tables: snapshots and moves of one table, and the publishes of a whole catalog by run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from floe.lake.base import MAIN
from floe.lake.history.lineage import ancestry
from floe.lake.history.moves import moves_of
from floe.lake.history.points import named
from floe.lake.read import snapshots

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from floe.lake.base import Catalog, TableName, TableState
    from floe.lake.read import TableSnapshot

BRANCH_PROPERTY = "floe.branch"
"""Summary property of a snapshot that a run made on another branch than main."""
BASE_PROPERTY = "floe.branch-base"
"""Summary property of such a snapshot: main's snapshot when the branch of the table began; empty where it had none."""


@dataclass(frozen=True)
class Entry:
    """One line of a table's history: a snapshot that was made, or a move of main to one (to none, if None)."""

    at: datetime
    run_id: str
    """Empty where it was not Floe's."""
    operation: str
    """Iceberg's word for the snapshot's operation, or `rollback` or `promote`."""
    snapshot: TableSnapshot | None
    is_move: bool = False
    names: tuple[str, ...] = ()
    """Branches and tags that point to the snapshot; of a move, none."""
    tags: frozenset[str] = frozenset()
    branch: str = MAIN
    """Branch on which the snapshot was made; of a promotion, the promoted one."""
    is_live: bool = True
    """Whether main's history leads through the snapshot."""


def table_log(state: TableState) -> tuple[Entry, ...]:
    """Everything that happened to a table, the latest first, as far as its metadata remembers."""
    known = {item.snapshot_id: item for item in snapshots(state)}
    refs = named(state)
    names: dict[int, list[str]] = {}
    for name, (_, snapshot_id) in refs.items():
        names.setdefault(snapshot_id, []).append(name)
    live = set(ancestry(state.metadata, state.snapshot_id))
    made = [
        Entry(
            at=item.committed_at,
            run_id=item.run_id,
            operation=item.operation,
            snapshot=item,
            names=tuple(names.get(item.snapshot_id, ())),
            tags=frozenset(name for name in names.get(item.snapshot_id, ()) if refs[name][0] == "tag"),
            branch=item.summary.get(BRANCH_PROPERTY, MAIN),
            is_live=item.snapshot_id in live,
        )
        for item in known.values()
    ]
    moved = [
        Entry(
            at=move.moved_at,
            run_id=move.run_id,
            operation=move.operation,
            snapshot=known.get(move.after) if move.after is not None else None,
            is_move=True,
            branch=move.branch or MAIN,
        )
        for move in moves_of(state)
    ]
    return tuple(sorted([*reversed(made), *reversed(moved)], key=lambda entry: entry.at, reverse=True))


@dataclass
class Publish:
    """What one run did to the tables of the catalogs."""

    run_id: str
    at: datetime
    operation: str
    """`publish`, `rollback` or `promote`."""
    branch: str
    tables: list[TableName] = field(default_factory=list)
    rows_added: int = 0
    rows_removed: int = 0
    names: tuple[str, ...] = ()
    """Tags that point to what the run left, in each of its tables."""


def publishes(catalogs: Mapping[str, Catalog]) -> list[Publish]:
    """What the tables of the catalogs remember, by run, the latest first.

    Raises:
        LakeError: a catalog or a table's metadata cannot be read.
    """
    found: dict[tuple[str, str], Publish] = {}
    tags: dict[tuple[str, str], list[frozenset[str]]] = {}
    for _, state in states_by_catalog(catalogs):
        for entry in table_log(state):
            # What other programs wrote belongs to no run: each such snapshot stands for itself.
            written = entry.snapshot.snapshot_id if entry.snapshot else 0
            key = (entry.run_id or str(written), entry.operation if entry.is_move else "publish")
            publish = found.setdefault(key, Publish(entry.run_id, entry.at, key[1], entry.branch))
            publish.at = max(publish.at, entry.at)
            publish.tables.append(state.name)
            if entry.snapshot is not None and not entry.is_move:
                publish.rows_added += entry.snapshot.rows_added or 0
                publish.rows_removed += entry.snapshot.rows_removed or 0
                tags.setdefault(key, []).append(entry.tags)
    for key, sets in tags.items():
        found[key].names = tuple(sorted(frozenset.intersection(*sets)))
    return sorted(found.values(), key=lambda publish: publish.at, reverse=True)


def states_by_catalog(catalogs: Mapping[str, Catalog]) -> Iterator[tuple[str, TableState]]:
    """Every table of the catalogs, with the name of its catalog's profile.

    Raises:
        LakeError: a catalog or a table's metadata cannot be read.
    """
    for profile, catalog in catalogs.items():
        for name in catalog.tables():
            yield profile, catalog.load(name, "")
