"""The publish of a run: from staged tables to one commit for each catalog, told step by step."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from floe.errors import LakeError, UnknownOutcomeError
from floe.lake.base import DROPPED_PROPERTY
from floe.runtime.events import Notice, PublishFinished, PublishPart, PublishStarted, PublishStep, TablePublished
from floe.runtime.execution import failure_of
from floe.runtime.graph import topological_order

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from floe.artifact.models import CompiledArtifacts
    from floe.lake.base import Catalog, PublishedTable, StagedTable, TableName
    from floe.runtime.stream import EventStream

_TOO_LATE = ("recorded", "swapped", "committed")
"""Steps at which a publish goes on although the run is to stop."""
_FLUSH_SECONDS = 2.0
"""How long a publish waits, at each step, for observers to have heard of it."""


class _StoppedError(Exception):
    """The run was cancelled before the commit."""


@dataclass(frozen=True)
class Published:
    """What came of a publish. `error` when it failed, `stopped` when a signal came before the commit.

    `tables` are visible in any case: those of all catalogs, or those of the catalogs before the one that failed.
    """

    tables: tuple[TablePublished, ...] = ()
    error: LakeError | None = None
    stopped: bool = False
    parts: tuple[PublishPart, ...] = ()
    """What became of each catalog, in the order of their commits."""


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
        self._visible: list[TablePublished] = []
        self._parts: dict[str, PublishPart] = {}

    def publish(self, tables: Sequence[StagedTable], others: Sequence[StagedTable]) -> Published:
        """Commit assets and others (failing rows that tests keep, tables of hooks) together.

        It never raises for what the lake reports. A publish that is stopped or fails leaves every table of the catalog
        at hand, and of those that would have followed, as it was.
        """
        started = time.perf_counter()
        placed = self._placed(tables, others)
        self._parts = self._planned(placed)
        self._stream.emit(PublishStarted(run_id=self._run_id, parts=tuple(self._parts.values())))
        result = self._commit([(self._catalogs[profile], staged) for profile, staged in placed])
        finished = PublishFinished(
            run_id=self._run_id,
            published=len(result.tables),
            seconds=time.perf_counter() - started,
            failure=failure_of(result.error) if result.error else None,
            withheld=result.stopped,
            parts=result.parts,
        )
        self._stream.emit(finished)
        gone = {str(staged.base.name) for staged in others if staged.properties.get(DROPPED_PROPERTY)}
        for name in sorted(gone & {table.table for table in result.tables}):
            self._notice(_dropped(name))
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
            self._notice(_dropped(str(name)))

    def withhold(self) -> None:
        """Tell the stream that nothing is published because something failed."""
        self._stream.emit(PublishFinished(run_id=self._run_id, published=0, seconds=0.0, withheld=True))

    def _commit(self, pairs: Sequence[tuple[Catalog, StagedTable]]) -> Published:
        from floe.lake.publish import Listener, publish

        def on_step(step: str) -> None:
            self._step(step, len(pairs))

        listener = Listener(on_step, visible=self._became_visible, notice=self._notice)
        stopped = False
        failure: LakeError | None = None
        try:
            publish(pairs, self._run_id, self._artifacts.digest, listener)
        except _StoppedError:
            stopped = True
        except LakeError as error:
            failure = error
        return Published(tuple(self._visible), failure, stopped, self._ended(failure))

    def _step(self, step: str, tables: int) -> None:
        self._stream.emit(PublishStep(run_id=self._run_id, step=step, tables=tables))
        self._stream.flush(_FLUSH_SECONDS)
        # Heeded up to the first change that readers can see, never after.
        if self._stopping() and step not in _TOO_LATE and not self._visible:
            raise _StoppedError

    def _became_visible(self, catalog: Catalog, tables: Sequence[PublishedTable]) -> None:
        (profile,) = (name for name in self._parts if self._catalogs[name] is catalog)
        self._parts[profile] = replace(self._parts[profile], status="published")
        for table in tables:
            event = self._event(table)
            self._visible.append(event)
            self._stream.emit(event)

    def _ended(self, error: LakeError | None) -> tuple[PublishPart, ...]:
        """The first catalog that did not publish is the one that failed; those after it were never asked."""
        ended: list[PublishPart] = []
        status: Literal["failed", "unchanged", "unknown"] = "failed" if error else "unchanged"
        if isinstance(error, UnknownOutcomeError):
            status = "unknown"
        for planned in self._parts.values():
            # Some servers only say at the commit that they change one table at a time.
            part = replace(planned, atomic=planned.atomic and self._in_one_step(planned.catalog, planned.tables))
            if part.status == "pending":
                ended.append(replace(part, status=status))
                status = "unchanged"
            else:
                ended.append(part)
        return tuple(ended)

    def _notice(self, message: str) -> None:
        self._stream.emit(Notice(run_id=self._run_id, message=message))

    def _planned(self, placed: Sequence[tuple[str, StagedTable]]) -> dict[str, PublishPart]:
        names: dict[str, list[str]] = {}
        for profile, staged in placed:
            names.setdefault(profile, []).append(str(staged.base.name))
        return {
            profile: PublishPart(
                catalog=profile,
                tables=tuple(tables),
                atomic=self._in_one_step(profile, tables),
            )
            for profile, tables in names.items()
        }

    def _in_one_step(self, profile: str, tables: Sequence[str]) -> bool:
        return len(tables) == 1 or self._catalogs[profile].atomic  # one table always changes in one step

    def _placed(self, tables: Sequence[StagedTable], others: Sequence[StagedTable]) -> list[tuple[str, StagedTable]]:
        """Each table with its catalog profile; where one commit does not do, in the order of dependencies.

        What a failure between two changes leaves unpublished is then what reads the published, not what it reads.
        """
        from floe.lake.care.retention import layer_retention
        from floe.lake.open import named_table_location

        artifacts = self._artifacts
        layers = [artifacts.layers[artifacts.assets[staged.asset].layer] for staged in tables]
        of_assets = [
            (
                layer.catalog,
                replace(
                    staged,
                    retention=layer_retention(layer.retention_days, layer.keep_snapshots),
                    properties={**layer.properties, **staged.properties},
                ),
            )
            for layer, staged in zip(layers, tables, strict=True)
        ]
        used = {profile for profile, _ in of_assets}
        if len(used) > 1 or not all(self._catalogs[profile].atomic for profile in used):
            order = topological_order({key: asset.depends_on for key, asset in artifacts.assets.items()})
            places = {key: number for number, key in enumerate(order)}
            of_assets.sort(key=lambda placed: places[placed[1].asset])
        of_others = [
            (named_table_location(artifacts, self._project_directory, staged.base.name)[0], staged) for staged in others
        ]
        return [*of_assets, *of_others]

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


def _dropped(name: str) -> str:
    return f"`{name}` was dropped, as a hook or an operation did"
