"""Publishes to several tables of a server that commits to one at a time: written down first, in order, reversible."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from floe.errors import CommitConflictError, LakeError, UnknownOutcomeError
from floe.lake.base import TableCommit, TableState
from floe.lake.catalogs.ordered import OrderedPublishes
from floe.lake.catalogs.records import Change
from floe.lake.catalogs.rest.committing import RefusedError, run_id_of
from floe.lake.catalogs.rest.requirements import requirements_of, snapshot_id_of
from floe.lake.conflicts import conflict
from floe.lake.outcome import carries

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from floe.lake.base import TableName
    from floe.lake.catalogs.records import Records
    from floe.lake.catalogs.rest.client import Client
    from floe.lake.catalogs.rest.committing import Committer

_KEPT = ("table-uuid", "current-snapshot-id", "refs")
_DEFAULTS = {
    "set-current-schema": ("schema-id", "current-schema-id"),
    "set-default-spec": ("spec-id", "default-spec-id"),
    "set-default-sort-order": ("sort-order-id", "default-sort-order-id"),
}
"""Update -> its field, and the field of the table's metadata that it sets."""


class Stepwise:
    """Commits to tables that are all there, one after the other, or takes the commits back.

    Args:
        client: Speaks with the catalog.
        committer: Brings single commits to an end that is known.
        load: Loads a table as it is now.
        records: Where publishes are written down.
    """

    def __init__(
        self, client: Client, committer: Committer, load: Callable[[TableName], TableState], records: Records
    ) -> None:
        self._client = client
        self._committer = committer
        self._load = load
        self._records = records
        self._ordered = OrderedPublishes(client.faults.profile, records, self._carry_on, self._put_back)

    def commit(self, commits: Sequence[TableCommit], on_step: Callable[[str], None]) -> None:
        """Write the commits down and carry them out. `on_step` hears `recorded`, and `swapped` after each table.

        Raises:
            UnknownOutcomeError: the catalog gave no answer; the record stays, and the next process finishes.
            CommitConflictError: a table is not what its commit was computed from; all others were taken back.
            LakeError: the catalog or the storage failed; what had changed was taken back.
        """
        run_ids = {run_id for item in commits if (run_id := run_id_of(item))}
        record = self._records.write(",".join(sorted(run_ids)), [_change(item) for item in commits])
        on_step("recorded")
        try:
            for change in record.changes:
                self._send(change)
                on_step("swapped")
        except UnknownOutcomeError:
            raise
        except LakeError:
            self._ordered.take_back(record)
            raise
        self._records.close(record)

    def finish_interrupted(self) -> list[str]:
        """See `floe.lake.base.Resumable`."""
        return self._ordered.finish_interrupted()

    def _carry_on(self, change: Change) -> bool:
        now, commit = self._load(change.name), _commit_of(change)
        if now.metadata_location is None:
            raise conflict(commit.base, now)
        if carries(now, commit):
            return False
        self._send(change)
        return True

    def _put_back(self, change: Change) -> bool:
        now, commit = self._load(change.name), _commit_of(change)
        if not carries(now, commit):
            return True
        made = _references_after(commit)
        if any(snapshot_id_of(now, name) != snapshot_id for name, snapshot_id in made.items()):
            return False
        undoing = TableCommit(now, tuple(_content(change)["undo"]))
        try:
            self._settle(undoing, _undo_requirements(now, made))
        except CommitConflictError:
            return self._put_back(change)
        return True

    def _send(self, change: Change) -> None:
        self._settle(_commit_of(change), _content(change)["requirements"])

    def _settle(self, commit: TableCommit, requirements: Sequence[Mapping[str, Any]]) -> None:
        name = commit.base.name
        document = {"requirements": requirements, "updates": commit.updates}
        try:
            self._committer.settle([commit], lambda: self._client.commit_table(name, document))
        except RefusedError as error:
            raise self._client.faults.refused(f"commit to `{name}`", error.answer) from error


def undo_of(commit: TableCommit) -> list[dict[str, Any]]:
    """The updates that bring a table from what a commit makes of it back to what it was.

    Schemas and specs that the commit adds stay in the table's lists; snapshots that it lets go do not come back.
    """
    before = commit.base.metadata
    undo: list[dict[str, Any]] = []
    settings: dict[str, str] = {}
    gone: list[str] = []
    for update in commit.updates:
        action = update["action"]
        if action in _DEFAULTS:
            field, source = _DEFAULTS[action]
            undo.append({"action": action, field: before[source]})
        elif action in ("set-properties", "remove-properties"):
            known = before.get("properties", {})
            for key in update.get("updates") or update.get("removals") or ():
                settings.update({key: known[key]} if key in known else {})
                gone += [key] if key not in known else []
    undo += [_reference_as_it_was(commit.base, name) for name in _references_after(commit)]
    undo += [{"action": "set-properties", "updates": settings}] if settings else []
    undo += [{"action": "remove-properties", "removals": gone}] if gone else []
    added = [item["snapshot"]["snapshot-id"] for item in commit.updates if item["action"] == "add-snapshot"]
    return [*undo, {"action": "remove-snapshots", "snapshot-ids": added}] if added else undo


def _reference_as_it_was(base: TableState, name: str) -> dict[str, Any]:
    known = base.metadata.get("refs", {}).get(name)
    if known is None and (snapshot_id := snapshot_id_of(base, name)) is not None:
        known = {"type": "branch", "snapshot-id": snapshot_id}
    if known is None:
        return {"action": "remove-snapshot-ref", "ref-name": name}
    return {"action": "set-snapshot-ref", "ref-name": name, **known}


def _references_after(commit: TableCommit) -> dict[str, int | None]:
    """Branch or tag -> the snapshot that the commit lets it name, None where it removes it."""
    found: dict[str, int | None] = {}
    for update in commit.updates:
        if update["action"] == "set-snapshot-ref":
            found[update["ref-name"]] = update["snapshot-id"]
        elif update["action"] == "remove-snapshot-ref":
            found[update["ref-name"]] = None
    return found


def _undo_requirements(now: TableState, made: Mapping[str, int | None]) -> list[dict[str, Any]]:
    references = [
        {"type": "assert-ref-snapshot-id", "ref": name, "snapshot-id": snapshot_id}
        for name, snapshot_id in sorted(made.items())
    ]
    return [{"type": "assert-table-uuid", "uuid": now.metadata["table-uuid"]}, *references]


def _change(commit: TableCommit) -> Change:
    base = commit.base
    content = {
        "requirements": requirements_of(commit),
        "updates": list(commit.updates),
        "undo": undo_of(commit),
        "branch": base.branch,
        "before": {key: base.metadata[key] for key in _KEPT if key in base.metadata},
    }
    return Change(base.name.namespace, base.name.name, base.metadata_location, "", content)


def _content(change: Change) -> Mapping[str, Any]:
    if change.commit is None:
        raise ValueError("the record is one of a catalog that keeps pointers")
    return change.commit


def _commit_of(change: Change) -> TableCommit:
    content = _content(change)
    base = TableState(change.name, "", change.source, content["before"], branch=content["branch"])
    return TableCommit(base, tuple(content["updates"]))
