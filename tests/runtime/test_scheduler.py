from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from floe.runtime.graph import RunGraph
from floe.runtime.scheduler import Scheduler

if TYPE_CHECKING:
    from collections.abc import Callable


def graph_of(**parents: tuple[str, ...]) -> RunGraph:
    children: dict[str, tuple[str, ...]] = {
        node: tuple(child for child, above in parents.items() if node in above) for node in parents
    }
    return RunGraph(
        dict.fromkeys(parents, "build"), parents, children, {node: rank for rank, node in enumerate(parents)}
    )


class Work:
    """Records what a scheduler asked for; a node in `fails` fails."""

    def __init__(self, fails: tuple[str, ...] = (), execute: Callable[[str], bool] | None = None) -> None:
        self.fails = fails
        self.events: list[tuple[str, ...]] = []
        self._execute = execute

    def execute(self, node: str) -> bool:
        self.events.append(("start", node))
        succeeded = self._execute(node) if self._execute else node not in self.fails
        self.events.append(("end", node))
        return succeeded

    def skip(self, node: str, cause: str) -> None:
        self.events.append(("skip", node, cause))

    def cancelled(self, node: str) -> None:
        self.events.append(("cancelled", node))

    def of(self, what: str) -> list[tuple[str, ...]]:
        return [event[1:] for event in self.events if event[0] == what]


def run(graph: RunGraph, work: Work, threads: int = 4, *, fail_fast: bool = False) -> Scheduler:
    scheduler = Scheduler(graph, execute=work.execute, skip=work.skip, cancelled=work.cancelled, fail_fast=fail_fast)
    scheduler.start(threads)
    return scheduler


def test_nothing_starts_before_its_parents_have_ended() -> None:
    graph = graph_of(a=(), b=("a",), c=("a",), d=("b", "c"), e=("d",))
    work = Work(execute=lambda _: time.sleep(0.002) is None)
    assert run(graph, work).wait(10)
    for node, parents in graph.parents.items():
        started = work.events.index(("start", node))
        assert all(work.events.index(("end", parent)) < started for parent in parents)


def test_independent_nodes_run_at_the_same_time() -> None:
    meeting = threading.Barrier(3)
    work = Work(execute=lambda _: meeting.wait(10) >= 0)
    assert run(graph_of(a=(), b=(), c=()), work, threads=3).wait(10)


def test_one_thread_follows_the_priorities() -> None:
    work = Work()
    assert run(graph_of(c=(), a=(), b=()), work, threads=1).wait(10)
    assert work.of("start") == [("c",), ("a",), ("b",)]


def test_descendants_of_a_failed_node_are_skipped_and_the_rest_goes_on() -> None:
    graph = graph_of(a=(), b=("a",), c=("b",), d=(), e=("c", "d"), f=("d",))
    work = Work(fails=("a",))
    assert run(graph, work).wait(10)
    assert work.of("skip") == [("b", "a"), ("c", "a"), ("e", "a")]
    assert set(work.of("start")) == {("a",), ("d",), ("f",)}


def test_a_node_below_two_failures_is_skipped_once() -> None:
    work = Work(fails=("a", "b"))
    assert run(graph_of(a=(), b=(), c=("a", "b")), work, threads=1).wait(10)
    assert work.of("skip") == [("c", "a")]


def test_fail_fast_starts_nothing_more() -> None:
    work = Work(fails=("a",))
    assert run(graph_of(a=(), b=(), c=()), work, threads=1, fail_fast=True).wait(10)
    assert work.of("start") == [("a",)]
    assert work.of("skip") == [("b", "a"), ("c", "a")]


def test_cancelling_lets_running_nodes_end_and_starts_no_other() -> None:
    running, go_on = threading.Event(), threading.Event()

    def execute(_: str) -> bool:
        running.set()
        return go_on.wait(10)

    work = Work(execute=execute)
    scheduler = run(graph_of(a=(), b=("a",), c=()), work, threads=1)
    assert running.wait(10)
    scheduler.cancel()
    assert work.of("cancelled") == [("b",), ("c",)]
    assert not scheduler.wait(0.01)
    go_on.set()
    assert scheduler.wait(10)
    scheduler.cancel()
    assert work.of("start") == [("a",)]
    assert len(work.of("cancelled")) == 2


def test_an_empty_graph_is_finished_at_once() -> None:
    assert run(graph_of(), Work()).wait(1)


def test_two_thousand_nodes_all_run_once() -> None:
    graph = graph_of(**{f"n{i}": (f"n{i - 7}",) if i >= 7 else () for i in range(2000)})
    work = Work()
    assert run(graph, work).wait(60)
    assert len(work.of("end")) == len(set(work.of("end"))) == 2000
