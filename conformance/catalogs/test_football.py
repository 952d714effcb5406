"""The football example, unchanged, wherever a lakehouse may be: every table has the same rows."""

from __future__ import annotations

import hashlib
import json
import shutil
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from conformance.harness import floe

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from conformance.catalogs.places import Place

EXAMPLE = Path(__file__).parents[2] / "examples/football"


def project(folder: Path) -> Path:
    """A copy of the example."""
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns(".floe", "target"), dirs_exist_ok=True)
    return folder


def hashes(folder: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """Table -> hash of its rows, whatever their order, as a run published them."""
    result = floe(folder, "run", "--json", environment=dict(environment))
    assert result.returncode == 0, result.stderr
    tables = [table["asset"] for table in json.loads(result.stdout)["tables"]]
    query = " union all ".join(
        f"select '{name}', count(*), sum(hash(t)::hugeint)::varchar from {name} t" for name in tables
    )
    shown = floe(folder, "show", "--json", "--limit", "100", "--sql", query, environment=dict(environment))
    assert shown.returncode == 0, shown.stderr
    return {name: hashlib.sha256(f"{rows} {total}".encode()).hexdigest() for name, rows, total in _rows(shown.stdout)}


@cache
def _local(folder: Path) -> dict[str, str]:
    return hashes(project(folder), {})


@pytest.fixture(scope="session")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What the example gives on the built-in platform."""
    found = _local(tmp_path_factory.mktemp("football") / "local")
    assert len(found) == 17
    return found


@pytest.mark.parametrize("kind", ["postgres-s3", "polaris-s3", "polaris-s3-vended", "glue-s3"])
def test_the_football_example_gives_the_same_tables(
    kind: str, make_place: Callable[[str, Path], Place], tmp_path: Path, expected: dict[str, str]
) -> None:
    folder = project(tmp_path / "football")
    place = make_place(kind, folder)

    assert hashes(folder, place.environment) == expected
    with place.plain() as plain:
        assert plain.load_table("silver.matches").scan().count() == 49_520


def _rows(text: str) -> list[tuple[str, int, str]]:
    return [(name, int(count), total) for name, count, total in json.loads(text)["rows"]]
