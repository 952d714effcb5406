from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from floe.runtime.graph import RunGraph, build_graph

if TYPE_CHECKING:
    from floe.artifact.models import CompiledArtifacts

Make = Callable[..., Any]


def graph_of(artifacts: CompiledArtifacts, *assets: str, tests: tuple[str, ...] | None = None) -> RunGraph:
    chosen = tuple(artifacts.tests) if tests is None else tuple(f"test.shop.{name}" for name in tests)
    return build_graph(artifacts, assets or artifacts.assets, chosen)


def parents(graph: RunGraph, node: str) -> set[str]:
    return set(graph.parents[node])


def test_an_asset_waits_for_its_inputs_and_for_their_tests(shop: CompiledArtifacts) -> None:
    graph = graph_of(shop)
    assert parents(graph, "gold.revenue") == {
        "silver.orders",
        "silver.customers",
        "test.shop.not_null_orders_id",
        "test.shop.unique_customers_id",
        "test.shop.orders_have_customers",
    }
    assert parents(graph, "gold.top") == {"gold.revenue", "test.shop.revenue_is_positive"}


def test_a_test_on_two_assets_does_not_hold_back_a_reader_of_only_one(
    asset: Make, data_test: Make, artifacts: Make
) -> None:
    project = artifacts(
        [
            asset("silver.a"),
            asset("silver.b"),
            asset("gold.only_a", "silver.a"),
            asset("gold.both", "silver.a", "silver.b"),
        ],
        [data_test("a_and_b", "silver.a", "silver.b")],
    )
    graph = graph_of(project)
    assert parents(graph, "gold.only_a") == {"silver.a"}
    assert parents(graph, "gold.both") == {"silver.a", "silver.b", "test.shop.a_and_b"}


def test_a_test_on_an_asset_and_its_input_makes_no_cycle(asset: Make, data_test: Make, artifacts: Make) -> None:
    project = artifacts(
        [asset("silver.a"), asset("silver.b", "silver.a"), asset("gold.c", "silver.b")],
        [data_test("a_equals_b", "silver.a", "silver.b")],
    )
    graph = graph_of(project)
    assert parents(graph, "silver.b") == {"silver.a"}
    assert parents(graph, "gold.c") == {"silver.b", "test.shop.a_equals_b"}


def test_ephemerals_are_no_nodes_but_pass_dependencies_on(shop: CompiledArtifacts) -> None:
    assert "silver.joined" not in graph_of(shop).kinds


def test_inputs_that_are_not_built_are_attached_down_to_tables(shop: CompiledArtifacts) -> None:
    graph = graph_of(shop, "gold.revenue", tests=())
    assert graph.kinds == {
        "bronze.raw_orders": "attach",
        "silver.orders": "attach",
        "silver.customers": "attach",
        "gold.revenue": "build",
    }
    assert parents(graph, "silver.orders") == {"bronze.raw_orders"}
    assert list(graph.kinds).index("bronze.raw_orders") < list(graph.kinds).index("silver.orders")


def test_a_view_over_something_built_is_attached_after_it(shop: CompiledArtifacts) -> None:
    graph = graph_of(shop, "bronze.raw_orders", "gold.revenue", tests=())
    assert graph.kinds["silver.orders"] == "attach"
    assert parents(graph, "silver.orders") == {"bronze.raw_orders"}


def test_order_is_kept_across_what_is_not_selected(asset: Make, artifacts: Make) -> None:
    project = artifacts([asset("silver.a"), asset("silver.b", "silver.a"), asset("gold.c", "silver.b")])
    graph = graph_of(project, "silver.a", "gold.c")
    assert graph.kinds["silver.b"] == "attach"
    assert parents(graph, "silver.b") == {"silver.a"}


def test_tests_alone_attach_what_they_read(shop: CompiledArtifacts) -> None:
    graph = build_graph(shop, (), ("test.shop.not_null_orders_id",))
    assert graph.kinds == {
        "bronze.raw_orders": "attach",
        "silver.orders": "attach",
        "test.shop.not_null_orders_id": "test",
    }


def test_the_longest_chain_goes_first_and_ties_are_deterministic(shop: CompiledArtifacts) -> None:
    graph = graph_of(shop)
    ranks = graph.priorities
    assert sorted(ranks.values()) == list(range(len(graph.kinds)))
    assert ranks["bronze.raw_orders"] < ranks["silver.orders"] < ranks["test.shop.not_null_orders_id"]
    assert ranks == graph_of(shop).priorities
