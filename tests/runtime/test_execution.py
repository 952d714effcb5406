"""What becomes of nodes in a session that misbehaves in ways that DuckDB cannot be made to."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from floe.engines.base import BuildOutcome, TestOutcome
from floe.errors import LakeError
from floe.runtime.events import NodeStatus, TestStatus
from floe.runtime.execution import NodeRunner, status_of
from floe.runtime.graph import build_graph
from floe.runtime.scheduler import Scheduler
from floe.runtime.stream import EventStream

if TYPE_CHECKING:
    from collections.abc import Callable

    from floe.artifact.models import Asset, CompiledArtifacts, Test


class Session:
    """Does nothing, or raises what it was given."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.calls: list[tuple[object, ...]] = []

    def attach(self, asset: Asset) -> None:
        self._act(asset.key)

    def build(self, asset: Asset, *, full_refresh: bool) -> BuildOutcome:
        self._act(asset.key, full_refresh)
        return BuildOutcome(rows=1)

    def test(self, test: Test) -> TestOutcome:
        self._act(test.id)
        return TestOutcome(0, should_warn=False, should_error=False)

    def interrupt(self) -> None:
        pass

    def close(self) -> None:
        pass

    def _act(self, *call: object) -> None:
        self.calls.append(call)
        if self.error:
            raise self.error


def runner_of(shop: CompiledArtifacts, session: Session, *, stopping: bool = False) -> NodeRunner:
    return NodeRunner(
        artifacts=shop,
        graph=build_graph(shop, shop.assets, shop.tests),
        session=session,
        stream=EventStream([]),
        run_id="r",
        full_refresh=False,
        stopping=lambda: stopping,
    )


def test_an_error_nobody_foresaw_is_the_node_s_failure(shop: CompiledArtifacts) -> None:
    error = KeyError("orders")
    runner = runner_of(shop, Session(error))
    assert runner.execute("silver.orders") is False
    node = runner.outcomes.nodes["silver.orders"]
    assert node.failure is not None
    assert (node.failure.code, node.failure.reason) == (
        "FLOE-0640",
        "`silver.orders` failed: unexpected KeyError: 'orders'",
    )
    assert runner.outcomes.errors == [error]
    assert not runner.outcomes.environment_fault


def test_a_fault_of_the_environment_is_told_from_a_fault_of_the_project(shop: CompiledArtifacts) -> None:
    runner = runner_of(shop, Session(LakeError("FLOE-0501", "no space left")))
    assert runner.execute("test.shop.not_null_orders_id") is False
    assert runner.outcomes.tests["test.shop.not_null_orders_id"].status is TestStatus.ERROR
    assert runner.outcomes.environment_fault


@pytest.mark.parametrize("node", ["silver.orders", "test.shop.not_null_orders_id"])
def test_what_fails_while_the_run_is_cancelled_was_cancelled(shop: CompiledArtifacts, node: str) -> None:
    runner = runner_of(shop, Session(RuntimeError("interrupted")), stopping=True)
    assert runner.execute(node) is False
    ended = {**runner.outcomes.nodes, **runner.outcomes.tests}[node]
    assert str(ended.status) == "cancelled"
    assert runner.outcomes.errors == []


def test_what_was_abandoned_has_no_further_say(shop: CompiledArtifacts) -> None:
    runner = runner_of(shop, Session())
    runner.abandon()
    assert runner.execute("silver.orders") is True
    assert runner.outcomes.nodes == {}


@pytest.mark.parametrize(
    ("severity", "should_warn", "should_error", "status"),
    [
        ("error", True, True, TestStatus.FAIL),
        ("error", True, False, TestStatus.WARN),
        ("error", False, True, TestStatus.FAIL),
        ("warn", True, True, TestStatus.WARN),
        ("warn", False, True, TestStatus.PASS),
        ("error", False, False, TestStatus.PASS),
    ],
)
def test_severity_means_what_it_means_in_dbt(
    data_test: Callable[..., Test], severity: str, should_warn: bool, should_error: bool, status: TestStatus
) -> None:
    test = data_test("t", "silver.a", severity=severity)
    assert status_of(test, TestOutcome(1, should_warn=should_warn, should_error=should_error)) is status


def test_the_runtime_itself_costs_little_for_each_node(
    asset: Callable[..., Asset], artifacts: Callable[..., CompiledArtifacts]
) -> None:
    project = artifacts([asset(f"silver.m{i}", *([f"silver.m{i - 5}"] if i >= 5 else [])) for i in range(3000)])
    runner = runner_of(project, Session())
    scheduler = Scheduler(
        build_graph(project, project.assets, ()),
        execute=runner.execute,
        skip=runner.skip,
        cancelled=runner.cancelled,
    )
    started = time.process_time()
    scheduler.start(4)
    assert scheduler.wait(60)
    assert runner.outcomes.succeeded
    assert len(runner.outcomes.nodes) == 3000
    # A bar for accidents of complexity (the usual cost is a twentieth of it), not a benchmark.
    assert (time.process_time() - started) / 3000 < 0.002
    assert {node.status for node in runner.outcomes.nodes.values()} == {NodeStatus.SUCCESS}
