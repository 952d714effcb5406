"""How everything begins that takes an environment's lease: an id, the lease, the journal's row."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from floe.errors import FloeError
from floe.runtime.events import Notice
from floe.runtime.journal import Journal, journal_path
from floe.runtime.journal_observer import JournalObserver
from floe.runtime.lease import acquire, lease_path
from floe.runtime.recovery import recover

if TYPE_CHECKING:
    from pathlib import Path

    from floe.artifact.models import CompiledArtifacts
    from floe.runtime.events import RunStarted
    from floe.runtime.lease import Holder, Lease
    from floe.runtime.stop import StopRequest
    from floe.runtime.stream import EventStream


def new_run_id() -> str:
    """A unique run id that sorts by start time and is safe in file names."""
    now = datetime.now(UTC)
    return f"{now:%Y%m%dT%H%M%S}{now.microsecond // 1000:03d}-{secrets.token_hex(3)}"


def take_lease(
    artifacts: CompiledArtifacts,
    project_directory: Path,
    run_id: str,
    wait_seconds: float,
    stream: EventStream | None = None,
    stop: StopRequest | None = None,
) -> Lease:
    """Take the lease on the artifact's environment, waiting at most `wait_seconds` for it.

    The stream is told when waiting begins; waiting ends when it is asked to stop.

    Raises:
        EnvironmentLockedError: another run holds it.
        EnvironmentFaultError: the lock file cannot be written.
    """

    def tell(holder: Holder | None) -> None:
        if stream is not None:
            stream.emit(Notice(run_id=run_id, message=f"waiting for {holder or 'another run'}"))

    return acquire(
        lease_path(project_directory, artifacts.platform.environment),
        run_id,
        wait_seconds=wait_seconds,
        on_wait=tell,
        cancelled=lambda: stop is not None and stop.requested,
    )


def begin(artifacts: CompiledArtifacts, project_directory: Path, started: RunStarted, stream: EventStream) -> None:
    """With the lease held: clean up after runs that died, record the start, and let the journal hear the stream.

    Raises:
        FloeError: the journal cannot be written, or what a dead run left behind not be looked at.
    """
    journal = Journal(journal_path(project_directory))
    try:
        for message in recover(journal, artifacts, project_directory):
            stream.emit(Notice(run_id=started.run_id, message=message))
        journal.start_run(started)
    except FloeError:
        journal.close()
        raise
    stream.subscribe(JournalObserver(journal))
    stream.emit(started)
