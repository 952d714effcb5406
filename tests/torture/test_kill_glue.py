"""SIGKILL while a run publishes to AWS Glue and S3, one table after the other: the next run finishes it (T1)."""

from __future__ import annotations

import json
import os
import shutil
import signal
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.services.moto import Moto

    from conftest import Torture

TABLES = ("bronze.input", "silver.squares", "gold.totals", "gold.history", "gold.empty_or_not")
STEPS = ("metadata-written", "recorded", "swapped 1", "swapped 2", "swapped 3", "swapped 4", "committed")
CHOSEN = STEPS if "FLOE_TORTURE_KILLS" in os.environ else ("swapped 2",)


def platform(moto: Moto) -> str:
    keys = {name: {"secret_ref": "aws", "key": name} for name in ("access_key_id", "secret_access_key")}
    reached = {"endpoint": moto.endpoint, "credentials": {"mode": "static", **keys}}
    settings = {
        "version": "1.0.0",
        "storage": {"default": {"type": "s3", "bucket": moto.bucket(), **reached}},
        "catalogs": {"default": {"type": "glue", **reached}},
        "compute": {"default": {"type": "duckdb"}},
        "layers": {name: {"namespace": name} for name in ("bronze", "silver", "gold")},
    }
    return json.dumps(settings)  # JSON is YAML, too


@pytest.fixture
def in_glue(
    compiled: Path, project_in: Callable[..., Torture], tmp_path: Path, moto: Moto, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Torture]:
    """The project, compiled for an empty Glue and a new bucket."""
    for variable, value in moto.administrator.environment("aws").items():
        monkeypatch.setenv(variable, value)
    client = moto.client("glue")
    for database in client.get_databases()["DatabaseList"]:
        client.delete_database(Name=database["Name"])
    directory = tmp_path / "project"
    shutil.copytree(compiled, directory, symlinks=True)
    shutil.rmtree(directory / ".floe")
    (directory / "platform").mkdir()
    (directory / "platform" / "platform.yaml").write_text(platform(moto))
    torture = project_in(directory)
    done = torture.floe("compile")
    assert done.returncode == 0, done.stderr
    yield torture
    assert not moto.keys_of(json.loads(platform_of(directory))["storage"]["default"]["bucket"], "floe-publishes")


def platform_of(directory: Path) -> str:
    return (directory / "platform" / "platform.yaml").read_text()


def contents(moto: Moto) -> dict[str, list[tuple[object, ...]]]:
    """All tables, as plain PyIceberg reads them."""
    from pyiceberg.catalog.glue import GlueCatalog

    keys = moto.administrator
    properties = {
        "s3.endpoint": moto.endpoint,
        "s3.access-key-id": keys.access_key_id,
        "s3.secret-access-key": keys.secret_access_key,
        "s3.region": "us-east-1",
    }
    catalog = GlueCatalog("default", client=moto.client("glue"), **properties)
    rows = {name: catalog.load_table(name).scan().to_arrow().to_pylist() for name in TABLES}
    return {name: sorted(tuple(row.values()) for row in found) for name, found in rows.items()}


def test_what_a_killed_run_left_half_published_the_next_one_finishes(in_glue: Torture, moto: Moto) -> None:
    history = [in_glue.next_generation()]
    first = in_glue.floe("run")
    assert first.returncode == 0, first.stderr
    for step in CHOSEN:
        killed = in_glue.next_generation()
        process = in_glue.child("kill", step)
        assert process.wait(60) == -signal.SIGKILL, process.communicate()
        process.communicate()
        looked = in_glue.floe("runs")  # any command finishes what was left
        assert looked.returncode == 0, looked.stderr
        published = step != "metadata-written"
        history += [killed] if published else []
        assert contents(moto) == in_glue.expected(history[-1], history), step
        (dead,) = [row for row in in_glue.journal() if row["status"] == "INTERRUPTED"][-1:]
        assert dead["note"] == ("its tables had been published" if published else "nothing of it was published"), step
        assert ("was interrupted while it published" in looked.stderr) == (
            step not in ("metadata-written", "committed")
        )
    generation = in_glue.next_generation()
    again = in_glue.floe("run")
    assert again.returncode == 0, again.stderr
    assert contents(moto) == in_glue.expected(generation, [*history, generation])
