"""Publishes to several tables of a catalog that changes one at a time: how what was begun is finished or taken back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from floe.errors import CommitConflictError, LakeError

if TYPE_CHECKING:
    from collections.abc import Callable

    from floe.lake.catalogs.records import Change, Record, Records


@dataclass(frozen=True)
class OrderedPublishes:
    """The publishes of one catalog that are written down."""

    profile: str
    """Name of the catalog profile, for messages."""
    records: Records
    carry_on: Callable[[Change], bool]
    """Makes a change that a killed process may have made; whether it had not."""
    put_back: Callable[[Change], bool]
    """Takes a change back that may have been made; False where another writer has built on it."""

    def finish_interrupted(self) -> list[str]:
        """See `floe.lake.base.Resumable`."""
        return [self._finish(record) for record in self.records.abandoned()]

    def take_back(self, record: Record) -> None:
        """Bring every table that a publish has changed to what it was before.

        Raises:
            LakeError: another writer has built on a changed table already, so that it has to stay.
        """
        if stuck := self._put_all_back(record):
            reason = f"a publish to catalog `{self.profile}` could not be taken back for {stuck}: others built on it"
            raise LakeError("FLOE-0574", reason, "run again, so that all tables are of one run")

    def _put_all_back(self, record: Record) -> str:
        """The names of the tables that have to stay, as others built on them."""
        self.records.mark_taken_back(record)
        stuck = [change for change in reversed(record.changes) if not self.put_back(change)]
        self.records.close(record)
        return ", ".join(f"`{change.name}`" for change in stuck)

    def _finish(self, record: Record) -> str:
        said = f"run `{record.run_id}` was interrupted while it published to catalog `{self.profile}`: "
        why = ""
        if not self.records.is_taken_back(record):
            try:
                missing = sum(self.carry_on(change) for change in record.changes)
            except CommitConflictError as error:
                why = f", as {error.reason}"
            else:
                self.records.close(record)
                return f"{said}{missing} of {len(record.changes)} tables were missing, and are published now"
        # Who finds the record has not published anything yet, and is not kept from it by what has to stay.
        stuck = self._put_all_back(record)
        stays = f"; {stuck} stays as others, who built on it, left it" if stuck else ""
        return f"{said}what it had published was taken back{why}{stays}"
