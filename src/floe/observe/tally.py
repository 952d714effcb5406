"""What an observer remembers of a run in order to speak about it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from floe.runtime.events import (
    HookFinished,
    NodeFinished,
    NodeStatus,
    PublishFinished,
    RunFinished,
    RunStarted,
    Said,
    TablePublished,
    TestFinished,
    TestStatus,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from floe.artifact.models import Test
    from floe.runtime.events import Event, PublishPart


@dataclass
class Tally:
    """Counts and findings of one run."""

    tests: Mapping[str, Test]
    """The artifact's tests, by id."""
    started: RunStarted | None = None
    finished: RunFinished | None = None
    nodes: dict[str, NodeFinished] = field(default_factory=dict)
    results: dict[str, TestFinished] = field(default_factory=dict)
    hooks: dict[str, HookFinished] = field(default_factory=dict)
    warnings_said: int = 0
    """How often the dbt project warned."""
    published: list[TablePublished] = field(default_factory=list)
    publish_seconds: float = 0.0
    parts: list[PublishPart] = field(default_factory=list)
    """What became of each catalog that was published to."""
    publish_failed: PublishFinished | None = None
    withheld: bool = False
    outstanding: Counter[str] = field(default_factory=Counter)
    """Asset key -> number of its own tests that have not ended."""

    def add(self, event: Event) -> None:
        """Take an event in."""
        match event:
            case RunStarted():
                self.started = event
                self.outstanding.update(self.tests[test].attached_to for test in event.tests)
            case NodeFinished():
                self.nodes[event.asset] = event
            case TestFinished():
                self.results[event.test] = event
                self.outstanding[event.asset] -= 1
            case HookFinished():
                self.hooks[event.hook] = event
            case Said():
                self.warnings_said += event.level == "warning"
            case TablePublished():
                self.published.append(event)
            case PublishFinished():
                self._add_publish(event)
            case RunFinished():
                self.finished = event

    def _add_publish(self, event: PublishFinished) -> None:
        self.publish_seconds += event.seconds
        self.withheld = self.withheld or event.withheld
        self.parts += event.parts
        if event.failure:
            self.publish_failed = event

    def node_count(self, status: NodeStatus) -> int:
        """Number of assets with this status."""
        return sum(node.status is status for node in self.nodes.values())

    def data_statuses(self) -> Counter[TestStatus]:
        """How many data tests have each status."""
        return Counter(test.status for name, test in self.results.items() if self.tests[name].unit is None)

    def unit_statuses(self) -> Counter[TestStatus]:
        """How many unit tests have each status."""
        return Counter(test.status for name, test in self.results.items() if self.tests[name].unit is not None)

    def test_count(self, *statuses: TestStatus) -> int:
        """Number of tests with one of these statuses."""
        return sum(test.status in statuses for test in self.results.values())

    def tells_of(self, asset: str) -> bool:
        """Whether the asset is built in this run, so that it has a line of its own, or has had one."""
        return asset in self.nodes or (self.started is not None and asset in self.started.assets)

    def tests_of(self, asset: str) -> list[TestFinished]:
        """Results of the tests declared on an asset."""
        return [test for test in self.results.values() if test.asset == asset]

    def skipped_because_of(self, cause: str) -> list[str]:
        """Assets that were skipped because `cause`, an asset or a test, failed."""
        return [key for key, node in self.nodes.items() if node.skipped_because == cause]
