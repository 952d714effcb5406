"""Works a graph off on several threads: whatever is ready, highest priority first."""

from __future__ import annotations

import heapq
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from floe.runtime.graph import RunGraph


class Scheduler:
    """Executes every node of a graph once its parents have succeeded.

    Args:
        graph: What waits for what.
        execute: Does one node's work on a worker thread and says whether it succeeded. It must not raise.
        skip: Called once for each node that is not executed because of a failure, with the node that failed.
        cancelled: Called once for each node that is not executed because the run was cancelled.
        fail_fast: Skip everything that has not started as soon as one node fails.
    """

    def __init__(
        self,
        graph: RunGraph,
        *,
        execute: Callable[[str], bool],
        skip: Callable[[str, str], None],
        cancelled: Callable[[str], None],
        fail_fast: bool = False,
    ) -> None:
        self._graph = graph
        self._execute = execute
        self._skip = skip
        self._cancelled = cancelled
        self._fail_fast = fail_fast
        self._waiting = {node: len(parents) for node, parents in graph.parents.items()}
        self._unstarted = set(graph.kinds)
        self._running = 0
        self._ready = [(graph.priorities[node], node) for node, count in self._waiting.items() if count == 0]
        heapq.heapify(self._ready)
        self._changed = threading.Condition()
        self._finished = threading.Event()

    def start(self, threads: int) -> None:
        """Start at most `threads` workers, as daemons: a stuck one cannot keep the process alive."""
        if not self._graph.kinds:
            self._finished.set()
            return
        for number in range(min(threads, len(self._graph.kinds))):
            threading.Thread(target=self._work, name=f"floe-worker-{number}", daemon=True).start()

    def wait(self, timeout: float | None = None) -> bool:
        """Block until nothing is running and nothing is left; False when `timeout` seconds have passed before."""
        return self._finished.wait(timeout)

    def cancel(self) -> None:
        """Start no more nodes. Running ones go on until they end by themselves or are interrupted."""
        with self._changed:
            for node in self._take_unstarted():
                self._cancelled(node)
            self._settle()

    def _work(self) -> None:
        while (node := self._next()) is not None:
            succeeded = self._execute(node)
            with self._changed:
                self._running -= 1
                self._release(node) if succeeded else self._block(node)
                self._settle()

    def _next(self) -> str | None:
        with self._changed:
            while not self._ready and self._unstarted:
                self._changed.wait()
            if not self._ready:
                return None
            _, node = heapq.heappop(self._ready)
            self._unstarted.discard(node)
            self._running += 1
            return node

    def _release(self, node: str) -> None:
        for child in self._graph.children[node]:
            self._waiting[child] -= 1
            if self._waiting[child] == 0 and child in self._unstarted:
                heapq.heappush(self._ready, (self._graph.priorities[child], child))
                self._changed.notify()

    def _block(self, failed: str) -> None:
        below = self._take_unstarted() if self._fail_fast else self._take_descendants(failed)
        for node in below:
            self._skip(node, failed)

    def _take_unstarted(self) -> list[str]:
        taken = [node for node in self._graph.kinds if node in self._unstarted]
        self._unstarted.clear()
        self._ready.clear()
        return taken

    def _take_descendants(self, failed: str) -> list[str]:
        border, below = [failed], set[str]()
        while border:
            fresh = [child for child in self._graph.children[border.pop()] if child in self._unstarted]
            self._unstarted.difference_update(fresh)
            below.update(fresh)
            border += fresh
        return [node for node in self._graph.kinds if node in below]

    def _settle(self) -> None:
        if self._unstarted:
            return
        self._changed.notify_all()
        if self._running == 0 and not self._ready:
            self._finished.set()
