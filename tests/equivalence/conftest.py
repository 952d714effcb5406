from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pytest

from .compare import BuiltTwins
from .harness import REPOSITORY, Twins
from .programs import shared_workers

if TYPE_CHECKING:
    from collections.abc import Iterator

PROJECTS = Path(__file__).parent / "projects"


def make_kitchen_sink(folder: Path) -> Twins:
    twins = Twins.of(PROJECTS / "kitchen_sink", folder)
    with duckdb.connect() as connection:
        measures = f"'{twins.project / 'data' / 'measures.parquet'}'"
        connection.execute(f"COPY (SELECT i AS id, i * 1.5 AS reading FROM range(1, 4) AS t(i)) TO {measures}")
    return twins


@pytest.fixture(scope="session", autouse=True)
def end_of_workers() -> Iterator[None]:
    """Close the processes that ran the commands, so that what they covered is written."""
    yield
    if shared_workers.cache_info().currsize:
        shared_workers().close()


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
