"""The thread in which dbt lives during a run. It starts when the run does, and works on one thing at a time.

dbt keeps its flags, adapters and events for the whole process, so one thread works for every node and one project at
a time; where several projects have such nodes, it moves from one to the other.
"""

from __future__ import annotations

import queue
import threading
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from floe.dbt.garbage import rare_collections
from floe.engines.dbt.faults import dbt_fault, interrupted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from floe.artifact.dbt_project import DbtTransform
    from floe.engines.base import EventTimes
    from floe.engines.dbt.batches import Batch
    from floe.engines.dbt.data_tests import DataTestResult
    from floe.engines.dbt.identity import Identity
    from floe.engines.dbt.unit_tests import UnitTestResult
    from floe.engines.duckdb.workspace import Workspace

_CLOSING_SECONDS = 20.0

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Located:
    """A dbt transform of the artifact, as `floe.dbt.invocation` wants it."""

    transform: DbtTransform
    root: Path

    @property
    def directory(self) -> Path:
        """Folder that holds dbt_project.yml."""
        return self.root / self.transform.directory

    @property
    def state(self) -> Path:
        """Folder that holds profiles.yml."""
        return self.root / self.transform.state

    @property
    def profile(self) -> str:
        """Name of the profile."""
        return self.transform.profile

    @property
    def target(self) -> str:
        """Target of the profile."""
        return self.transform.target

    @property
    def target_path(self) -> Path:
        """Folder of dbt's partial parse."""
        return self.state / "target"

    @property
    def variables(self) -> str:
        """Variables as JSON."""
        return self.transform.variables


@dataclass(frozen=True)
class _Request:
    """Work with dbt's configuration and manifest of a transform; without work, dbt only gets ready."""

    transform: str
    subject: str = ""
    work: Callable[[Any, Any], Any] | None = None
    answer: Future[Any] = field(default_factory=Future)


