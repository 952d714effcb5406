"""The events of a made-up run."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from floe.artifact.models import CompiledArtifacts, Relation, Test
from floe.artifact.settings import CatalogBinding, ComputeBinding, Layer, PlatformChoice, Project, StorageBinding
from floe.runtime.events import (
    Event,
    NodeFinished,
    NodeStatus,
    RunFinished,
    RunStarted,
    RunStatus,
    TablePublished,
    TestFinished,
    TestStatus,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

RUN = "20261121T031502123-3f2a9c"
ANSI = re.compile(r"\x1b\[[0-9;]*m")


class Plain:
    """A paint without colours."""

    def bold(self, text: str) -> str:
        return text

    dim = red = green = yellow = cyan = bold


class Tags:
    """A paint whose colours can be read."""

    def bold(self, text: str) -> str:
        return f"\x1b[1m{text}\x1b[0m"

    dim = red = green = yellow = cyan = bold


def data_test(name: str, asset: str = "", **settings: object) -> Test:
    settings.setdefault("kind", "generic" if asset else "singular")
    settings.setdefault("sql", "select 1")
    settings.setdefault("rendered_path", f".floe/rendered/tests/{name}.sql")
    return Test(id=f"test.shop.{name}", name=name, attached_to=asset, **settings)


TESTS = [
    data_test("not_null_orders_id", "silver.orders", type="not_null", column="id"),
    data_test("unique_orders_id", "silver.orders", type="unique", column="id"),
    data_test(
        "accepted_values_orders_status",
        "silver.orders",
        type="accepted_values",
        column="status",
        arguments={"values": ["open", "paid [late]"], "column_name": "status"},
    ),
    data_test(
        "orders_have_customers",
        "silver.orders",
        type="relationships",
        column="customer_id",
        arguments={"to": "ref('customers')", "field": "id"},
        store_failures=True,
        failures_relation=Relation(schema_name="audit", identifier="orders_have_customers"),
    ),
    data_test("revenue_is_positive", severity="warn", warn_if=">10"),
    data_test("at_most", "gold.revenue", type="shop_utils.at_most", arguments={"maximum": 5}),
]


@pytest.fixture
def artifacts() -> CompiledArtifacts:
    return CompiledArtifacts(
        floe_version="0",
        project=Project(name="shop", version="1.0.0"),
        platform=PlatformChoice(environment="local", source="built-in", reason="no platform file was found"),
        storage={"default": StorageBinding(path=".floe/warehouse")},
        catalogs={"default": CatalogBinding(uri="sqlite:///.floe/catalog.db", warehouse="floe")},
        compute=ComputeBinding(),
        layers={"silver": Layer(namespace="silver", storage="default", catalog="default")},
        assets={},
        tests={test.id: test for test in TESTS},
    )


def started(assets: Sequence[str], tests: Sequence[str] = (), command: str = "run") -> RunStarted:
    return RunStarted(
        run_id=RUN,
        command=command,
        environment="local",
        project="shop",
        digest="d",
        host="h",
        pid=1,
        assets=tuple(assets),
        tests=tuple(f"test.shop.{test}" for test in tests),
        threads=4,
    )


def node(asset: str, status: NodeStatus = NodeStatus.SUCCESS, **settings: object) -> NodeFinished:
    settings = {"kind": "model", "materialization": "table", "seconds": 0.0123, **settings}
    return NodeFinished(run_id=RUN, asset=asset, status=status, **settings)


def result(name: str, status: TestStatus = TestStatus.PASS, **settings: object) -> TestFinished:
    asset = next(test.attached_to for test in TESTS if test.name == name)
    settings = {"seconds": 0.002, **settings}
    return TestFinished(run_id=RUN, test=f"test.shop.{name}", name=name, asset=asset, status=status, **settings)


def table(name: str, added: int = 10, removed: int = 0) -> TablePublished:
    return TablePublished(
        run_id=RUN,
        asset=name,
        table=name,
        snapshot_id=5_151_234_567_890_123_456,
        operation="append",
        rows_added=added,
        rows_removed=removed,
        rows_total=1234,
        files_added=1,
        bytes_added=100,
    )


def finished(status: RunStatus = RunStatus.SUCCEEDED, **settings: object) -> RunFinished:
    return RunFinished(run_id=RUN, status=status, seconds=1.234, **settings)


class Make:
    """Short names for events of the run, for tests."""

    run = RUN
    plain = Plain()
    tags = Tags()
    started = staticmethod(started)
    node = staticmethod(node)
    result = staticmethod(result)
    table = staticmethod(table)
    finished = staticmethod(finished)


@pytest.fixture
def make() -> type[Make]:
    return Make


@pytest.fixture
def shown(artifacts: CompiledArtifacts) -> Callable[..., list[str]]:
    """The lines that events give."""
    from floe.observe.progress import Progress

    def show(*events: Event, width: int | None = None, verbosity: int = 0, paint: object = None) -> list[str]:
        lines: list[str] = []
        progress = Progress(lines.append, artifacts=artifacts, paint=paint or Plain(), width=width, verbosity=verbosity)
        for event in events:
            progress.on_event(event)
        progress.close()
        return lines

    return show
