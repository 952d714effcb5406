"""What became of the batches of a microbatch model: one error for all that failed."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from floe.errors import NodeError

if TYPE_CHECKING:
    from collections.abc import Iterator

_SHOWN = 10


class BatchFaultsError(Exception):
    """Batches of a microbatch model failed; its text says which, and why."""


class BatchFaults:
    """Collects the failures of `total` batches. As in dbt, nothing is tried after the first batch if that failed."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._tried = 0
        self._failed: list[tuple[str, Exception]] = []

    @contextmanager
    def of(self, batch: str) -> Iterator[None]:
        """Keep what the block raises as the failure of a batch."""
        self._tried += 1
        try:
            yield
        except Exception as error:  # noqa: BLE001 - raised at the end, with those of the other batches
            self._failed.append((batch, error))

    @property
    def stop(self) -> bool:
        """Whether the batches that are left need not be tried."""
        return bool(self._failed) and self._tried == 1

    def raise_if_any(self) -> None:
        """Tell of all failures at once.

        Raises:
            BatchFaultsError: a batch failed.
        """
        if self._failed:
            raise BatchFaultsError("\n".join([self.headline, *self._lines()])) from self._failed[0][1]

    @property
    def headline(self) -> str:
        """How many failed: "2 of 30 batches failed"."""
        rest = "" if self._tried == self._total else f", {self._total - self._tried} were not tried after the first"
        return f"{len(self._failed)} of {self._total} batches failed{rest}"

    def raise_for(self, asset: str) -> None:
        """Tell of all failures at once, as an error of the asset.

        Raises:
            NodeError: a batch failed.
        """
        if self._failed:
            raise NodeError(
                "FLOE-0445",
                f"`{asset}`: {self.headline}",
                "correct the SQL or the rows of these batches, then `floe retry`",
                details=list(self._lines()),
            ) from self._failed[0][1]

    def _lines(self) -> Iterator[str]:
        """One line for each batch, and the details of the first."""
        for number, (batch, error) in enumerate(self._failed[:_SHOWN]):
            text = [line for line in str(error).splitlines() if line.strip()] or [repr(error)]
            yield f"batch {batch}: {text[0].strip()}"
            if number == 0:
                yield from (f"  {line.rstrip()}" for line in [*text[1:], *getattr(error, "details", ())])
        if len(self._failed) > _SHOWN:
            yield f"and {len(self._failed) - _SHOWN} more batches"
