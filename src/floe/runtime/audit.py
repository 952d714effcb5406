"""Decides, when everything has run, what of a run may be published."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from floe.runtime.events import NodeStatus, TestStatus
from floe.runtime.graph import topological_order

if TYPE_CHECKING:
    from floe.artifact.models import CompiledArtifacts, Test
    from floe.lake.base import StagedTable
    from floe.runtime.execution import Outcomes

_PASSED = (TestStatus.PASS, TestStatus.WARN)


@dataclass(frozen=True)
class Verdict:
    """What goes to readers.

    `tables` are the run's results, `failing_rows` what tests asked to keep, `kept` the tables of hooks, which dbt
    writes whatever becomes of the run.
    """

    tables: tuple[StagedTable, ...]
    failing_rows: tuple[StagedTable, ...]
    kept: tuple[StagedTable, ...]
    withheld: tuple[str, ...]
    """Keys of assets that were built but stay unpublished."""


def judge(artifacts: CompiledArtifacts, outcomes: Outcomes) -> Verdict:
    """Apply the project's publish mode to what happened.

    `all-or-nothing`: any failed asset or test withholds everything. `per-asset`: an asset is published when it was
    built, every test on it passed, and the same holds for everything above it.
    """
    if outcomes.succeeded:
        good = set(outcomes.staged)
    elif artifacts.publish == "per-asset":
        good = set(outcomes.staged) - _tainted(artifacts, outcomes)
    else:
        good = set()
    return Verdict(
        tables=tuple(staged for key, staged in sorted(outcomes.staged.items()) if key in good),
        failing_rows=tuple(staged for _, staged in sorted(outcomes.failing_rows.items())),
        kept=outcomes.kept.staged,
        withheld=tuple(key for key in sorted(outcomes.staged) if key not in good),
    )


def _tainted(artifacts: CompiledArtifacts, outcomes: Outcomes) -> set[str]:
    tainted = {key for key, node in outcomes.nodes.items() if node.status is not NodeStatus.SUCCESS}
    for test_id, test in outcomes.tests.items():
        if test.status not in _PASSED:
            tainted |= _audited(artifacts.tests[test_id])
    for key in topological_order({key: asset.depends_on for key, asset in artifacts.assets.items()}):
        if tainted.intersection(artifacts.assets[key].depends_on):
            tainted.add(key)
    return tainted


def _audited(test: Test) -> set[str]:
    """The assets that a test speaks about: the one it is declared on, else all it reads."""
    return {test.attached_to} if test.attached_to else set(test.depends_on)
