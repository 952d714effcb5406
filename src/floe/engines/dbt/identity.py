"""One `invocation_id` and one `run_started_at` for all of a run, however often dbt is entered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dbt import tracking
from dbt_common import invocation

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True)
class Identity:
    """What dbt calls the run, and since when it runs."""

    invocation_id: str
    started_at: datetime

    @classmethod
    def current(cls) -> Identity:
        """The identity that dbt gave itself when it was entered last."""
        return cls(invocation.get_invocation_id(), tracking.active_user.run_started_at)

    def restore(self) -> None:
        """Let dbt, entered again, be what it was."""
        invocation._INVOCATION_ID = self.invocation_id  # noqa: SLF001 - dbt has no setter
        tracking.active_user.invocation_id = self.invocation_id
        tracking.active_user.run_started_at = self.started_at