class DbtHost:
    """Lets dbt work for nodes, hooks and operations of the artifact's dbt transforms in a run's session.

    Args:
        workspace: The session.
        first: Name of the transform to get ready for.
        full_refresh: What dbt's `flags.FULL_REFRESH` says.
        times: Which batches of microbatch models are built.
    """

    def __init__(self, workspace: Workspace, first: str, *, full_refresh: bool, times: EventTimes) -> None:
        self._workspace = workspace
        self._times = times
        self._options = build_options(full_refresh=full_refresh, times=times)
        self._requests: queue.SimpleQueue[_Request | None] = queue.SimpleQueue()
        self._identity: Identity | None = None
        self.subject = ""
        """What dbt works on: what it says is told of that. Nothing is told while it is empty."""
        self._closed = False
        self._thread = threading.Thread(target=self._serve, args=(_Request(first),), name="floe-dbt", daemon=True)
        self._thread.start()

    def render(self, transform: str, unique_id: str, subject: str) -> str:
        """The SQL of a node, for what the session holds now; `subject` is what messages call it.

        Raises:
            NodeError: dbt cannot render it; dbt's own message is kept.
        """

        def work(config: Any, manifest: Any) -> str:  # noqa: ANN401 - dbt's own
            from floe.engines.dbt.rendering import render

            return render(config, manifest, unique_id)

        return self._for_node(transform, subject, work, "FLOE-0430")

    def build(self, transform: str, unique_id: str, subject: str) -> str:
        """Let dbt build a node in the session as `dbt build` does, with hooks; return the SQL or Python code of it.

        Raises:
            NodeError: dbt cannot build it; dbt's own message is kept.
        """

        def work(config: Any, manifest: Any) -> str:  # noqa: ANN401 - dbt's own
            from floe.engines.dbt.driving import build

            return build(config, manifest, unique_id, self._times)

        return self._for_node(transform, subject, work, "FLOE-0431")

    def batches(self, transform: str, unique_id: str, subject: str, *, is_incremental: bool) -> list[Batch]:
        """The batches that the run builds of a microbatch model; see `floe.engines.dbt.batches`.

        Raises:
            NodeError: dbt cannot cut them; dbt's own message is kept.
        """

        def work(_: Any, manifest: Any) -> list[Batch]:  # noqa: ANN401 - dbt's own
            from floe.engines.dbt.batches import batches_of

            return batches_of(manifest.expect(unique_id), self._times, is_incremental=is_incremental)

        return self._for_node(transform, subject, work, "FLOE-0430")

    def render_batch(self, transform: str, unique_id: str, subject: str, batch: Batch) -> str:
        """The SQL of one batch of a microbatch model.

        Raises:
            NodeError: dbt cannot render it; dbt's own message is kept.
        """

        def work(config: Any, manifest: Any) -> str:  # noqa: ANN401 - dbt's own
            from floe.engines.dbt.batches import render_batch

            return render_batch(config, manifest, unique_id, batch)

        return self._for_node(transform, subject, work, "FLOE-0430")

    def unit_test(self, transform: str, unique_id: str, subject: str) -> UnitTestResult:
        """Let dbt run a unit test in the session.

        Raises:
            NodeError: dbt cannot run it; dbt's own message is kept.
        """

        def work(config: Any, manifest: Any) -> UnitTestResult:  # noqa: ANN401 - dbt's own
            from floe.engines.dbt.unit_tests import run_unit_test

            return run_unit_test(config, manifest, unique_id)

        return self._for_node(transform, subject, work, "FLOE-0453")

    def data_test(self, transform: str, unique_id: str, subject: str) -> DataTestResult:
        """Let dbt run a data test in the session.

        Raises:
            NodeError: dbt cannot run it; dbt's own message is kept.
        """

        def work(config: Any, manifest: Any) -> DataTestResult:  # noqa: ANN401 - dbt's own
            from floe.engines.dbt.data_tests import run_data_test

            return run_data_test(config, manifest, unique_id)

        return self._for_node(transform, subject, work, "FLOE-0454")

    def ask(self, transform: str, subject: str, work: Callable[[Any, Any], Answer]) -> Answer:
        """Call `work` with dbt's configuration and manifest of a transform, in dbt's thread.

        Raises:
            NodeError: the session was interrupted.
            Exception: what `work` raised, or what dbt did when it entered the project.
        """
        request = _Request(transform, subject, work)
        self._requests.put(request)
        try:
            return request.answer.result()  # type: ignore[no-any-return]
        except Exception as error:
            if self._workspace.interrupted:
                raise interrupted(subject) from error
            raise

    def _for_node(self, transform: str, subject: str, work: Callable[[Any, Any], Answer], code: str) -> Answer:
        try:
            return self.ask(transform, subject, work)
        except Exception as error:
            raise dbt_fault(error, code, subject, self._workspace.project_directory) from error

    def close(self) -> None:
        """End dbt; call it before the session's database is closed."""
        self._closed = True
        self._requests.put(None)
        self._thread.join(_CLOSING_SECONDS)

    def _serve(self, first: _Request) -> None:
        request: _Request | None = first
        with rare_collections():
            while request is not None:
                request = self._work_for(request)

    def _work_for(self, request: _Request) -> _Request | None:
        """Work in one transform, until there is a request for another or none."""
        if self._closed:
            return None
        from floe.dbt.invocation import Messages, inside_dbt

        place = Located(
            self._workspace.artifacts.transforms[request.transform], self._workspace.project_directory.resolve()
        )
        try:
            return inside_dbt(
                place,
                Messages(listener=self._heard),
                lambda config: self._serve_transform(config, request),
                command="build",
                options=self._options,
            )
        except Exception as error:  # noqa: BLE001 - the thread that asked raises it
            if not request.answer.done():
                request.answer.set_exception(error)
            return self._requests.get()

    def _serve_transform(self, config: Any, request: _Request) -> _Request | None:  # noqa: ANN401 - dbt's RuntimeConfig
        from floe.dbt.manifest import load_manifest
        from floe.engines.dbt.environment import bound
        from floe.engines.dbt.identity import Identity
        from floe.engines.dbt.rendering import FlatGraph

        manifest = load_manifest(config)
        manifest.flat_graph = FlatGraph(manifest)
        if self._identity is None:
            self._identity = Identity.current()
        self._identity.restore()
        current: _Request | None = request
        with bound(config, self._workspace):
            while current is not None and current.transform == request.transform:
                self._answer(current, config, manifest)
                current = self._requests.get()
        return current

    def _answer(self, request: _Request, config: Any, manifest: Any) -> None:  # noqa: ANN401 - dbt's own
        if request.work is None:
            return
        self.subject = request.subject
        try:
            request.answer.set_result(request.work(config, manifest))
        except Exception as error:  # noqa: BLE001 - as in _work_for
            request.answer.set_exception(error)
        finally:
            self.subject = ""

    def _heard(self, level: Any, text: str) -> None:  # noqa: ANN401 - one of the words of `Saying`
        """Pass on what dbt says while it works, not what it said of the project when that was compiled, too."""
        if self.subject:
            self._workspace.say(level, text, self.subject)


def build_options(*, full_refresh: bool, times: EventTimes) -> Sequence[str]:
    """The options of `dbt build` that the project's code can see in `flags`."""
    options = ["--full-refresh"] if full_refresh else []
    for option, time in (("--event-time-start", times.start), ("--event-time-end", times.end)):
        if time is not None:
            options += [option, f"{time:%Y-%m-%d %H:%M:%S}"]
    return options
