"""SIGKILL between the commits of two catalogs: the next run says which tables were published, and goes on (T1)."""

from __future__ import annotations

import shutil
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from warm import Warm

    from conftest import Torture

CHILD = Path(__file__).with_name("child.py")

PLATFORM = """
version: "1.0.0"
storage: {default: {type: local, path: .floe/warehouse}}
catalogs:
  default: {type: sql, uri: "sqlite:///.floe/catalog.db"}
  marts: {type: sql, uri: "sqlite:///.floe/marts.db"}
compute: {default: {type: duckdb}}
layers:
  bronze: {namespace: bronze}
  silver: {namespace: silver}
  gold: {namespace: gold, catalog_ref: marts}
"""
LAKE, MARTS = ("bronze.input", "silver.squares"), ("gold.totals", "gold.history", "gold.empty_or_not")
PUBLISHED_AFTER = {
    "manifests-written": (),
    "metadata-written 1": (),
    "committed 1": LAKE,
    "metadata-written 2": LAKE,
    "committed 2": LAKE + MARTS,
}


@pytest.fixture(scope="module")
def compiled_for_two(
    compiled: Path, project_in: Callable[..., Torture], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    directory = tmp_path_factory.mktemp("two") / "project"
    shutil.copytree(compiled, directory, symlinks=True)
    shutil.rmtree(directory / ".floe")
    (directory / "platform").mkdir()
    (directory / "platform" / "platform.yaml").write_text(PLATFORM)
    done = project_in(directory).floe("compile")
    assert done.returncode == 0, done.stderr
    return directory


@pytest.fixture
def two(compiled_for_two: Path, project_in: Callable[..., Torture], tmp_path: Path) -> Torture:
    directory = tmp_path / "project"
    shutil.copytree(compiled_for_two, directory, symlinks=True)
    return project_in(directory, catalogs={"gold": "marts.db"})


def test_killing_at_every_step_leaves_each_catalog_wholly_old_or_wholly_new(two: Torture, warm: Warm) -> None:
    two.next_generation()
    assert two.floe("run").returncode == 0
    published, history = 1, [1]
    for step, expected in PUBLISHED_AFTER.items():
        killed = two.next_generation()
        assert warm.exit_status(CHILD, str(two.directory), "kill", step) == -signal.SIGKILL
        grown = [*history, killed]
        new, old = two.expected(killed, grown), two.expected(published, history)
        contents = two.contents()
        assert contents == {name: (new if name in expected else old)[name] for name in contents}, step

        dead = str(two.journal()[-1]["run_id"])
        again = two.floe("run")
        assert again.returncode == 0, again.stderr
        published, history = killed, grown
        assert two.contents() == two.expected(killed, history), step
        assert_told(two, dead, again.stderr, expected)


def assert_told(two: Torture, run_id: str, said: str, published: tuple[str, ...]) -> None:
    """The dead run is recorded and told, catalog by catalog, and left no file that nobody needs."""
    (row,) = [row for row in two.journal() if row["run_id"] == run_id]
    assert row["status"] == "INTERRUPTED"
    for profile, tables in (("default", LAKE), ("marts", MARTS)):
        became = "had been published" if tables[0] in published else "was not published"
        assert f"of catalog `{profile}`, " in str(row["note"])
        part = str(row["note"]).partition(f"of catalog `{profile}`, ")[2].partition(";")[0]
        assert part.endswith(became)
        assert all(f"`{name}`" in part for name in tables)
    assert str(row["note"]) in said
    if not published:
        assert two.files_of(run_id) == []
