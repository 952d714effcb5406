from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from .harness import REPOSITORY, Twins

PROJECTS = Path(__file__).parent / "projects"


@pytest.fixture
def kitchen_sink(tmp_path: Path) -> Twins:
    """The project with everything in it, not built yet."""
    twins = Twins.of(PROJECTS / "kitchen_sink", tmp_path)
    with duckdb.connect() as connection:
        measures = f"'{twins.project / 'data' / 'measures.parquet'}'"
        connection.execute(f"COPY (SELECT i AS id, i * 1.5 AS reading FROM range(1, 4) AS t(i)) TO {measures}")
    return twins


@pytest.fixture
def football(tmp_path: Path) -> Twins:
    """The football example, not built yet."""
    return Twins.of(REPOSITORY / "examples" / "football", tmp_path)
