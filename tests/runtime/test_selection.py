from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from floe.errors import SelectionError
from floe.runtime.selection import select

if TYPE_CHECKING:
    from floe.artifact.models import CompiledArtifacts

ORDERS_TESTS = {"not_null_orders_id", "orders_have_customers"}


def names(artifacts: CompiledArtifacts, *include: str, exclude: tuple[str, ...] = ()) -> set[str]:
    found = select(artifacts, include, exclude)
    return {*found.assets, *(artifacts.tests[test].name for test in found.tests)}


def assets(artifacts: CompiledArtifacts, *include: str, exclude: tuple[str, ...] = ()) -> set[str]:
    return set(select(artifacts, include, exclude).assets)


def test_no_selection_is_everything(shop: CompiledArtifacts) -> None:
    found = select(shop, ())
    assert found.assets == tuple(shop.assets)
    assert found.tests == tuple(shop.tests)


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("orders", {"silver.orders"}),
        ("silver.orders", {"silver.orders"}),
        ("raw_orders", {"bronze.raw_orders"}),
        ("bronze.*", {"bronze.raw_orders", "bronze.countries"}),
        ("shop.silver.*", {"silver.orders", "silver.customers", "silver.joined"}),
        ("silver", {"silver.orders", "silver.customers", "silver.joined"}),
        ("*o*ers", {"silver.orders", "silver.customers", "bronze.raw_orders"}),
        ("tag:daily", {"silver.orders", "silver.customers"}),
        ("tag:p*", {"silver.customers"}),
        ("layer:gold", {"gold.revenue", "gold.top"}),
        ("source:bronze", {"bronze.raw_orders"}),
        ("source:bronze.raw_orders", {"bronze.raw_orders"}),
        ("source:shop.bronze.raw*", {"bronze.raw_orders"}),
        ("path:models/gold", {"gold.revenue"}),
        ("path:models/*/o*.sql", {"silver.orders"}),
        ("path:**/customers.sql", {"silver.customers"}),
        ("models/gold/revenue.sql", {"gold.revenue"}),
        ("revenue.sql", {"gold.revenue"}),
        ("file:countries", {"bronze.countries"}),
        ("resource_type:seed", {"bronze.countries"}),
        ("resource_type:python", {"gold.top"}),
        ("config.materialized:view", {"silver.orders"}),
        ("config.materialized:seed", {"bronze.countries"}),
        ("config.schema:gold", {"gold.revenue", "gold.top"}),
        ("fqn:shop.gold.revenue", {"gold.revenue"}),
    ],
)
def test_each_method_finds_its_assets(shop: CompiledArtifacts, selector: str, expected: set[str]) -> None:
    assert assets(shop, selector) == expected


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("+orders", {"bronze.raw_orders", "silver.orders"}),
        ("orders+", {"silver.orders", "silver.joined", "gold.revenue", "gold.top"}),
        ("1+revenue", {"silver.joined", "gold.revenue"}),
        ("2+revenue+1", {"silver.joined", "silver.orders", "silver.customers", "gold.revenue", "gold.top"}),
        ("countries+2", {"bronze.countries", "silver.customers", "silver.joined"}),
        (
            "@orders",
            {
                "bronze.raw_orders",
                "bronze.countries",
                "silver.orders",
                "silver.customers",
                "silver.joined",
                "gold.revenue",
                "gold.top",
            },
        ),
    ],
)
def test_graph_operators_add_relatives(shop: CompiledArtifacts, selector: str, expected: set[str]) -> None:
    assert assets(shop, selector) == expected


def test_spaces_and_several_arguments_mean_either(shop: CompiledArtifacts) -> None:
    assert assets(shop, "orders customers") == assets(shop, "orders", "customers")
    assert assets(shop, "orders", "top") == {"silver.orders", "gold.top"}


def test_a_comma_means_both(shop: CompiledArtifacts) -> None:
    assert assets(shop, "tag:daily,config.materialized:view") == {"silver.orders"}
    assert assets(shop, "+revenue,layer:bronze") == {"bronze.raw_orders", "bronze.countries"}


def test_exclude_takes_away(shop: CompiledArtifacts) -> None:
    assert assets(shop, "tag:daily", exclude=("tag:pii",)) == {"silver.orders"}
    assert "silver.orders" not in assets(shop, exclude=("orders",))


def test_tests_come_with_any_asset_they_read(shop: CompiledArtifacts) -> None:
    assert names(shop, "orders") == {"silver.orders", *ORDERS_TESTS}
    assert names(shop, "customers") == {"silver.customers", "unique_customers_id", "orders_have_customers"}


def test_excluding_an_asset_excludes_the_tests_that_read_it(shop: CompiledArtifacts) -> None:
    assert names(shop, "orders", exclude=("customers",)) == {"silver.orders", "not_null_orders_id"}


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("test_type:singular", {"revenue_is_positive"}),
        ("test_type:data", {*ORDERS_TESTS, "unique_customers_id", "revenue_is_positive"}),
        ("test_name:not_null", {"not_null_orders_id"}),
        ("not_null_orders_id", {"not_null_orders_id"}),
        ("*_is_positive", {"revenue_is_positive"}),
        ("resource_type:test,tests", {"revenue_is_positive"}),
        ("config.severity:ERROR,test_name:unique", {"unique_customers_id"}),
    ],
)
def test_tests_can_be_selected_themselves(shop: CompiledArtifacts, selector: str, expected: set[str]) -> None:
    assert names(shop, selector) == expected


def test_an_unknown_name_is_an_error_with_a_suggestion(shop: CompiledArtifacts) -> None:
    # lesson 13: a job selecting `asset:x` ran all assets, one selecting an unknown tag ran none
    with pytest.raises(SelectionError) as caught:
        select(shop, ("+custmers",))
    assert caught.value.code == "FLOE-0601"
    assert caught.value.reason == "the selection `+custmers` matches nothing"
    assert caught.value.instruction == "did you mean `+customers`?"


@pytest.mark.parametrize(
    ("selector", "code", "instruction"),
    [
        ("asset:orders", "FLOE-0602", "known: `access:`"),
        ("tags:daily", "FLOE-0602", "did you mean `tag:`?"),
        ("tag:dialy", "FLOE-0601", "did you mean `tag:daily`?"),
        ("tag:silver", "FLOE-0601", "there are `daily`, `pii`"),
        ("layer:glod", "FLOE-0601", "did you mean `layer:gold`?"),
        ("path:model/gold", "FLOE-0601", "did you mean `path:models/gold`?"),
        ("", "FLOE-0603", "name an asset"),
        ("orders,", "FLOE-0603", "see"),
        ("+", "FLOE-0603", "see"),
        ("@orders+", "FLOE-0603", "`@` includes"),
        ("source:a.b.c.d", "FLOE-0603", "write `source:name`"),
        ("layer:gold,tag:pii", "FLOE-0604", "a comma means both"),
    ],
)
def test_what_selects_nothing_is_an_error(shop: CompiledArtifacts, selector: str, code: str, instruction: str) -> None:
    # lesson 13
    with pytest.raises(SelectionError) as caught:
        select(shop, (selector,))
    assert caught.value.code == code
    assert caught.value.instruction.startswith(instruction)


def test_an_unknown_exclusion_is_an_error(shop: CompiledArtifacts) -> None:
    with pytest.raises(SelectionError, match="`ordres` matches nothing"):
        select(shop, (), ("ordres",))


def test_excluding_everything_is_an_error(shop: CompiledArtifacts) -> None:
    with pytest.raises(SelectionError) as caught:
        select(shop, ("orders",), ("orders",))
    assert caught.value.code == "FLOE-0604"
