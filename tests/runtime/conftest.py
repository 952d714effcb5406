"""Artifacts made by hand, for rooms that only read them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pytest

from floe.artifact.models import Asset, CompiledArtifacts, Query, Relation, Test
from floe.artifact.settings import CatalogBinding, ComputeBinding, Layer, PlatformChoice, Project, StorageBinding

Make = Callable[..., CompiledArtifacts]


def make_asset(key: str, *depends_on: str, **settings: object) -> Asset:
    layer, name = key.split(".", 1)
    settings.setdefault("kind", "model")
    settings.setdefault("materialization", "table")
    settings.setdefault("query", Query(sql="select 1 as id", rendered_path=f".floe/rendered/{layer}/{name}.sql"))
    return Asset(
        key=key,
        name=name,
        layer=layer,
        depends_on=depends_on,
        relation=Relation(schema_name=layer, identifier=name),
        **settings,
    )


def make_test(name: str, *depends_on: str, **settings: object) -> Test:
    settings.setdefault("kind", "generic")
    settings.setdefault("sql", "select 1 where false")
    settings.setdefault("attached_to", depends_on[0] if len(depends_on) == 1 else "")
    return Test(id=f"test.shop.{name}", name=name, rendered_path="", depends_on=depends_on, **settings)


def make_artifacts(assets: Sequence[Asset], tests: Sequence[Test] = (), **settings: object) -> CompiledArtifacts:
    layers: Mapping[str, Layer] = {
        name: Layer(namespace=name, storage="default", catalog="default") for name in ("bronze", "silver", "gold")
    }
    return CompiledArtifacts(
        floe_version="0",
        project=Project(name="shop", version="1.0.0"),
        platform=PlatformChoice(environment="local", source="built-in", reason="no platform file was found"),
        storage={"default": StorageBinding(path=".floe/warehouse")},
        catalogs={"default": CatalogBinding(uri="sqlite:///.floe/catalog.db", warehouse="floe")},
        compute=ComputeBinding(),
        layers=dict(layers),
        assets={asset.key: asset for asset in assets},
        tests={test.id: test for test in tests},
        **settings,
    )


@pytest.fixture
def asset() -> Callable[..., Asset]:
    return make_asset


@pytest.fixture
def data_test() -> Callable[..., Test]:
    return make_test


@pytest.fixture
def artifacts() -> Callable[..., CompiledArtifacts]:
    return make_artifacts


@pytest.fixture
def shop(asset: Callable[..., Asset], data_test: Callable[..., Test], artifacts: Make) -> CompiledArtifacts:
    """A small shop: raw files, a staging view, tables, an ephemeral, tests on one and on two assets."""
    fqn = ("shop", "silver")
    return artifacts(
        [
            asset("bronze.raw_orders", kind="source", query=None, unique_id="source.shop.bronze.raw_orders"),
            asset("bronze.countries", kind="seed", fqn=("shop", "countries"), path="seeds/countries.csv"),
            asset(
                "silver.orders",
                "bronze.raw_orders",
                materialization="view",
                tags=("daily",),
                fqn=(*fqn, "orders"),
                path="models/silver/orders.sql",
            ),
            asset(
                "silver.customers",
                "bronze.raw_orders",
                "bronze.countries",
                tags=("daily", "pii"),
                fqn=(*fqn, "customers"),
                path="models/silver/customers.sql",
            ),
            asset(
                "silver.joined",
                "silver.orders",
                "silver.customers",
                materialization="ephemeral",
                fqn=(*fqn, "joined"),
                path="models/silver/joined.sql",
            ),
            asset("gold.revenue", "silver.joined", fqn=("shop", "gold", "revenue"), path="models/gold/revenue.sql"),
            asset("gold.top", "gold.revenue", kind="python", query=None, path="assets/top.py"),
        ],
        [
            data_test("not_null_orders_id", "silver.orders", type="not_null", path="models/silver/schema.yml"),
            data_test("unique_customers_id", "silver.customers", type="unique", path="models/silver/schema.yml"),
            data_test(
                "orders_have_customers",
                "silver.orders",
                "silver.customers",
                type="relationships",
                attached_to="silver.orders",
                path="models/silver/schema.yml",
            ),
            data_test("revenue_is_positive", "gold.revenue", kind="singular", path="tests/revenue_is_positive.sql"),
        ],
    )
