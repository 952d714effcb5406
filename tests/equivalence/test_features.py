"""Each feature of dbt, in a small project of its own: `floe run` ends in what `dbt build` ends in."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from .compare import assert_same_verdicts
from .conftest import PROJECTS
from .features import FEATURES, builds, lay_out, prepare
from .harness import REPOSITORY

if TYPE_CHECKING:
    from pathlib import Path

    from .harness import Twins

PAGE = REPOSITORY / "docs" / "dbt-coverage.md"
NAMES = sorted(folder.name for folder in FEATURES.iterdir() if folder.is_dir())
ROW = re.compile(r"^\| .+ \| (native|late|dbt|left alone) \| (\*?)(\w+)\*? \|$", re.MULTILINE)
"""A line of docs/dbt-coverage.md: the way of a feature and, in italics if it is a larger one, its project."""


@pytest.mark.parametrize("name", NAMES)
def test_feature_gives_what_dbt_gives_again_and_again_and_after_edits(name: str, tmp_path: Path) -> None:
    twins = lay_out(name, tmp_path)
    for build, options in builds(twins):
        before = published(twins) if build != "first" else {}
        ours = twins.floe_run(*options)
        prepare(twins)
        theirs = twins.dbt_build(*options)
        assert_same_verdicts(ours, theirs)
        if theirs.exit_code == 0:
            assert twins.all_differences() == [], build
        else:
            assert published(twins) == before, build
    missing = {way for way, project in documented() if project == name} - ways(twins)
    assert not missing, f"docs/dbt-coverage.md says that nodes of {name} are {missing}"


def test_each_feature_in_the_documentation_has_its_project_and_each_project_its_feature() -> None:
    projects = {project for _, project in documented()}
    assert projects - set(NAMES) <= {folder.name for folder in PROJECTS.iterdir()}
    assert set(NAMES) <= projects


def test_each_test_named_in_the_documentation_is_there() -> None:
    named = re.findall(r"`(tests/[\w/.]+)`", PAGE.read_text("utf-8"))
    assert [path for path in named if not (REPOSITORY / path).exists()] == []


def documented() -> list[tuple[str, str]]:
    """Way and project of each feature in the documentation."""
    return [(way, project) for way, _, project in ROW.findall(PAGE.read_text("utf-8"))]


def ways(twins: Twins) -> set[str]:
    """The ways that nodes and tests of the project go."""
    artifacts = twins.artifacts
    nodes = [*artifacts.assets.values(), *artifacts.tests.values()]
    return {"native" if node.rendering == "compiled" else node.rendering for node in nodes} | {"left alone"}


def published(twins: Twins) -> dict[str, str]:
    """Each published table, and what of it readers see."""
    catalog = twins.catalog
    try:
        names = [name for space in catalog.list_namespaces() for name in catalog.list_tables(space)]
        kept = [name for name in names if not name[0].endswith("_dbt_test__audit")]
        return {".".join(name): catalog.load_table(name).metadata_location for name in kept}
    finally:
        catalog.close()
