"""Brings a commit to an end that is known: applied once, refused, or reported as unknown; never guessed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from floe.errors import LakeError, UnknownOutcomeError
from floe.lake.base import RUN_ID_PROPERTY
from floe.lake.catalogs.rest.faults import PassingFaultError
from floe.lake.catalogs.rest.requirements import requirements_of, verdict_on
from floe.lake.conflicts import conflict

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from floe.lake.base import TableCommit, TableName, TableState
    from floe.lake.catalogs.rest.answers import Answer
    from floe.lake.catalogs.rest.faults import Faults

_CONFLICT = 409


class RefusedError(Exception):
    """The server does not carry such a commit out; nothing was changed."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.message)
        self.answer = answer


class Committer:
    """Sends commits and finds out what became of them.

    Every commit carries requirements that hold only on the state it was computed from, and snapshots whose ids no one
    else has. So it may be sent twice: at most one of both is applied, and a look at the tables tells which.

    Args:
        load: Loads a table as it is now.
        wait: Makes waits between attempts: `wait(seconds)` is False where patience ends.
        faults: The catalog's errors.
    """

    def __init__(
        self,
        load: Callable[[TableName], TableState],
        wait: Callable[[], Callable[[float], bool]],
        faults: Faults,
    ) -> None:
        self._load = load
        self._new_wait = wait
        self._faults = faults

    def settle(self, commits: Sequence[TableCommit], send: Callable[[], Answer]) -> None:
        """Send until it is known that the commits are applied, all of them.

        Raises:
            RefusedError: the server refuses for another reason than a conflict; nothing was changed.
            CommitConflictError: a table is not what its commit was computed from; nothing was changed.
            UnknownOutcomeError: the catalog gave no answer, and may yet carry the commit out.
            LakeError: the catalog cannot be reached; nothing was changed.
        """
        wait = self._new_wait()
        fault: PassingFaultError | None = None
        open_ended = False
        while True:
            answer, fault = _attempt(send)
            if answer is not None and answer.is_good:
                return
            open_ended = open_ended or (fault is not None and fault.arrived)
            refused = answer is not None and answer.status != _CONFLICT
            look = open_ended or (answer is not None and not refused)
            if look and self._is_applied(commits, open_ended=open_ended):
                return
            if answer is not None and refused:
                # Whatever attempts came before had the same contents: the server refuses these, too.
                raise RefusedError(answer)
            if not wait(fault.retry_after if fault else 0.0):
                raise self._given_up(commits, answer, fault, open_ended=open_ended)

    def _is_applied(self, commits: Sequence[TableCommit], *, open_ended: bool) -> bool:
        """Whether the tables have the commits; False where they are all still what these were computed from."""
        try:
            found = self._look(commits)
            if any(verdict == "applied" for _, _, verdict in found) and not _all_applied(found):
                found = self._look(commits)  # the server was at work between two looks
        except LakeError as error:
            if open_ended:
                raise _unknown(commits, error.reason) from error
            raise
        if _all_applied(found):
            return True
        for commit, now, verdict in found:
            if verdict == "changed":
                raise conflict(commit.base, now)
        applied = [commit.base.name for commit, _, verdict in found if verdict == "applied"]
        if applied:
            names = ", ".join(f"`{name}`" for name in applied)
            raise _unknown(commits, f"the catalog changed only {names}, though it commits to all tables or none")
        return False

    def _look(self, commits: Sequence[TableCommit]) -> list[tuple[TableCommit, TableState, str]]:
        states = [(commit, self._load(commit.base.name)) for commit in commits]
        return [(commit, now, verdict_on(commit, now)) for commit, now in states]

    def _given_up(
        self,
        commits: Sequence[TableCommit],
        answer: Answer | None,
        fault: PassingFaultError | None,
        *,
        open_ended: bool,
    ) -> LakeError:
        why = fault.reason if fault else answer.message if answer else ""
        if open_ended:
            return _unknown(commits, f"the catalog {self._faults.mask(why)}")
        if answer is not None:
            return self._faults.refused("commit, though no table was changed", answer)
        return self._faults.unreachable(why)


def change_of(commit: TableCommit) -> dict[str, Any]:
    """A commit as the specification writes it: requirements and updates."""
    return {"requirements": requirements_of(commit), "updates": commit.updates}


def _attempt(send: Callable[[], Answer]) -> tuple[Answer | None, PassingFaultError | None]:
    try:
        return send(), None
    except PassingFaultError as error:
        return None, error


def _all_applied(found: Sequence[tuple[TableCommit, TableState, str]]) -> bool:
    return all(verdict == "applied" for _, _, verdict in found)


def _unknown(commits: Sequence[TableCommit], why: str) -> UnknownOutcomeError:
    names = ", ".join(f"`{commit.base.name}`" for commit in commits)
    run_ids = {run_id for commit in commits if (run_id := run_id_of(commit))}
    run = f" of run `{min(run_ids)}`" if run_ids else ""
    reason = f"it is not known whether the commit{run} to {names} was carried out: {why}"
    instruction = "run any command when the catalog is there again: it finds out, and says so"
    return UnknownOutcomeError("FLOE-0537", reason, instruction)


def run_id_of(commit: TableCommit) -> str:
    """The run whose snapshots a commit adds, or that it says it is of; empty where it is nobody's."""
    summaries: list[Mapping[str, Any]] = [
        update["snapshot"].get("summary", {}) for update in commit.updates if update["action"] == "add-snapshot"
    ]
    return next((str(summary[RUN_ID_PROPERTY]) for summary in summaries if RUN_ID_PROPERTY in summary), commit.run_id)
