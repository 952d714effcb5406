"""One run in a process of its own, for tests that end it: `child.py PROJECT [kill WHAT | say WHAT | hold WHAT]`.

`kill WHAT` ends the process with SIGKILL as soon as the event or publish step WHAT is heard of; `say WHAT` prints it;
`hold WHAT` prints it and stops until SIGCONT comes. FLOE_CHILD_ENVIRONMENT is the environment that the run is in.
An event of one asset is its name and the asset's key: `NodeFinished gold.totals`. `committed 2` is the second one.
"""

from __future__ import annotations

import os
import signal
import sys
from collections import Counter
from pathlib import Path

from floe.artifact.codec import load
from floe.runtime.events import Event, PublishStep
from floe.runtime.request import RunRequest
from floe.runtime.run import run


def name_of(event: Event) -> str:
    return event.step if isinstance(event, PublishStep) else type(event).__name__


class Watcher:
    def __init__(self, action: str, what: str) -> None:
        self.action = action
        self.what = what
        self.heard: Counter[str] = Counter()

    def on_event(self, event: Event) -> None:
        name = name_of(event)
        self.heard[name] += 1
        if self.what not in (name, f"{name} {getattr(event, 'asset', '')}", f"{name} {self.heard[name]}"):
            return
        if self.action == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        sys.stdout.write(f"{self.what}\n")
        sys.stdout.flush()
        if self.action == "hold":
            os.kill(os.getpid(), signal.SIGSTOP)

    def close(self) -> None:
        pass


_LONGEST_SECONDS = 120


def main(project: str, action: str = "say", what: str = "") -> None:
    signal.alarm(_LONGEST_SECONDS)  # so that a child whose test was ended does not run on for ever
    artifacts = load(Path(project) / ".floe" / "artifacts.json")
    if environment := os.environ.get("FLOE_CHILD_ENVIRONMENT"):
        platform = artifacts.platform.model_copy(update={"environment": environment})
        artifacts = artifacts.model_copy(update={"platform": platform})
    request = RunRequest(project_directory=Path(project), artifacts=artifacts)
    result = run(request, [Watcher(action, what)])
    if result.abandoned:
        os._exit(result.exit_status)
    sys.exit(result.exit_status)


if __name__ == "__main__":
    main(*sys.argv[1:])
