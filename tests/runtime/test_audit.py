from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from floe.lake.base import StagedTable, TableName, TableState
from floe.runtime.audit import Verdict, judge
from floe.runtime.events import NodeFinished, NodeStatus, TestFinished, TestStatus
from floe.runtime.execution import Outcomes

if TYPE_CHECKING:
    from floe.artifact.models import CompiledArtifacts

Make = Callable[..., Any]


def staged(asset: str) -> StagedTable:
    base = TableState(TableName(*asset.split(".")), "/w")
    return StagedTable(asset=asset, base=base, schema={}, operation="replace", files=())


def verdict(project: CompiledArtifacts, *, failed: tuple[str, ...] = (), tests: dict[str, TestStatus]) -> Verdict:
    outcomes = Outcomes()
    for key, asset in project.assets.items():
        status = NodeStatus.ERROR if key in failed else NodeStatus.SUCCESS
        outcomes.nodes[key] = NodeFinished(
            run_id="r", asset=key, status=status, kind="model", materialization=asset.materialization, seconds=0
        )
        if status is NodeStatus.SUCCESS and asset.publishes:
            outcomes.staged[key] = staged(key)
    for name, status in tests.items():
        test = f"test.shop.{name}"
        outcomes.tests[test] = TestFinished(run_id="r", test=test, name=name, asset="", status=status, seconds=0)
    return judge(project, outcomes)


def published(found: Verdict) -> set[str]:
    return {table.asset for table in found.tables}


@pytest.fixture
def chain(asset: Make, data_test: Make, artifacts: Make) -> Callable[[str], CompiledArtifacts]:
    def build(mode: str) -> CompiledArtifacts:
        return artifacts(
            [
                asset("bronze.a"),
                asset("silver.b", "bronze.a", materialization="view"),
                asset("gold.c", "silver.b"),
                asset("gold.d"),
            ],
            [data_test("on_b", "silver.b"), data_test("c_and_d", "gold.c", "gold.d")],
            publish=mode,
        )

    return build


@pytest.mark.parametrize("mode", ["all-or-nothing", "per-asset"])
def test_everything_goes_out_when_everything_passed_or_warned(chain: Make, mode: str) -> None:
    found = verdict(chain(mode), tests={"on_b": TestStatus.PASS, "c_and_d": TestStatus.WARN})
    assert published(found) == {"bronze.a", "gold.c", "gold.d"}
    assert found.withheld == ()


@pytest.mark.parametrize("status", [TestStatus.FAIL, TestStatus.ERROR, TestStatus.SKIPPED])
def test_all_or_nothing_is_nothing_after_any_failure(chain: Make, status: TestStatus) -> None:
    found = verdict(chain("all-or-nothing"), tests={"on_b": status})
    assert published(found) == set()
    assert found.withheld == ("bronze.a", "gold.c", "gold.d")


def test_per_asset_withholds_what_is_below_a_failed_test_even_through_a_view(chain: Make) -> None:
    found = verdict(chain("per-asset"), tests={"on_b": TestStatus.FAIL, "c_and_d": TestStatus.PASS})
    assert published(found) == {"bronze.a", "gold.d"}
    assert found.withheld == ("gold.c",)


def test_per_asset_withholds_all_that_a_failed_test_on_several_assets_reads(chain: Make) -> None:
    found = verdict(chain("per-asset"), tests={"on_b": TestStatus.PASS, "c_and_d": TestStatus.FAIL})
    assert published(found) == {"bronze.a"}


def test_per_asset_withholds_what_is_below_a_failed_asset(chain: Make) -> None:
    found = verdict(chain("per-asset"), failed=("silver.b",), tests={})
    assert published(found) == {"bronze.a", "gold.d"}
