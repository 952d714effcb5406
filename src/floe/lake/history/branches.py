"""Catalogs as a branch sees them: a table's branch where it has it, else main; what is published goes to the branch.

Nothing is copied: the branch of a table begins at main's snapshot, with the first publish to it. Iceberg keeps the
current schema and the properties once for a table. On a branch they are those of the branch's snapshot; promoting makes
them the table's.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from floe.errors import UsageError
from floe.lake.base import MAIN, TableCommit, TableState
from floe.lake.history.lineage import SORT_ORDER, SPEC, ancestry, settings_at
from floe.lake.history.log import BASE_PROPERTY, BRANCH_PROPERTY
from floe.lake.history.points import check_name, find_snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from floe.lake.base import Catalog, TableName


@dataclass(frozen=True)
class BranchState(TableState):
    """A table as its branch sees it: what is current in its metadata is the branch's."""

    own: TableState = field(kw_only=True, compare=False, repr=False)
    """The table as the catalog has it."""


class BranchCatalog:
    """A catalog seen from a branch; implements `floe.lake.base.Catalog`."""

    def __init__(self, catalog: Catalog, branch: str) -> None:
        self._catalog = catalog
        self._branch = branch

    @property
    def atomic(self) -> bool:
        """As the catalog; see `Catalog.atomic`."""
        return self._catalog.atomic

    def check(self) -> None:
        """As the catalog; see `Catalog.check`."""
        self._catalog.check()

    def load(self, name: TableName, default_location: str) -> TableState:
        """The table as the branch sees it; see `Catalog.load`."""
        return seen_from(self._catalog.load(name, default_location), self._branch)

    def tables(self) -> Sequence[TableName]:
        """Every table of the catalog, also those that the branch has not."""
        return self._catalog.tables()

    def commit(self, commits: Sequence[TableCommit], on_step: Callable[[str], None]) -> None:
        """Change all the tables, or none; see `Catalog.commit`."""
        self._catalog.commit([TableCommit(_own(item.base), item.updates) for item in commits], on_step)

    def drop(self, names: Sequence[TableName]) -> None:
        """Take the branch from tables. Those that main has are there again as main has them."""
        loaded = [self._catalog.load(name, "") for name in names]
        update = {"action": "remove-snapshot-ref", "ref-name": self._branch}
        commits = [TableCommit(state, (update,)) for state in loaded if has_branch(state, self._branch)]
        if commits:
            self._catalog.commit(commits, lambda _: None)


def on_branch(catalogs: Mapping[str, Catalog], branch: str) -> dict[str, Catalog]:
    """Catalogs as a branch sees them; as they are for main.

    Raises:
        UsageError: no branch can have that name.
    """
    if branch == MAIN:
        return dict(catalogs)
    check_name(branch)
    return {profile: BranchCatalog(catalog, branch) for profile, catalog in catalogs.items()}


def has_branch(state: TableState, branch: str) -> bool:
    """Whether a table has a branch of that name.

    Raises:
        UsageError: the name is a tag's.
    """
    ref = (state.metadata.get("refs") or {}).get(branch)
    if ref is not None and ref["type"] != "branch":
        reason = f"`{branch}` is a tag of `{state.name}`, not a branch"
        instruction = f"give the branch another name, or remove the tag with `floe tag {branch} --delete`"
        raise UsageError("FLOE-0579", reason, instruction)
    return ref is not None


def seen_from(state: TableState, branch: str) -> TableState:
    """The table as a branch sees it.

    Raises:
        UsageError: the table has a tag of that name.
    """
    own = replace(state, branch=branch)
    if not has_branch(state, branch):
        return BranchState(**_fields(own), own=own)
    metadata = _metadata_at(own, own.snapshot_id)
    return BranchState(**{**_fields(own), "metadata": metadata}, own=own)


def begun_at_base(base: TableState, current: TableState) -> TableState:
    """The current table as seen from a branch that still has to begin: with main's snapshot of `base`.

    Others may have moved main on since; the branch begins where its first run has read main. Any other table, and one
    that has lost that snapshot, is returned as it is.
    """
    own, head, branch = _own(current), base.snapshot_id, base.branch
    is_new = branch != MAIN and head is not None and not (has_branch(_own(base), branch) or has_branch(own, branch))
    if head is None or not is_new or head not in {item["snapshot-id"] for item in own.metadata.get("snapshots", ())}:
        return current
    own = replace(own, branch=branch)
    return BranchState(**{**_fields(own), "metadata": _metadata_at(replace(own, branch=MAIN), head)}, own=own)


def at_snapshot(state: TableState, snapshot_id: int) -> TableState:
    """The table as it was when that snapshot was current, with the schema and the settings of then.

    Raises:
        LakeError: there is no such snapshot.
    """
    find_snapshot(state, snapshot_id)
    return replace(state, metadata=_metadata_at(_own(state), snapshot_id), branch=MAIN)


def origin_marks(base: TableState) -> dict[str, str]:
    """What the summary of a snapshot on a branch says: the branch, and main's snapshot that it began with."""
    if base.branch == MAIN:
        return {}
    metadata = _own(base).metadata
    main = replace(base, metadata=metadata, branch=MAIN).snapshot_id
    head = base.snapshot_id
    began_with: str | int | None = main
    if head is not None and base.branch not in (metadata.get("refs") or {}):
        began_with = head
    elif head is not None and head != main:
        summary = find_snapshot(base, head).get("summary") or {}
        began_with = summary.get(BASE_PROPERTY, main)
    return {BRANCH_PROPERTY: base.branch, BASE_PROPERTY: "" if began_with is None else str(began_with)}


def _own(state: TableState) -> TableState:
    return state.own if isinstance(state, BranchState) else state


def _fields(state: TableState) -> dict[str, Any]:
    names = ("name", "location", "metadata_location", "metadata", "store", "branch")
    return {name: getattr(state, name) for name in names}


def _metadata_at(state: TableState, head: int | None) -> dict[str, Any]:
    """The metadata with what is current at a snapshot in place of what is on main."""
    metadata = state.metadata
    main = replace(state, branch=MAIN).snapshot_id
    past = ancestry(metadata, head)
    moments = {item["snapshot-id"]: item["timestamp-ms"] for item in metadata["snapshots"]}
    snapshot = find_snapshot(state, past[0])
    settings = settings_at(metadata, main, head)
    spec_id, order_id = int(settings.pop(SPEC)), int(settings.pop(SORT_ORDER))
    return {
        **metadata,
        "current-snapshot-id": head,
        "current-schema-id": snapshot.get("schema-id", metadata["current-schema-id"]),
        "default-spec-id": spec_id,
        "default-sort-order-id": order_id,
        "properties": settings,
        "snapshot-log": [{"snapshot-id": item, "timestamp-ms": moments[item]} for item in reversed(past)],
    }
