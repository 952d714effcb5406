"""Enters dbt for a warehouse's dbt projects: one is open at a time, and all worker threads share it."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from floe.dbt.invocation import Messages, inside_dbt
from floe.engines.dbt.host import Located
from floe.engines.dbt.identity import Identity
from floe.engines.dbt.warehouse import SUBJECT, OpenProject

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from floe.artifact.models import CompiledArtifacts
    from floe.engines.base import Saying

_LEAVING_SECONDS = 20.0


class WarehouseHost:
    """Opens the dbt projects of an artifact, each when something of it is asked for.

    dbt keeps flags and adapters for the whole process, so a project is left, once nobody works in it any more, before
    another is entered.

    Args:
        artifacts: What is run.
        project_directory: The Floe project.
        threads: How many nodes are worked on at a time.
        nodes: Transform -> unique ids of what the run builds and tests of it.
        options: Further options of `dbt build`.
        say: Takes what the project says; see `SessionRequest.say`.
    """

    def __init__(
        self,
        artifacts: CompiledArtifacts,
        project_directory: Path,
        threads: int,
        nodes: Mapping[str, frozenset[str]],
        options: Sequence[str] = (),
        say: Callable[[Saying, str, str], None] | None = None,
    ) -> None:
        self._artifacts = artifacts
        self._root = project_directory.resolve()
        self._options = ("--threads", str(threads), *options)
        self._nodes = nodes
        self._say = say
        self._condition = threading.Condition()
        self._users = 0
        self._entered = ""
        self._project: OpenProject | None = None
        self._leave = threading.Event()
        self._thread: threading.Thread | None = None
        self._identity: Identity | None = None

    @contextmanager
    def project(self, transform: str) -> Iterator[OpenProject]:
        """The open project of a transform.

        Raises:
            Exception: what dbt raised when it was entered: it cannot read the project, or not reach the warehouse.
        """
        with self._condition:
            self._condition.wait_for(lambda: self._users == 0 or self._entered == transform)
            project = self._project
            if project is None or self._entered != transform:
                self._end()
                project = self._enter(transform)
            self._users += 1
        try:
            yield project
        finally:
            with self._condition:
                self._users -= 1
                self._condition.notify_all()

    def cancel(self) -> None:
        """Cancel what runs in the warehouse."""
        project = self._project
        if project is not None:
            project.cancel()

    def close(self) -> None:
        """Leave dbt; nobody may be working."""
        with self._condition:
            self._end()

    def _enter(self, transform: str) -> OpenProject:
        opened: Future[OpenProject] = Future()
        self._leave = threading.Event()
        arguments = (transform, opened, self._leave)
        self._thread = threading.Thread(target=self._serve, args=arguments, name="floe-dbt", daemon=True)
        self._thread.start()
        self._project = opened.result()
        self._entered = transform
        return self._project

    def _end(self) -> None:
        self._leave.set()
        if self._thread is not None:
            self._thread.join(_LEAVING_SECONDS)
        self._project, self._thread, self._entered = None, None, ""

    def _heard(self, level: Any, text: str) -> None:  # noqa: ANN401 - one of the words of `Saying`
        subject = SUBJECT.get()
        if self._say is not None and subject:
            self._say(level, text, subject)

    def _serve(self, transform: str, opened: Future[OpenProject], leave: threading.Event) -> None:
        """Be inside dbt until told to leave."""

        def work(config: Any) -> None:  # noqa: ANN401 - dbt's RuntimeConfig
            if self._identity is None:
                self._identity = Identity.current()
            self._identity.restore()
            project = OpenProject(config, self._nodes.get(transform, frozenset()))
            try:
                opened.set_result(project)
                leave.wait()
            finally:
                project.close()

        place = Located(self._artifacts.transforms[transform], self._root)
        try:
            inside_dbt(place, Messages(listener=self._heard), work, command="build", options=self._options)
        except Exception as error:
            if opened.done():
                raise
            opened.set_exception(error)
