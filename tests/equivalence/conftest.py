from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from .compare import BuiltTwins
from .harness import REPOSITORY, Twins

PROJECTS = Path(__file__).parent / "projects"


def make_kitchen_sink(folder: Path) -> Twins:
    twins = Twins.of(PROJECTS / "kitchen_sink", folder)
    with duckdb.connect() as connection:
        measures = f"'{twins.project / 'data' / 'measures.parquet'}'"
        connection.execute(f"COPY (SELECT i AS id, i * 1.5 AS reading FROM range(1, 4) AS t(i)) TO {measures}")
    return twins


@pytest.fixture
def kitchen_sink(tmp_path: Path) -> Twins:
    """The project with everything in it, not built yet."""
    return make_kitchen_sink(tmp_path)


@pytest.fixture(scope="session")
def built_kitchen_sink(tmp_path_factory: pytest.TempPathFactory) -> BuiltTwins:
    """The project with everything in it, built once by both and not to be changed."""
    twins = make_kitchen_sink(tmp_path_factory.mktemp("built"))
    return BuiltTwins(twins, twins.floe_run(), twins.dbt_build())


@pytest.fixture
def football(tmp_path: Path) -> Twins:
    """The football example, not built yet."""
    return Twins.of(REPOSITORY / "examples" / "football", tmp_path)
