"""The benchmark's projects compile and run, and it notices a contender that did not do its work."""

from __future__ import annotations

from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

FOLDER = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(FOLDER))
    return import_module("bench")


@pytest.fixture
def check(bench: ModuleType) -> Callable[..., None]:
    """Compares what a peer built with one table and two tests that all others agree on."""
    return partial(bench.Agreement(tests=2, tables={"orders": [3, "a hash"]}).check, "a peer")


def test_a_small_project_is_built_alike_by_raw_duckdb_and_by_floe(bench: ModuleType, tmp_path: Path) -> None:
    work = bench.Scenario(3).work(tmp_path)
    samples = bench.alternate([work.contender(name) for name in (bench.RAW, bench.FLOE)], 1)
    assert set(samples) == {bench.RAW, bench.FLOE}
    assert all(sample.median > 0 and sample.peak > 10 for sample in samples.values())
    assert work.agreement.tables["model_0002"][0] == 1000


def test_a_missing_table_ends_the_benchmark(check: Callable[..., None]) -> None:
    with pytest.raises(SystemExit, match=r"a peer did not make 1 tables, e\.g\. orders"):
        check({}, ["orders"], 2)


def test_another_table_ends_the_benchmark(check: Callable[..., None]) -> None:
    with pytest.raises(SystemExit, match=r"a peer made 1 other tables, e\.g\. orders: \[3, 'another'\]"):
        check({"orders": [3, "another"]}, ["orders"], 2)


def test_a_test_that_did_not_pass_ends_the_benchmark(check: Callable[..., None]) -> None:
    with pytest.raises(SystemExit, match="a peer passed 1 tests of 2"):
        check({"orders": [3, "a hash"]}, ["orders"], 1)


def test_a_command_that_fails_is_not_a_measurement(bench: ModuleType, tmp_path: Path) -> None:
    measure = import_module("measure")
    with pytest.raises(SystemExit, match="a peer failed with 3"):
        measure.alternate([measure.Contender("a peer", ["sh", "-c", "exit 3"], tmp_path)], 1)


def test_the_football_example_is_written_in_dbts_own_terms(bench: ModuleType, tmp_path: Path) -> None:
    bench.football.copy_for_dbt(tmp_path / "peer")
    models = tmp_path / "peer" / "dbt"
    files = {file.stem for suffix in ("sql", "py", "csv") for file in models.rglob(f"*.{suffix}")}
    assert set(bench.football.table_names()) <= files
    assert not any("source(" in file.read_text() for file in models.rglob("*.sql"))


def test_every_contender_writes_the_rows_of_a_shape_again_and_again(bench: ModuleType, tmp_path: Path) -> None:
    import duckdb

    shapes, work = import_module("lake_shapes"), import_module("lake_work")
    shapes.write_sources(tmp_path, 300)
    for shape in shapes.SHAPES:
        query = shapes.query_of(shape, tmp_path, 300)
        for who in ("snappy", "zstd", "floe", "pyiceberg", "floe", "pyiceberg"):
            assert work.write(who, tmp_path / shape / who, query)["seconds"] > 0
        floe = read_with_pyiceberg(tmp_path / shape / "floe", ".floe/catalog.db")
        theirs = read_with_pyiceberg(tmp_path / shape / "pyiceberg", "theirs.db")
        expected = duckdb.sql(query).fetchall()
        assert len(expected) == 300
        assert [sorted(rows) for rows in (floe, theirs)] == [sorted(expected)] * 2


def read_with_pyiceberg(folder: Path, catalog: str) -> list[tuple[object, ...]]:
    from pyiceberg.catalog.sql import SqlCatalog

    opened = SqlCatalog("floe", uri=f"sqlite:///{folder / catalog}", warehouse=str(folder))
    try:
        rows = opened.load_table("gold.t").scan().to_arrow().to_pylist()
    finally:
        opened.close()
    return [tuple(row.values()) for row in rows]
