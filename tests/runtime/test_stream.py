from __future__ import annotations

import threading

from floe.runtime.events import Event, Notice
from floe.runtime.stream import EventStream


def notice(message: str) -> Notice:
    return Notice(run_id="r", message=message)


class Recorder:
    def __init__(self) -> None:
        self.messages: list[str] = []
        self.threads: set[str] = set()
        self.closed = 0

    def on_event(self, event: Event) -> None:
        assert isinstance(event, Notice)
        self.messages.append(event.message)
        self.threads.add(threading.current_thread().name)

    def close(self) -> None:
        self.closed += 1


class Broken(Recorder):
    def on_event(self, event: Event) -> None:
        super().on_event(event)
        raise RuntimeError("no disk")


class Stuck(Recorder):
    def __init__(self) -> None:
        super().__init__()
        self.release = threading.Event()

    def on_event(self, event: Event) -> None:
        super().on_event(event)
        self.release.wait(30)


def test_events_arrive_in_order_on_a_thread_of_the_streams_own() -> None:
    recorder = Recorder()
    stream = EventStream([recorder])
    for number in range(1000):
        stream.emit(notice(str(number)))
    stream.close()
    assert recorder.messages == [str(number) for number in range(1000)]
    assert recorder.threads == {"floe-events"}
    assert recorder.closed == 1
    assert stream.failures == ()


def test_flush_returns_when_everything_before_it_was_delivered() -> None:
    recorder = Recorder()
    stream = EventStream([recorder])
    stream.emit(notice("before"))
    assert stream.flush()
    assert recorder.messages == ["before"]
    stream.close()


def test_an_observer_that_raises_is_reported_once_and_hurts_nobody_else() -> None:
    broken, recorder = Broken(), Recorder()
    stream = EventStream([broken, recorder])
    for message in ("one", "two"):
        stream.emit(notice(message))
    stream.close()
    assert recorder.messages == ["one", "two"]
    assert stream.failures == ("Broken failed at Notice: RuntimeError: no disk",)


def test_a_stuck_observer_delays_the_end_only_as_long_as_allowed_and_is_reported() -> None:
    # lesson 28: an observer that cannot deliver is never silent
    stuck = Stuck()
    stream = EventStream([stuck])
    stream.emit(notice("never"))
    assert not stream.flush(0.01)
    stream.close(0.01)
    assert stream.failures == ("not every event was delivered within 0.01 s",)
    stuck.release.set()


def test_a_later_observer_hears_what_comes_after_it() -> None:
    late = Recorder()
    stream = EventStream([])
    stream.emit(notice("early"))
    stream.subscribe(late)
    stream.emit(notice("late"))
    stream.close()
    stream.close()
    assert late.messages == ["late"]
    assert late.closed == 1
