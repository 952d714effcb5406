"""Taking publishes back: one table to an earlier snapshot, or all tables of a run to where they were before it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from floe.errors import LakeError, UsageError
from floe.lake.base import ASSET_PROPERTY, MAIN
from floe.lake.history.effects import effects_on_main, who_moved_on
from floe.lake.history.lineage import ancestry, content_head
from floe.lake.history.log import BRANCH_PROPERTY, publishes, states_by_catalog
from floe.lake.history.moves import move_main, moves_of
from floe.lake.history.points import find_snapshot, run_of, snapshot_at

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from floe.lake.base import Catalog, TableCommit, TableState
    from floe.lake.history.effects import Effect

LAST = "last"
"""Stands for the run that changed main last."""
_HOOK_TABLE = "floe.hook-table"


@dataclass(frozen=True)
class Step:
    """One table that main is to be moved in."""

    catalog: str
    """Profile name."""
    state: TableState
    target: int | None
    """None: main points to nothing any more."""

    def commit(self, run_id: str) -> TableCommit:
        """What carries it out."""
        return move_main(self.state, self.target, run_id, "rollback")


@dataclass(frozen=True)
class Rollback:
    """A whole rollback, planned."""

    steps: tuple[Step, ...]
    run_id: str = ""
    """The run that is taken back."""
    left: tuple[str, ...] = ()
    """Sentences about tables that stay as they are."""


def plan_table(catalog: str, state: TableState, to: str | None) -> Rollback:
    """Bring one table to what `to` means (see `snapshot_at`), to the snapshot before the current one if None.

    Raises:
        UsageError: it is there already.
        LakeError: there is no such snapshot.
    """
    head = state.snapshot_id
    target = snapshot_at(state, str(head) + "^" if to is None else to)
    if target == head:
        raise UsageError("FLOE-0756", f"`{state.name}` is at snapshot {head} already", _see(state))
    if _is_only_a_branch_s(state, target):
        made_by = run_of(find_snapshot(state, target))
        reason = f"snapshot {target} of `{state.name}` was never on main: run `{made_by}` made it on a branch"
        raise UsageError("FLOE-0756", reason, "bring a branch to main with `floe promote NAME`")
    return Rollback((Step(catalog, state, target),))


def plan_run(catalogs: Mapping[str, Catalog], text: str) -> Rollback:
    """Bring every table that a run published, rolled back or promoted to where it was before the run.

    Tables of hooks and rows that tests keep stay as they are where later runs have written to them.

    Raises:
        UsageError: no table remembers such a run, or it was taken back already.
        LakeError: a table has moved on since, or the snapshot before was expired.
    """
    text = last_run_on_main(catalogs) if text == LAST else text
    touched = [
        (profile, state, effect)
        for profile, state in states_by_catalog(catalogs)
        for effect in effects_on_main(state)
        if effect.run_id.startswith(text)
    ]
    run_id = _only_run({effect.run_id for _, _, effect in touched}, text)
    steps, moved, gone, left = [], [], [], []
    for profile, state, effect in touched:
        if content_head(state.metadata, state.snapshot_id) == content_head(state.metadata, effect.after):
            steps.append(Step(profile, state, _before(state, effect)))
        elif effect.after not in ancestry(state.metadata, state.snapshot_id):
            gone.append(state)
        elif _outlives_runs(state, effect):
            left.append(f"`{state.name}` stays as it is: later runs have written to it")
        else:
            moved.append(f"`{state.name}` is at {who_moved_on(state, effect.after)}")
    if moved or (gone and steps):
        moved += [f"`{state.name}` is at {who_moved_on(state, None)}" for state in gone]
        raise _moved_on(run_id, moved)
    if not steps:
        reason = f"nothing of run `{run_id}` is current any more: it was taken back, or main has moved on"
        raise UsageError("FLOE-0756", reason, "`floe history` lists what happened")
    return Rollback(tuple(steps), run_id, tuple(left))


def last_run_on_main(catalogs: Mapping[str, Catalog]) -> str:
    """The run that changed main last, by a publish, a promotion or a rollback.

    Raises:
        UsageError: there was none yet.
        LakeError: a catalog or a table's metadata cannot be read.
    """
    found = (item for item in publishes(catalogs) if item.run_id)
    last = next((item.run_id for item in found if item.operation != "publish" or item.branch == MAIN), None)
    if last is None:
        raise UsageError("FLOE-0756", "nothing was published to main yet", "run `floe run`")
    return last


def _is_only_a_branch_s(state: TableState, snapshot_id: int) -> bool:
    """Whether main never led through the snapshot, which a run made on a branch."""
    summary = find_snapshot(state, snapshot_id).get("summary") or {}
    on_main = {state.snapshot_id, *(end for move in moves_of(state) for end in (move.before, move.after))}
    return BRANCH_PROPERTY in summary and all(snapshot_id not in ancestry(state.metadata, end) for end in on_main)


def _only_run(found: set[str], text: str) -> str:
    if not found:
        reason = f"no table remembers that run `{text}` published it to main"
        raise UsageError("FLOE-0756", reason, "`floe history` lists the runs that did")
    if len(found) > 1:
        runs = " and ".join(f"`{run_id}`" for run_id in sorted(found))
        raise UsageError("FLOE-0756", f"several runs begin with `{text}`: {runs}", "write more of the run's id")
    return found.pop()


def _before(state: TableState, effect: Effect) -> int | None:
    if not effect.is_complete:
        reason = f"the snapshot of `{state.name}` before run `{effect.run_id}` was expired"
        raise LakeError("FLOE-0581", reason, _see(state))
    return effect.before


def _outlives_runs(state: TableState, effect: Effect) -> bool:
    """Whether it is no result of the run: the log of a hook, or failing rows that a test keeps."""
    if effect.after is None:
        return False
    made_for = str((find_snapshot(state, effect.after).get("summary") or {}).get(ASSET_PROPERTY, ""))
    return made_for.startswith("test.") or _HOOK_TABLE in state.metadata.get("properties", {})


def _moved_on(run_id: str, moved: Sequence[str]) -> LakeError:
    reason = f"run `{run_id}` cannot be taken back: its tables have moved on since; nothing was changed"
    instruction = "take the later runs back first, the latest first; or one table with `floe rollback TABLE --to WHEN`"
    return LakeError("FLOE-0580", reason, instruction, details=sorted(moved))


def _see(state: TableState) -> str:
    return f"see its snapshots with `floe history {state.name}`"
