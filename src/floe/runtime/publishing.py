"""The publish of a run: from staged tables to one commit, told step by step."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from floe.errors import LakeError
from floe.runtime.events import Notice, PublishFinished, PublishStep, TablePublished
from floe.runtime.execution import failure_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from floe.artifact.models import CompiledArtifacts
    from floe.lake.base import Catalog, PublishedTable, StagedTable, TableName
    from floe.runtime.stream import EventStream

_FLUSH_SECONDS = 2.0
"""How long a publish waits, at each step, for observers to have heard of it."""


class _StoppedError(Exception):
    """The run was cancelled before the commit."""


@dataclass(frozen=True)
class Published:
    """What came of a publish. `error` when it failed, `stopped` when a signal came before the commit."""

    tables: tuple[TablePublished, ...] = ()
    error: LakeError | None = None
    stopped: bool = False


class Publisher:
    """Publishes staged tables and emits what happens.

    Args:
        artifacts: The artifact that is run.
        project_directory: The project.
        catalogs: Catalog profile name -> open catalog.
        stream: Where events go.
        run_id: The run.
        stopping: Whether the run is being cancelled; heeded up to the commit, never after.
    """

    def __init__(
        self,
        *,
        artifacts: CompiledArtifacts,
        project_directory: Path,
        catalogs: Mapping[str, Catalog],
        stream: EventStream,
        run_id: str,
        stopping: Callable[[], bool],
    ) -> None:
        self._artifacts = artifacts
        self._project_directory = project_directory
        self._catalogs = catalogs
        self._stream = stream
        self._run_id = run_id
        self._stopping = stopping
        self._committed = False

    def publish(self, tables: Sequence[StagedTable], others: Sequence[StagedTable]) -> Published:
        """Commit assets and others (failing rows that tests keep, tables of hooks) together.

        It never raises for what the lake reports. A publish that is stopped or fails leaves every table as it was.
        """
        started = time.perf_counter()
        result = self._commit([*self._of_assets(tables), *self._of_others(others)])
        for event in result.tables:
            self._stream.emit(event)
        failure = failure_of(result.error) if result.error else None
        seconds = time.perf_counter() - started
        finished = PublishFinished(
            run_id=self._run_id, published=len(result.tables), seconds=seconds, failure=failure, withheld=result.stopped
        )
        self._stream.emit(finished)
        return result

    def drop(self, names: Sequence[TableName]) -> None:
        """Take tables out of the catalog that hooks have dropped; their files stay.

        Raises:
            LakeError: the catalog cannot be written.
        """
        from floe.lake.open import named_table_location

        for name in names:
            profile, _ = named_table_location(self._artifacts, self._project_directory, name)
            self._catalogs[profile].drop([name])
            message = f"`{name}` was dropped, as a hook or an operation did"
            self._stream.emit(Notice(run_id=self._run_id, message=message))

    def withhold(self) -> None:
        """Tell the stream that nothing is published because something failed."""
        self._stream.emit(PublishFinished(run_id=self._run_id, published=0, seconds=0.0, withheld=True))

    def _commit(self, pairs: Sequence[tuple[Catalog, StagedTable]]) -> Published:
        from floe.lake.publish import publish

        def on_step(step: str) -> None:
            self._step(step, len(pairs))

        try:
            done = publish(pairs, self._run_id, self._artifacts.digest, on_step)
        except _StoppedError:
            return Published(stopped=True)
        except LakeError as error:
            return Published(error=self._partly_done(error))
        return Published(tables=tuple(self._event(table) for table in done))

    def _step(self, step: str, tables: int) -> None:
        self._committed = self._committed or step == "committed"
        self._stream.emit(PublishStep(run_id=self._run_id, step=step, tables=tables))
        self._stream.flush(_FLUSH_SECONDS)
        if self._stopping() and not self._committed:
            raise _StoppedError

    def _partly_done(self, error: LakeError) -> LakeError:
        if self._committed:
            error.details = (*error.details, "the tables of another catalog were published before this failed")
        return error

    def _of_assets(self, tables: Sequence[StagedTable]) -> list[tuple[Catalog, StagedTable]]:
        artifacts = self._artifacts
        layers = [artifacts.layers[artifacts.assets[staged.asset].layer] for staged in tables]
        return [(self._catalogs[layer.catalog], staged) for layer, staged in zip(layers, tables, strict=True)]

    def _of_others(self, others: Sequence[StagedTable]) -> list[tuple[Catalog, StagedTable]]:
        from floe.lake.open import named_table_location

        places = (named_table_location(self._artifacts, self._project_directory, staged.base.name) for staged in others)
        return [(self._catalogs[profile], staged) for (profile, _), staged in zip(places, others, strict=True)]

    def _event(self, table: PublishedTable) -> TablePublished:
        return TablePublished(
            run_id=self._run_id,
            asset=table.asset,
            table=str(table.name),
            snapshot_id=table.snapshot_id,
            operation=table.operation,
            rows_added=table.rows_added,
            rows_removed=table.rows_removed,
            rows_total=table.rows_total,
            files_added=table.files_added,
            bytes_added=table.bytes_added,
        )
