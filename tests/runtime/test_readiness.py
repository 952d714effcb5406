"""Before a run builds anything it looks whether the platform is there, and says in one error what is not."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.cli.conftest import Floe, floe, plain_terminal
from tests.deploy.test_bootstrap import KEYS, LOCAL, S3, SQLITE, project
from tests.services.hanging import hanging_server
from tests.services.moto import free_port

from floe.deploy import readiness
from floe.runtime.journal import read_journal

if TYPE_CHECKING:
    from typing import Any

    import pytest
    from tests.services.moto import Moto

__all__ = ["Floe", "floe", "plain_terminal"]

REST = "{{type: rest, uri: '{}', warehouse: lake}}"


def refused(floe: Floe) -> dict[str, Any]:
    """The one error of a run that built nothing, as the journal has it, too."""
    outcome = floe("run", "--json")
    document = json.loads(outcome.out)
    assert (outcome.status, document["status"]) == (2, "FAILED")
    assert (document["nodes"], document["tests"], document["tables"]) == ([], [], [])
    journal = read_journal(Path.cwd())
    assert journal is not None
    with journal:
        row = journal.run(document["run_id"])
    assert row is not None
    assert (row["status"], row["nodes"]) == ("FAILED", [])
    assert json.loads(row["failure"])["code"] == document["failure"]["code"]
    failure: dict[str, Any] = document["failure"]
    return failure


def test_everything_that_is_missing_is_told_at_once(floe: Floe) -> None:
    # lesson 25
    project(S3.format("lake", f"http://127.0.0.1:{free_port()}", *KEYS), REST.format(f"http://127.0.0.1:{free_port()}"))
    started = time.monotonic()
    failure = refused(floe)
    assert time.monotonic() - started < 60
    assert failure["code"] == "FLOE-0641"
    assert [detail[:9] for detail in failure["details"]] == ["FLOE-0460", "FLOE-0460", "FLOE-0530"]
    assert "`S3_SECRET_ACCESS_KEY`" in failure["details"][1]


def test_a_missing_bucket_is_the_one_error(floe: Floe, moto: Moto, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in moto.user().environment().items():
        monkeypatch.setenv(name, value)
    project(S3.format("no-such-bucket", moto.endpoint, *KEYS))
    failure = refused(floe)
    assert failure["code"] == "FLOE-0520"
    assert "`floe platform bootstrap`" in failure["instruction"]


def test_a_storage_that_is_not_there_is_given_up_soon(floe: Floe, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("S3_ACCESS_KEY_ID", "S3_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "canary-of-readiness")
    project(S3.format("lake", f"http://127.0.0.1:{free_port()}", *KEYS))
    floe("compile")
    started = time.monotonic()
    assert refused(floe)["code"] == "FLOE-0524"
    assert time.monotonic() - started < 12


def test_a_storage_that_hangs_is_given_up_when_its_time_is_over(floe: Floe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "_LIMIT_SECONDS", 1.0)
    with hanging_server() as port:
        project(LOCAL, REST.format(f"http://127.0.0.1:{port}"))
        assert refused(floe)["code"] == "FLOE-0770"


def test_a_catalog_and_an_engine_that_cannot_be_opened_are_told_together(floe: Floe) -> None:
    project(catalog=REST.format(f"http://127.0.0.1:{free_port()}"))
    file = Path("platform/local/platform.yaml")
    file.write_text(file.read_text().replace("{type: duckdb}", "{type: duckdb, properties: {path: models/one.sql}}"))
    failure = refused(floe)
    assert [detail[:9] for detail in failure["details"]] == ["FLOE-0530", "FLOE-0419"]


def test_a_folder_that_cannot_be_made_is_told_before_anything_is_built(floe: Floe) -> None:
    Path("notes.txt").write_text("a file where a folder is wanted")
    project("{type: local, path: notes.txt/lake}")
    assert refused(floe)["code"] == "FLOE-0501"


def test_a_disk_without_room_is_told_before_anything_is_built(floe: Floe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("floe.lake.stores.local.LEAST_FREE_BYTES", 1 << 62)
    project(LOCAL, SQLITE)
    assert {detail[:9] for detail in refused(floe)["details"]} == {"FLOE-0502"}


def test_folders_that_may_only_be_read_are_told_before_anything_is_built(
    floe: Floe, monkeypatch: pytest.MonkeyPatch
) -> None:
    project(LOCAL, "{type: sql, uri: 'sqlite:///catalogs/catalog.db'}")
    denied = {str(Path("lake").absolute()), str(Path("catalogs").absolute())}
    allowed = os.access
    for folder in denied:
        Path(folder).mkdir()
    # To the administrator, who may run the tests, the system denies nothing.
    monkeypatch.setattr(os, "access", lambda path, mode: str(path) not in denied and allowed(path, mode))
    failure = refused(floe)
    assert [detail[:9] for detail in failure["details"]] == ["FLOE-0501", "FLOE-0501"]
    assert all("permission denied" in detail for detail in failure["details"])
