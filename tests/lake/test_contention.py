"""How long writers wait for each other: measured by their attempts, longer at first, then shorter again."""

from __future__ import annotations

import pytest

from floe.lake.contention import Contention


class Clock:
    """Time that passes only where somebody waits, or where an attempt takes some; waits take as long as they may."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        self.waits: list[float] = []
        monkeypatch.setattr("time.monotonic", lambda: self.now)
        monkeypatch.setattr("time.sleep", self.sleep)
        monkeypatch.setattr("random.uniform", lambda _least, most: most)

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def lose(clock: Clock, races: int, attempt_seconds: float) -> None:
    contention = Contention()
    for _ in range(races):
        clock.now += attempt_seconds
        assert contention.may_try_again()


def test_a_writer_gives_way_for_longer_at_first_and_goes_first_when_it_has_lost_often(clock: Clock) -> None:
    lose(clock, 11, attempt_seconds=0.5)
    assert [wait / 0.5 for wait in clock.waits] == [2, 4, 8, 16, 16, 8, 4, 2, 1, 1, 1]


def test_waits_are_as_long_as_attempts_take_here_and_now(clock: Clock) -> None:
    lose(clock, 1, attempt_seconds=0.002)
    lose(clock, 5, attempt_seconds=20)
    assert clock.waits == pytest.approx([0.004, 30, 30, 30, 30, 30])


def test_patience_ends_after_ten_minutes(clock: Clock) -> None:
    contention = Contention()
    clock.now += 599
    assert contention.may_try_again()
    clock.now += 2
    assert not contention.may_try_again()
    assert len(clock.waits) == 1
