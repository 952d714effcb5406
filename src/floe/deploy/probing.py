"""Probes: each looks at one thing and says what it found. All run at once, each for a limited time."""

from __future__ import annotations

import queue
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from floe.errors import EnvironmentFaultError, FloeError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Outcome = Literal["ok", "warn", "fail", "skipped"]
Key = tuple[str, str]
"""Section and name of a probe."""

_POLL_SECONDS = 0.1
_LONGEST_CHAIN = 4
"""Probes that wait for each other get so many time limits together: a server that is slow each time ends it, too."""
_TIDYING_SECONDS = 5.0
"""How long what a probe made is waited for to be removed, when the user or the time limit has ended the probe."""


@dataclass(frozen=True)
class Finding:
    """What a probe found."""

    outcome: Outcome
    text: str
    """What is so, true standing alone."""
    fix: str = ""
    """What to do about it."""
    error: FloeError | None = None


def ok(text: str) -> Finding:
    """All is well."""
    return Finding("ok", text)


def warning(text: str, fix: str) -> Finding:
    """It works, but not as well as it could, or not for long."""
    return Finding("warn", text, fix)


def failure(code: str, text: str, fix: str) -> Finding:
    """It does not work."""
    return failed(EnvironmentFaultError(code, text, fix))


def failed(error: FloeError) -> Finding:
    """It does not work, for the reason that an error gives."""
    return Finding("fail", error.reason, error.instruction or f"run `floe explain {error.code}`", error)


def _refused_by_the_system(error: OSError) -> Finding:
    path = f" (`{error.filename}`)" if error.filename else ""
    text = f"the system refused a file operation: {(error.strerror or str(error)).lower()}{path}"
    return failure("FLOE-0774", text, "check the owner, the mode and the disk of that path")


@dataclass(frozen=True)
class Probe:
    """One thing to look at.

    Args:
        section: Heading under which it is reported.
        name: What it is called in its section.
        look: Looks. An error that it raises is a failure; what nobody foresaw ends all probes.
        after: What must be well before this one makes sense; without, it is skipped.
        leaves: What may stay behind where it is cut off half-way; empty if it changes nothing.
        subject: Who gives no answer, where there is none: the name, and the address if there is one.
        least_seconds: What it gets at least, whatever the time limit is.
    """

    section: str
    name: str
    look: Callable[[], Finding]
    after: tuple[Key, ...] = ()
    leaves: str = ""
    subject: str = ""
    least_seconds: float = 0.0

    @property
    def key(self) -> Key:
        """By which others wait for it."""
        return self.section, self.name


@dataclass(frozen=True)
class ProbeResult:
    """One probe that is over."""

    section: str
    name: str
    finding: Finding
    seconds: float = 0.0


@dataclass
class _Looking:
    """A probe under way."""

    probe: Probe
    started: float
    thread: threading.Thread
    deadline: float


class Probing:
    """Carries out probes on threads of their own; a stuck one cannot keep the process alive.

    Args:
        probes: What to look at; each after those that it waits for.
        limit_seconds: How long one may take. All together take a few times as long at most, however many hang.
        stopping: Asked now and then whether to end early.
    """

    def __init__(
        self, probes: Sequence[Probe], limit_seconds: float, stopping: Callable[[], bool] = lambda: False
    ) -> None:
        self._probes = probes
        self._known = {probe.key for probe in probes}
        self._limit = limit_seconds
        self._stopping = stopping
        self._results: dict[Key, ProbeResult] = {}
        self._looking: dict[Key, _Looking] = {}
        self._stuck: list[_Looking] = []
        self._answers: queue.SimpleQueue[tuple[Key, Finding | BaseException, float]] = queue.SimpleQueue()

    @property
    def is_stuck(self) -> bool:
        """Whether threads of probes are still at work, which the process need not wait for."""
        return any(looking.thread.is_alive() for looking in (*self._stuck, *self._looking.values()))

    def carry_out(self) -> list[ProbeResult]:
        """Look at everything; the results in the order of the probes.

        Raises:
            Exception: a defect in a probe.
            KeyboardInterrupt: the user ended it; what probes had made is removed first, if that does not take long.
        """
        end = time.monotonic() + _LONGEST_CHAIN * max([self._limit, *(probe.least_seconds for probe in self._probes)])
        try:
            while len(self._results) < len(self._probes) and not self._stopping():
                self._start(end)
                if self._looking:
                    self._wait()
        finally:
            self._let_tidy()
        return [self._results[probe.key] for probe in self._probes if probe.key in self._results]

    def _start(self, end: float) -> None:
        """Start every probe that has nothing to wait for any more."""
        for probe in self._probes:
            if probe.key in self._results or probe.key in self._looking:
                continue
            before = [self._results.get(key) for key in probe.after if key in self._known]
            hindered = [result for result in before if result and result.finding.outcome in ("fail", "skipped")]
            now = time.monotonic()
            if hindered:
                because = f"{hindered[0].section}: {hindered[0].name}"
                self._end(probe, Finding("skipped", f"`{probe.name}` needs `{because}`"), 0.0)
            elif now >= end:
                self._end(probe, Finding("skipped", f"no time was left for `{probe.name}`"), 0.0)
            elif all(before):
                deadline = min(end, now + max(self._limit, probe.least_seconds))
                thread = threading.Thread(target=self._look, args=(probe,), name="floe-probe", daemon=True)
                self._looking[probe.key] = _Looking(probe, now, thread, deadline)
                thread.start()

    def _look(self, probe: Probe) -> None:
        started = time.monotonic()
        try:
            found: Finding | BaseException = probe.look()
        except FloeError as error:
            found = failed(error)
        except OSError as error:
            found = _refused_by_the_system(error)
        except BaseException as error:  # noqa: BLE001 - raised where it is waited for
            found = error
        self._answers.put((probe.key, found, time.monotonic() - started))

    def _wait(self) -> None:
        """Take the next answer, or give up on what has had its time."""
        try:
            key, found, seconds = self._answers.get(timeout=_POLL_SECONDS)
        except queue.Empty:
            self._give_up()
            return
        looking = self._looking.pop(key, None)
        if looking is None:
            return  # it had been given up
        if isinstance(found, BaseException):
            raise found
        self._end(looking.probe, found, seconds)

    def _give_up(self) -> None:
        now = time.monotonic()
        for key, looking in list(self._looking.items()):
            if now < looking.deadline:
                continue
            self._stuck.append(self._looking.pop(key))
            seconds = now - looking.started
            left = f"; {looking.probe.leaves} may be left" if looking.probe.leaves else ""
            subject = looking.probe.subject or f"`{looking.probe.name}`"
            text = f"{subject} gave no answer within {seconds:.0f} s{left}"
            fix = "check that it runs, and the network on the way to it"
            self._end(looking.probe, failure("FLOE-0770", text, fix), seconds)

    def _end(self, probe: Probe, finding: Finding, seconds: float) -> None:
        self._results[probe.key] = ProbeResult(probe.section, probe.name, finding, seconds)

    def _let_tidy(self) -> None:
        """Give probes that were cut off half-way the time to remove what they made."""
        deadline = time.monotonic() + _TIDYING_SECONDS
        for looking in (*self._stuck, *self._looking.values()):
            if looking.probe.leaves:
                looking.thread.join(max(0.0, deadline - time.monotonic()))
