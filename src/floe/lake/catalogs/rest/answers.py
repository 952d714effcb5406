"""What a catalog answered: status, headers and JSON, and the words of its error where it is one."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from pydantic_core import from_json

if TYPE_CHECKING:
    from collections.abc import Mapping

_LONGEST_MESSAGE = 500


@dataclass(frozen=True)
class Answer:
    """One HTTP response."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    content: bytes = field(repr=False)
    received_at: datetime

    @property
    def is_good(self) -> bool:
        """Whether the request was carried out."""
        return 200 <= self.status < 300

    def json(self) -> Any:  # noqa: ANN401 - whatever the server sent
        """The content, None where it is not JSON."""
        try:
            return from_json(self.content) if self.content else None
        except ValueError:
            return None

    @property
    def error(self) -> Mapping[str, Any] | None:
        """The specification's error (`message`, `type`, `code`), None where the content is something else."""
        document = self.json()
        error = document.get("error") if isinstance(document, dict) else None
        return error if isinstance(error, dict) else None

    @property
    def message(self) -> str:
        """The server's own words, on one line."""
        if self.error is not None:
            text = str(self.error.get("message") or self.error.get("type") or "")
        else:
            text = self.content.decode("utf-8", "replace") if _is_text(self.headers) else ""
        return " ".join(text.split())[:_LONGEST_MESSAGE]

    @property
    def retry_after(self) -> float:
        """Seconds for which the server asks to be left alone; 0 where it does not."""
        value = self.headers.get("Retry-After", "")
        if value.isdecimal():
            return float(value)
        moment = _moment(value)
        return max(0.0, (moment - self.received_at).total_seconds()) if moment else 0.0

    @property
    def clock_skew_seconds(self) -> float:
        """By how much this machine's clock is ahead of the server's; 0 where the server does not say its time."""
        moment = _moment(self.headers.get("Date", ""))
        return (self.received_at - moment).total_seconds() if moment else 0.0


def _is_text(headers: Mapping[str, str]) -> bool:
    return headers.get("Content-Type", "").partition(";")[0] in ("application/json", "text/plain")


def _moment(value: str) -> datetime | None:
    if not value:
        return None
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
