"""What of the last run has to be done again, from the journal."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from floe.engines.base import EventTimes
from floe.lake.base import MAIN
from floe.runtime.events import NodeStatus, RunStatus, TestStatus
from floe.runtime.journal import read_journal
from floe.runtime.selection import Selection

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from floe.artifact.models import CompiledArtifacts

_PASSED = (TestStatus.PASS, TestStatus.WARN)


@dataclass(frozen=True)
class LastRun:
    """The latest run of an environment, with the options it was given."""

    run_id: str
    command: Literal["run", "test"]
    status: str
    full_refresh: bool
    variables: Mapping[str, Any]
    target: str
    profiles_dir: str
    profile: str
    event_times: EventTimes
    """Those of that run, so that the same batches are built again."""
    fused_tests: bool
    deferred_to: str
    """Absolute path of the project of `--state`, where it was deferred to."""
    favors_state: bool
    planned: Selection
    done: frozenset[str]
    """Assets and tests that came to their end: what is built was published, or is nothing to publish."""

    @property
    def succeeded(self) -> bool:
        """Whether there is nothing to do again."""
        return self.status == RunStatus.SUCCEEDED


def last_run(project_directory: Path, environment: str, branch: str = MAIN) -> LastRun | None:
    """The latest run of an environment on a branch; None when nothing has run there.

    Raises:
        EnvironmentFaultError: the journal cannot be read.
    """
    row = _last_row(project_directory, environment, branch)
    return None if row is None else _described(row)


def last_results(project_directory: Path, environment: str, branch: str = MAIN) -> dict[str, str] | None:
    """What became of each asset and test in the latest run on a branch; None when nothing has run there.

    Raises:
        EnvironmentFaultError: the journal cannot be read.
    """
    row = _last_row(project_directory, environment, branch)
    if row is None:
        return None
    nodes = {node["asset"]: str(node["status"]) for node in row["nodes"]}
    return nodes | {test["test"]: str(test["status"]) for test in row["tests"]}


def _last_row(project_directory: Path, environment: str, branch: str) -> dict[str, Any] | None:
    journal = read_journal(project_directory)
    if journal is None:
        return None
    with journal:
        return journal.last_run(environment, branch)


def _described(row: Mapping[str, Any]) -> LastRun:
    plan = json.loads(row["plan"] or "{}")  # a journal of an older Floe holds none
    assets = plan.get("assets", [node["asset"] for node in row["nodes"]])
    tests = plan.get("tests", [test["test"] for test in row["tests"]])
    return LastRun(
        run_id=row["run_id"],
        command="test" if row["command"] == "test" else "run",
        status=row["status"],
        full_refresh=bool(plan.get("full_refresh")),
        variables=plan.get("variables", {}),
        target=plan.get("target", ""),
        profiles_dir=plan.get("profiles_dir", ""),
        profile=plan.get("profile", ""),
        event_times=EventTimes.from_text(plan.get("event_times", {})),
        fused_tests=bool(plan.get("fused_tests", True)),
        deferred_to=plan.get("deferred_to", ""),
        favors_state=bool(plan.get("favors_state")),
        planned=Selection(tuple(assets), tuple(tests)),
        done=_done(row, in_warehouse=bool(plan.get("warehouse"))),
    )


def _done(row: Mapping[str, Any], *, in_warehouse: bool) -> frozenset[str]:
    """What needs not be done again; in a warehouse, whatever is built is published."""
    published = {item["asset"] for item in row["publishes"]}
    built = {
        node["asset"]
        for node in row["nodes"]
        if node["status"] == NodeStatus.SUCCESS
        and (in_warehouse or node["asset"] in published or node["materialization"] in ("view", "ephemeral"))
    }
    return frozenset(built | {test["test"] for test in row["tests"] if test["status"] in _PASSED})


def to_retry(artifacts: CompiledArtifacts, last: LastRun) -> Selection:
    """What failed, was skipped, never began or was built but not published, as far as it still exists.

    Tests of an asset that is built again run again, so that nothing is published untested.
    """
    assets = [key for key in last.planned.assets if key in artifacts.assets]
    tests = [test_id for test_id in last.planned.tests if test_id in artifacts.tests]
    again = {key for key in assets if key not in last.done}
    chosen = Selection(
        tuple(key for key in assets if key in again),
        tuple(
            test_id
            for test_id in tests
            if test_id not in last.done or again.intersection(artifacts.tests[test_id].depends_on)
        ),
    )
    return chosen if chosen.assets or chosen.tests else Selection(tuple(assets), tuple(tests))
