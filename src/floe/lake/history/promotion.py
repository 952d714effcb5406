"""Branches over all tables: what they hold, bringing them to main, and dropping them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from floe.errors import LakeError, UsageError
from floe.lake.base import MAIN, TableCommit
from floe.lake.history.effects import who_moved_on
from floe.lake.history.lineage import ancestry, content_head
from floe.lake.history.log import BASE_PROPERTY, states_by_catalog
from floe.lake.history.moves import move_main, moves_of
from floe.lake.history.points import check_name, find_snapshot, run_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from floe.lake.base import Catalog, TableState


@dataclass(frozen=True)
class TableBranch:
    """A branch of one table, beside main."""

    catalog: str
    """Profile name."""
    state: TableState
    """The table as the catalog has it, seen from main."""
    name: str
    head: int

    @property
    def run_id(self) -> str:
        """The run that published to the branch last."""
        return run_of(find_snapshot(self.state, self.head))

    @property
    def is_ahead(self) -> bool:
        """Whether the branch has something that main has not."""
        return self.head not in ancestry(self.state.metadata, self.state.snapshot_id)

    @property
    def main_moved(self) -> bool:
        """Whether main is not any more what the branch began with."""
        main = content_head(self.state.metadata, self.state.snapshot_id)
        summary = find_snapshot(self.state, self.head).get("summary") or {}
        began_with = summary.get(BASE_PROPERTY)
        if began_with is not None and self.is_ahead:
            base = content_head(self.state.metadata, int(began_with)) if began_with else None
            return base != main
        return main is not None and self.is_ahead and main not in ancestry(self.state.metadata, self.head)


@dataclass(frozen=True)
class PromotionStep:
    """One table whose main is brought to the branch."""

    branch: TableBranch
    keep: bool

    @property
    def catalog(self) -> str:
        """Profile name."""
        return self.branch.catalog

    @property
    def state(self) -> TableState:
        """The table, seen from main."""
        return self.branch.state

    @property
    def target(self) -> int | None:
        """The snapshot that main will have."""
        return self.branch.head if self.branch.is_ahead else self.state.snapshot_id

    def commit(self, run_id: str) -> TableCommit:
        """What carries it out."""
        moves = move_main(self.state, self.branch.head, run_id, "promote", self.branch.name).updates
        updates = moves if self.branch.is_ahead else ()
        return TableCommit(self.state, updates if self.keep else (*updates, removal(self.branch.name)))


def branches(catalogs: Mapping[str, Catalog]) -> dict[str, list[TableBranch]]:
    """Every branch beside main -> its tables.

    Raises:
        LakeError: a catalog or a table's metadata cannot be read.
    """
    found: dict[str, list[TableBranch]] = {}
    for profile, state in states_by_catalog(catalogs):
        for name, ref in (state.metadata.get("refs") or {}).items():
            if name != MAIN and ref["type"] == "branch":
                found.setdefault(name, []).append(TableBranch(profile, state, name, int(ref["snapshot-id"])))
    return dict(sorted(found.items()))


def branch_named(catalogs: Mapping[str, Catalog], name: str) -> list[TableBranch]:
    """The tables that have a branch.

    Raises:
        UsageError: no table has.
        LakeError: a catalog or a table's metadata cannot be read.
    """
    check_name(name)
    known = branches(catalogs)
    if name not in known:
        others = ", ".join(f"`{other}`" for other in known)
        hint = f"there are {others}" if others else "`floe run --branch NAME` makes one"
        raise UsageError("FLOE-0757", f"no table has a branch `{name}`", hint)
    return known[name]


def plan_promotion(catalogs: Mapping[str, Catalog], name: str, *, keep: bool) -> tuple[PromotionStep, ...]:
    """Bring main of all tables of a branch to the branch.

    Raises:
        UsageError: no table has that branch.
        LakeError: main of a table has moved on since the branch began.
    """
    tables = branch_named(catalogs, name)
    moved = [table for table in tables if table.main_moved]
    if moved:
        details = [f"`{table.state.name}` is at {who_moved_on(table.state, table.head)}" for table in moved]
        reason = f"main has moved on since branch `{name}` began; nothing was changed"
        instruction = f"build the branch anew: `floe branch drop {name}`, then `floe run --branch {name}`"
        raise LakeError("FLOE-0582", reason, instruction, details=details)
    return tuple(PromotionStep(table, keep) for table in tables if table.is_ahead or not keep)


def drop_branch(catalogs: Mapping[str, Catalog], name: str) -> list[TableBranch]:
    """Take a branch from all tables, in one commit per catalog; tables that nothing else holds leave the catalog.

    One of which a rollback left nothing on main stays: that may be taken back.

    Raises:
        UsageError: no table has that branch.
        LakeError: a catalog failed.
    """
    tables = branch_named(catalogs, name)
    for profile, catalog in catalogs.items():
        mine = [table.state for table in tables if table.catalog == profile]
        if mine:
            catalog.commit([TableCommit(state, (removal(name),)) for state in mine], lambda _: None)
            catalog.drop([state.name for state in mine if not _others(state, name) and not moves_of(state)])
    return tables


def removal(name: str) -> dict[str, Any]:
    """The update that takes a branch or tag from a table."""
    return {"action": "remove-snapshot-ref", "ref-name": name}


def _others(state: TableState, name: str) -> Sequence[str]:
    return [other for other in state.metadata["refs"] if other != name]
