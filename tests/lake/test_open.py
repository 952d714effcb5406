"""From the artifact to catalogs and folders."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from floe.artifact.models import Asset, CompiledArtifacts, Relation
from floe.artifact.settings import CatalogBinding, ComputeBinding, Layer, PlatformChoice, Project, StorageBinding
from floe.errors import LakeError
from floe.lake.base import TableName
from floe.lake.open import named_table_location, open_catalogs, table_location
from floe.lake.stores.open import open_stores

if TYPE_CHECKING:
    from tests.lake.conftest import Lake


def artifacts(uri: str = "sqlite:///.floe/catalog.db") -> CompiledArtifacts:
    return CompiledArtifacts(
        floe_version="0",
        project=Project(name="shop", version="1.0.0"),
        platform=PlatformChoice(environment="local", source="built-in", reason="no platform file"),
        storage={"default": StorageBinding(path=".floe/warehouse"), "fast": StorageBinding(path="/mnt/fast")},
        catalogs={
            "default": CatalogBinding(uri=uri, warehouse="floe"),
            "second": CatalogBinding(uri="sqlite:////srv/lake/catalog.db", warehouse="lake"),
        },
        compute=ComputeBinding(),
        layers={
            "silver": Layer(namespace="silver", storage="default", catalog="default"),
            "gold": Layer(namespace="analytics.gold", storage="fast", catalog="second"),
        },
        assets={},
    )


def asset(layer: str, name: str) -> Asset:
    return Asset(
        key=f"{layer}.{name}",
        name=name,
        layer=layer,
        kind="model",
        materialization="table",
        relation=Relation(schema_name="main", identifier=name),
    )


def test_each_catalog_profile_is_opened_at_its_own_file(tmp_path: Path) -> None:
    # lesson 3: profile names other than `default` were ignored
    catalogs = open_catalogs(artifacts(), tmp_path)

    opened = {name: (catalog.database, catalog.name) for name, catalog in catalogs.items()}  # type: ignore[attr-defined]
    assert opened == {
        "default": (tmp_path / ".floe" / "catalog.db", "floe"),
        "second": (Path("/srv/lake/catalog.db"), "lake"),
    }


@pytest.mark.parametrize("uri", ["sqlite:///", "mysql://host/db", "catalog.db"])
def test_an_address_that_is_neither_a_file_nor_a_database_is_refused(tmp_path: Path, uri: str) -> None:
    with pytest.raises(LakeError, match="catalog `default` has the address") as caught:
        open_catalogs(artifacts(uri), tmp_path)
    assert caught.value.code == "FLOE-0511"


def test_a_table_lies_in_the_storage_of_its_layer(tmp_path: Path) -> None:
    # lesson 3: a layer's own storage was ignored
    assert table_location(artifacts(), tmp_path, asset("silver", "orders")) == str(
        tmp_path / ".floe" / "warehouse" / "silver" / "orders"
    )
    assert table_location(artifacts(), tmp_path, asset("gold", "orders")) == "/mnt/fast/analytics.gold/orders"
    assert open_stores(artifacts(), tmp_path).root("fast") == "/mnt/fast"


def test_names_that_mean_something_in_paths_get_a_folder_of_their_own(tmp_path: Path) -> None:
    names = ["a/b", "a*b", "a?b", "a[b]", "..", ".", "a#b", "a%b", "a=b", "a=2Fb", "größe", "with space"]
    locations = {Path(table_location(artifacts(), tmp_path, asset("silver", name))) for name in names}

    assert len(locations) == len(names)
    assert {location.parent for location in locations} == {tmp_path / ".floe" / "warehouse" / "silver"}
    assert not any(set("*?[]#%") & set(location.name) for location in locations)


def test_tables_of_failing_rows_lie_with_the_layer_of_their_namespace_or_by_default(tmp_path: Path) -> None:
    place = named_table_location(artifacts(), tmp_path, TableName("analytics.gold", "failures"))
    assert place == ("second", "/mnt/fast/analytics.gold/failures")
    place = named_table_location(artifacts(), tmp_path, TableName("dbt_test__audit", "failures"))
    assert place == ("default", str(tmp_path / ".floe" / "warehouse" / "dbt_test__audit" / "failures"))


def test_reading_a_catalog_needs_none_of_the_heavy_packages(lake: Lake) -> None:
    lake.write("silver.a", "SELECT 1 AS id")
    code = f"""
import sys
from pathlib import Path
from floe.lake.base import TableName
from floe.lake.read import snapshots
from floe.lake.catalogs.sql.sqlite import SqliteCatalog
state = SqliteCatalog(Path({str(lake.catalog.database)!r})).load(TableName("silver", "a"), "")
assert len(snapshots(state)) == 1
heavy = {{"pyiceberg", "pyarrow", "sqlalchemy", "pydantic", "duckdb"}} & set(sys.modules)
assert not heavy, heavy
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_warming_up_loads_what_publishing_needs_and_nothing_heavier() -> None:
    code = """
import sys
from floe.lake.open import warm_up
warm_up()
assert "floe.lake.snapshots" in sys.modules
heavy = {"pyarrow", "sqlalchemy", "pyiceberg.table", "duckdb"} & set(sys.modules)
assert not heavy, heavy
"""
    subprocess.run([sys.executable, "-c", code], check=True)
