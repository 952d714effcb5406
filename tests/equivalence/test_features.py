"""Each feature of dbt, in a small project of its own: `floe run` ends in what `dbt build` ends in."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from .compare import assert_same_verdicts
from .features import FEATURES, Worker, Workers, builds, lay_out
from .harness import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from .harness import Twins

NAMES = sorted(folder.name for folder in FEATURES.iterdir() if folder.is_dir())


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    workers = Workers(Worker("dbt"), Worker("floe"))
    yield workers
    workers.close()


@pytest.mark.parametrize("name", NAMES)
def test_feature_gives_what_dbt_gives_again_and_again_and_after_edits(
    name: str, tmp_path: Path, workers: Workers
) -> None:
    twins = lay_out(name, tmp_path, workers)
    for build, options in builds(twins):
        before = published(twins) if build != "first" else {}
        ours = twins.floe_run(*options)
        theirs = twins.dbt_build(*options)
        assert_same_verdicts(ours, theirs)
        if theirs.exit_code == 0:
            assert twins.all_differences() == [], build
        else:
            assert published(twins) == before, build


def published(twins: Twins) -> dict[str, str]:
    """Each published table, and what of it readers see."""
    catalog = twins.catalog
    try:
        names = [name for space in catalog.list_namespaces() for name in catalog.list_tables(space)]
        kept = [name for name in names if not name[0].endswith("_dbt_test__audit")]
        return {".".join(name): catalog.load_table(name).metadata_location for name in kept}
    finally:
        catalog.close()
