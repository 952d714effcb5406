"""A project with a local package, installed by `floe deps`, gives what `dbt build` gives."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from .conftest import PROJECTS
from .harness import Twins

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def twins(tmp_path: Path) -> Twins:
    return Twins.of(PROJECTS / "packages", tmp_path)


def test_models_seeds_macros_and_tests_of_a_package_are_those_of_dbt(twins: Twins) -> None:
    assert twins.floe("deps").returncode == 0
    floe, dbt = twins.floe_run(), twins.dbt_build()
    assert (floe.exit_code, dbt.exit_code) == (0, 0)
    assert floe.statuses == dbt.statuses
    assert floe.failures == dbt.failures
    assert len(floe.statuses) == 8
    assert twins.all_differences() == []


def test_package_this_leaves_installed_packages_out_wherever_they_lie(twins: Twins) -> None:
    assert twins.floe("deps").returncode == 0
    listed = json.loads(twins.floe("ls", "--json", "-s", "package:this").stdout)
    assert [asset["asset"] for asset in listed["assets"]] == ["gold.orders"]
    listed = json.loads(twins.floe("ls", "--json", "-s", "package:shared").stdout)
    assert [asset["asset"] for asset in listed["assets"]] == ["bronze.codes", "silver.days"]
