"""Probes: all at once, each for a limited time, the ones that need others after them."""

from __future__ import annotations

import threading
import time

import pytest

from floe.deploy.probing import Finding, Probe, Probing, ok, warning
from floe.errors import EnvironmentFaultError, LakeError


def probe(name: str, text: str = "fine", after: tuple[str, ...] = (), seconds: float = 0.0) -> Probe:
    def look() -> Finding:
        time.sleep(seconds)
        return ok(text)

    return Probe("things", name, look, tuple(("things", other) for other in after))


def failing(name: str) -> Probe:
    def look() -> Finding:
        raise LakeError("FLOE-0530", "it is down", "start it")

    return Probe("things", name, look)


def outcomes(probing: Probing) -> dict[str, str]:
    return {result.name: result.finding.outcome for result in probing.carry_out()}


def test_probes_run_at_the_same_time_and_are_told_in_their_order() -> None:
    started = time.monotonic()
    results = Probing([probe(str(number), seconds=0.3) for number in range(8)], 5).carry_out()
    assert time.monotonic() - started < 1.5
    assert [result.name for result in results] == [str(number) for number in range(8)]
    assert all(result.seconds >= 0.3 for result in results)


def test_an_error_of_floe_is_a_failure_with_its_way_out_and_hinders_what_needs_it() -> None:
    results = Probing([failing("first"), probe("second", after=("first",)), probe("third", after=("second",))], 5)
    first, second, third = results.carry_out()
    assert (first.finding.outcome, first.finding.text, first.finding.fix) == ("fail", "it is down", "start it")
    assert (second.finding.outcome, second.finding.text) == ("skipped", "`second` needs `things: first`")
    assert third.finding.outcome == "skipped"


def test_a_warning_hinders_nothing() -> None:
    careful = Probe("things", "careful", lambda: warning("it is old", "replace it"))
    assert outcomes(Probing([careful, probe("next", after=("careful",))], 5)) == {"careful": "warn", "next": "ok"}


def test_what_is_not_looked_at_hinders_nothing() -> None:
    assert outcomes(Probing([probe("alone", after=("unknown",))], 5)) == {"alone": "ok"}


def test_a_probe_that_hangs_fails_when_its_time_is_over_and_the_others_are_told() -> None:
    never = threading.Event()
    stuck = Probe("things", "stuck", lambda: ok(str(never.wait(30))))
    probing = Probing([stuck, probe("after", after=("stuck",)), probe("other")], 0.3)
    started = time.monotonic()
    first, after, other = probing.carry_out()
    assert time.monotonic() - started < 3
    assert first.finding.error is not None
    assert first.finding.error.code == "FLOE-0770"
    assert (after.finding.outcome, other.finding.outcome) == ("skipped", "ok")
    assert probing.is_stuck
    never.set()


def test_a_chain_of_slow_probes_ends_with_the_time_of_all() -> None:
    chain = [probe(str(number), after=(str(number - 1),), seconds=0.25) for number in range(12)]
    started = time.monotonic()
    found = outcomes(Probing(chain, 0.3))
    assert time.monotonic() - started < 3
    assert "fail" in found.values()
    assert list(found.values())[-1] == "skipped"


def test_what_was_made_half_way_is_waited_for_and_named() -> None:
    removed = threading.Event()

    def look() -> Finding:
        time.sleep(0.8)
        removed.set()
        return ok("")

    (result,) = Probing([Probe("things", "file", look, leaves="`the-file`")], 0.2).carry_out()
    assert removed.is_set()
    assert "`the-file` may be left" in result.finding.text


def test_an_interrupted_preflight_lets_probes_remove_what_they_made() -> None:
    removed = threading.Event()

    def look() -> Finding:
        time.sleep(0.5)
        removed.set()
        return ok("")

    def interrupted() -> bool:
        raise KeyboardInterrupt

    calls = iter([False, False])
    probing = Probing(
        [Probe("things", "file", look, leaves="`the-file`")], 10, lambda: next(calls, None) is None and interrupted()
    )
    with pytest.raises(KeyboardInterrupt):
        probing.carry_out()
    assert removed.is_set()


def test_a_run_that_is_stopped_waits_for_no_probe() -> None:
    assert Probing([probe("slow", seconds=2)], 10, lambda: True).carry_out() == []


def test_a_refusal_of_the_system_is_a_failure() -> None:
    def look() -> Finding:
        raise PermissionError(13, "Permission denied", "/data")

    (result,) = Probing([Probe("things", "file", look)], 5).carry_out()
    assert result.finding.text == "the system refused a file operation: permission denied (`/data`)"


def test_a_defect_in_a_probe_is_not_hidden() -> None:
    def look() -> Finding:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        Probing([Probe("things", "wrong", look)], 5).carry_out()


def test_a_failure_without_a_way_out_names_its_page() -> None:
    def look() -> Finding:
        raise EnvironmentFaultError("FLOE-0460", "it is not there")

    (result,) = Probing([Probe("things", "secret", look)], 5).carry_out()
    assert result.finding.fix == "run `floe explain FLOE-0460`"
