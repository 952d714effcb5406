"""One maintenance in a process of its own: `caring.py PROJECT [kill WHAT | say WHAT]`, as `child.py` for runs.

It keeps so many snapshots of each table as FLOE_CHILD_KEEP says, one without, so that there is something to expire.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from child import Watcher

from floe.artifact.codec import load
from floe.runtime.maintenance import MaintenanceRequest, maintain

_LONGEST_SECONDS = 120


def main(project: str, action: str = "say", what: str = "") -> None:
    signal.alarm(_LONGEST_SECONDS)
    artifacts = load(Path(project) / ".floe" / "artifacts.json")
    forgetful = {"retention_days": 0, "keep_snapshots": int(os.environ.get("FLOE_CHILD_KEEP", "1"))}
    layers = {name: layer.model_copy(update=forgetful) for name, layer in artifacts.layers.items()}
    artifacts = artifacts.model_copy(update={"layers": layers})
    request = MaintenanceRequest(project_directory=Path(project), artifacts=artifacts)
    result = maintain(request, [Watcher(action, what)])
    for failed, failure in result.failures:
        sys.stderr.write(f"{failed}: {failure.code} {failure.reason}\n")
    sys.exit(result.exit_status)


if __name__ == "__main__":
    main(*sys.argv[1:])
