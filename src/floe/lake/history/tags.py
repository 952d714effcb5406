"""Tags: names for snapshots of tables, which keep them readable."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from floe.errors import UsageError
from floe.lake.base import TableCommit
from floe.lake.history.effects import effects_on_main
from floe.lake.history.log import states_by_catalog
from floe.lake.history.points import check_name, named
from floe.lake.history.promotion import removal
from floe.lake.history.rollback import LAST, last_run_on_main
from floe.lake.updates import set_ref

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from floe.lake.base import Catalog, TableName, TableState


@dataclass(frozen=True)
class Tagged:
    """A snapshot of a table that has a tag, or is to get one."""

    catalog: str
    """Profile name."""
    state: TableState
    snapshot_id: int

    @property
    def table(self) -> TableName:
        """Name of the table."""
        return self.state.name


def tags(catalogs: Mapping[str, Catalog]) -> dict[str, list[Tagged]]:
    """Every tag -> the snapshots that have it.

    Raises:
        LakeError: a catalog or a table's metadata cannot be read.
    """
    found: dict[str, list[Tagged]] = {}
    for profile, state in states_by_catalog(catalogs):
        for name, (kind, snapshot_id) in named(state).items():
            if kind == "tag":
                found.setdefault(name, []).append(Tagged(profile, state, snapshot_id))
    return dict(sorted(found.items()))


def snapshots_of_tables(catalogs: Mapping[str, Catalog], wanted: Collection[TableName]) -> list[Tagged]:
    """The current snapshots of these tables, of every published one if there are none.

    Raises:
        UsageError: nothing was published yet.
        LakeError: a catalog or a table's metadata cannot be read.
    """
    found = [
        Tagged(profile, state, state.snapshot_id)
        for profile, state in states_by_catalog(catalogs)
        if state.snapshot_id is not None and (not wanted or state.name in wanted)
    ]
    if not found:
        raise UsageError("FLOE-0762", "there is nothing to tag: no table has a snapshot on main", "run `floe run`")
    return found


def snapshots_of_run(catalogs: Mapping[str, Catalog], text: str) -> list[Tagged]:
    """What a run published, rolled back or promoted on main; `text` may be the beginning of its id.

    Raises:
        UsageError: no table remembers such a run.
        LakeError: a catalog or a table's metadata cannot be read.
    """
    text = last_run_on_main(catalogs) if text == LAST else text
    found = [
        (effect.run_id, Tagged(profile, state, effect.after))
        for profile, state in states_by_catalog(catalogs)
        for effect in effects_on_main(state)
        if effect.run_id.startswith(text) and effect.after is not None
    ]
    runs = sorted({run_id for run_id, _ in found})
    if len(runs) != 1:
        reason = f"several runs begin with `{text}`" if runs else f"no table remembers a run `{text}` on main"
        raise UsageError("FLOE-0762", reason, "`floe history` lists the runs")
    return [tagged for _, tagged in found]


def give_tag(catalogs: Mapping[str, Catalog], name: str, tagged: Collection[Tagged]) -> None:
    """Give snapshots a name, all those of one catalog in one commit. Those that have it already stay as they are.

    Raises:
        UsageError: the name cannot be a tag's, or is that of a branch or of another snapshot already.
        LakeError: a catalog failed; nothing of it was changed.
    """
    check_name(name)
    new = [item for item in tagged if named(item.state).get(name) != ("tag", item.snapshot_id)]
    for item in new:
        if name in named(item.state):
            kind, snapshot_id = named(item.state)[name]
            reason = f"`{item.table}` has a {kind} `{name}` already, at snapshot {snapshot_id}; nothing was tagged"
            raise UsageError("FLOE-0763", reason, f"use another name, or `floe {_removing(kind, name)}` first")
    for profile, catalog in catalogs.items():
        commits = [
            TableCommit(item.state, ({"action": "set-snapshot-ref", **_ref(item, name)},))
            for item in new
            if item.catalog == profile
        ]
        if commits:
            catalog.commit(commits, lambda _: None)


def remove_tag(catalogs: Mapping[str, Catalog], name: str, wanted: Collection[TableName]) -> list[Tagged]:
    """Take a tag from these tables, from all if there are none, in one commit per catalog.

    Raises:
        UsageError: none of them has the tag.
        LakeError: a catalog failed; nothing of it was changed.
    """
    known = tags(catalogs)
    found = [item for item in known.get(name, ()) if not wanted or item.table in wanted]
    if not found:
        others = ", ".join(f"`{other}`" for other in known)
        raise UsageError("FLOE-0762", f"no table has a tag `{name}`", f"there are {others}" if others else "")
    for profile, catalog in catalogs.items():
        commits = [TableCommit(item.state, (removal(name),)) for item in found if item.catalog == profile]
        if commits:
            catalog.commit(commits, lambda _: None)
    return found


def _ref(item: Tagged, name: str) -> dict[str, object]:
    return set_ref(item.state.metadata, name, item.snapshot_id, "tag")


def _removing(kind: str, name: str) -> str:
    return f"tag {name} --delete" if kind == "tag" else f"branch drop {name}"
