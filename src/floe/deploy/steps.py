"""Steps that make something if it is not there, carried out in order and told of one by one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from floe.errors import FloeError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

Outcome = Literal["done", "already there", "to do", "failed", "skipped"]


@dataclass(frozen=True)
class Step:
    """Something that a platform needs.

    `is_there` and `make` raise FloeError where they cannot. `make` returns what has to be told once, such as new
    credentials; most have nothing to tell.
    """

    what: str
    is_there: Callable[[], bool]
    make: Callable[[], Mapping[str, str]]


@dataclass(frozen=True)
class StepResult:
    """What became of a step."""

    profile: str
    """The part of the platform that it belongs to, e.g. `catalogs.default`."""
    what: str
    outcome: Outcome
    error: FloeError | None = None
    told: tuple[tuple[str, str], ...] = ()
    """What `make` returned."""


def carry_out(groups: Iterable[tuple[str, Sequence[Step]]], *, rehearsal: bool) -> Iterator[StepResult]:
    """Carry out the steps of each profile in order.

    After one that failed, the others of its profile are skipped: they need it. A rehearsal makes nothing; what comes
    after something that is missing is not looked for, because it cannot be there.
    """
    for profile, steps in groups:
        stopped_by: Outcome | None = None
        for step in steps:
            if stopped_by is not None:
                outcome: Outcome = "to do" if stopped_by == "to do" else "skipped"
                yield StepResult(profile, step.what, outcome)
                continue
            result = _carried_out(profile, step, rehearsal=rehearsal)
            if result.outcome in ("failed", "to do"):
                stopped_by = result.outcome
            yield result


def _carried_out(profile: str, step: Step, *, rehearsal: bool) -> StepResult:
    try:
        if step.is_there():
            return StepResult(profile, step.what, "already there")
        if rehearsal:
            return StepResult(profile, step.what, "to do")
        told = step.make()
    except FloeError as error:
        return StepResult(profile, step.what, "failed", error)
    return StepResult(profile, step.what, "done", told=tuple(told.items()))
