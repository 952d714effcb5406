"""What a user means by a point in a table's history: a snapshot id, a branch or tag, a run, or a time."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from floe.errors import LakeError, UsageError
from floe.lake.base import MAIN, RUN_ID_PROPERTY
from floe.lake.metadata import snapshot_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from floe.lake.base import TableState

_RUN = re.compile(r"\d{8}T\d{6,9}(-[0-9a-f]{0,6})?")
"""A run id or the beginning of one, from its seconds on."""
_NAME = re.compile(r"[A-Za-z][\w./-]{0,99}")


def check_name(name: str) -> None:
    """Refuse what cannot be the name of a new branch or tag.

    Raises:
        UsageError: it is `main`, or could be read as an id, a run or a time, or in `A..B` as something else.
    """
    if name == MAIN:
        raise UsageError(
            "FLOE-0755", f"`{MAIN}` is what readers see, and cannot be made or dropped", "use another name"
        )
    if not _NAME.fullmatch(name) or ".." in name:
        reason = f"`{name}` cannot name a branch or tag"
        instruction = "begin with a letter, go on with letters, digits, `_`, `-`, `.` and `/`: at most 100, no `..`"
        raise UsageError("FLOE-0755", reason, instruction)


def find_snapshot(state: TableState, snapshot_id: int) -> Mapping[str, Any]:
    """A snapshot of the table by its id.

    Raises:
        LakeError: the table has none, or not any more.
    """
    found = snapshot_of(state.metadata, snapshot_id)
    if found is None:
        raise _no_snapshot(state, str(snapshot_id))
    return found


def run_of(snapshot: Mapping[str, Any]) -> str:
    """The run that made a snapshot; empty where that was not Floe."""
    return str((snapshot.get("summary") or {}).get(RUN_ID_PROPERTY, ""))


def named(state: TableState) -> dict[str, tuple[str, int]]:
    """Name of each branch and tag -> its kind (`branch` or `tag`) and its snapshot; main's first."""
    refs = state.metadata.get("refs") or {}
    return {
        name: (refs[name]["type"], int(refs[name]["snapshot-id"]))
        for name in sorted(refs, key=lambda n: (n != MAIN, n))
    }


def snapshot_at(state: TableState, reference: str) -> int:
    """The id of the snapshot that `reference` means.

    It is the first of these that there is: the branch or tag of that name, the snapshot of that id, what the run of
    that id published (its beginning is enough), or what was current at that ISO 8601 time. A time without an offset is
    local time; a date is its first moment. `^` at the end means the snapshot before.

    Raises:
        LakeError: there is no such snapshot, or the table did not exist yet, or the text is none of these.
    """
    if reference.endswith("^"):
        return _before(state, snapshot_at(state, reference[:-1]))
    if reference == MAIN and state.snapshot_id is not None and state.branch == MAIN:
        return state.snapshot_id
    names = named(state)
    if reference in names:
        return names[reference][1]
    if reference.isdecimal() and snapshot_of(state.metadata, int(reference)) is not None:
        return int(reference)
    return _of_run(state, reference) or _at_time(state, reference)


def _known(state: TableState) -> Sequence[Mapping[str, Any]]:
    known: Sequence[Mapping[str, Any]] = state.metadata.get("snapshots", ())
    return known


def _before(state: TableState, snapshot_id: int) -> int:
    parent = find_snapshot(state, snapshot_id).get("parent-snapshot-id")
    if parent is None:
        raise LakeError(
            "FLOE-0578", f"`{state.name}` has no snapshot before {snapshot_id}: it is the first one", _see(state)
        )
    return int(find_snapshot(state, parent)["snapshot-id"])


def _of_run(state: TableState, text: str) -> int | None:
    """The last snapshot that a run made or moved main to."""
    if not _RUN.fullmatch(text):
        return None
    from floe.lake.history.moves import moves_of

    moved = {move.run_id: move.after for move in moves_of(state) if move.after is not None}
    made = {run_of(item): int(item["snapshot-id"]) for item in _known(state)}
    found = {run_id: snapshot for run_id, snapshot in {**moved, **made}.items() if run_id.startswith(text)}
    if len(found) > 1:
        runs = " and ".join(f"`{run_id}`" for run_id in sorted(found))
        raise LakeError("FLOE-0510", f"several runs begin with `{text}`: {runs}", "write more of the run's id")
    return next(iter(found.values()), None)


def _at_time(state: TableState, reference: str) -> int:
    try:
        moment = datetime.fromisoformat(reference)
    except ValueError as error:
        if reference.isdecimal() or _RUN.fullmatch(reference):
            raise _no_snapshot(state, reference) from error
        names = ", ".join(f"`{name}`" for name in named(state))
        reason = f"`{reference}` is no snapshot, branch, tag, run or time of `{state.name}`"
        hint = f"branches and tags: {names}; write a time as 2026-01-31T12:00:00 or 2026-01-31"
        raise LakeError("FLOE-0510", reason, hint) from error
    return _current_at(state, moment.astimezone())


def _current_at(state: TableState, moment: datetime) -> int:
    log = state.metadata.get("snapshot-log", ())
    earlier = [entry for entry in log if _moment(entry["timestamp-ms"]) <= moment]
    if earlier:
        return int(earlier[-1]["snapshot-id"])
    if not log:
        raise LakeError("FLOE-0510", f"`{state.name}` has no snapshots yet", "run the asset that publishes it first")
    first = _moment(log[0]["timestamp-ms"]).astimezone(moment.tzinfo).isoformat(timespec="seconds")
    reason = f"`{state.name}` did not exist at {moment.isoformat(timespec='seconds')}: its history begins at {first}"
    raise LakeError("FLOE-0510", reason, _see(state))


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def _no_snapshot(state: TableState, reference: str) -> LakeError:
    return LakeError("FLOE-0510", f"`{state.name}` has no snapshot {reference}", _see(state))


def _see(state: TableState) -> str:
    return f"see its snapshots with `floe history {state.name}`"
