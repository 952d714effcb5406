"""Before a run builds anything it looks whether the platform is there, and says in one error what is not."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.cli.conftest import Floe, floe, plain_terminal
from tests.deploy.test_bootstrap import KEYS, LOCAL, S3, SQLITE, project, read_a_model
from tests.services.hanging import hanging_server
from tests.services.moto import free_port

from floe.compiler.compile import compile_project
from floe.config.load import load_configuration
from floe.deploy import readiness
from floe.runtime.journal import read_journal
from floe.runtime.request import RunRequest
from floe.runtime.run import run

if TYPE_CHECKING:
    from typing import Any

    import pytest
    from tests.services.moto import Moto

__all__ = ["Floe", "floe", "plain_terminal"]

REST = "{{type: rest, uri: '{}', warehouse: lake}}"


def refused(floe: Floe, *words: str) -> dict[str, Any]:
    """The one error of a run that built nothing, as the journal has it, too."""
    outcome = floe("run", "--json", *words)
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
    assert "`floe platform bootstrap --env local`" in refused(floe, "--env", "local")["instruction"]
    Path("notes.txt").write_text("a file where a folder is wanted")
    file = Path("platform/local/platform.yaml")
    file.write_text(file.read_text().replace(SQLITE, "{type: sql, uri: 'sqlite:///notes.txt/catalog.db'}"))
    named = refused(floe, "--platform", str(file))
    assert named["code"] == "FLOE-0641"
    assert any(f"`floe platform bootstrap --platform {file}`" in detail for detail in named["details"])


def test_a_storage_that_is_not_there_is_given_up_soon(floe: Floe, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("S3_ACCESS_KEY_ID", "S3_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "canary-of-readiness")
    project(S3.format("lake", f"http://127.0.0.1:{free_port()}", *KEYS))
    floe("compile")
    started = time.monotonic()
    assert refused(floe)["code"] == "FLOE-0524"
    assert time.monotonic() - started < 12


def test_a_catalog_that_hangs_is_given_up_when_its_time_is_over_or_when_the_user_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(readiness, "_LIMIT_SECONDS", 0.5)
    with hanging_server() as port:
        project(LOCAL, REST.format(f"http://127.0.0.1:{port}"))
        artifacts = compile_project(load_configuration(Path.cwd())).artifacts
        # Not through the command line, which ends the process without waiting for the thread.
        request = RunRequest(project_directory=Path.cwd(), artifacts=artifacts)
        result = run(request)
        monkeypatch.setattr(readiness, "_LIMIT_SECONDS", 60.0)
        threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
        started = time.monotonic()
        cancelled = run(request)
    assert time.monotonic() - started < 10
    assert (cancelled.exit_status, cancelled.abandoned, cancelled.nodes) == (130, True, {})
    assert (result.exit_status, result.abandoned) == (2, True)
    assert result.failure is not None
    assert result.failure.code == "FLOE-0770"
    assert result.failure.reason.startswith(f"the catalog `default` at `http://127.0.0.1:{port}` gave no answer")


HURRIED = """
import sys
from floe.cli.main import main
from floe.deploy import readiness
readiness._LIMIT_SECONDS = 1.0
sys.exit(main())
"""


def test_a_run_ends_although_a_thread_still_waits_for_a_storage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    keys = dict.fromkeys(("S3_ACCESS_KEY_ID", "S3_SECRET_ACCESS_KEY"), "canary-of-readiness")
    with hanging_server() as port:
        project(S3.format("lake", f"http://127.0.0.1:{port}", *KEYS))
        command = [sys.executable, "-c", HURRIED, "run"]
        # Arrow itself would wait for most of a minute more.
        done = subprocess.run(command, env=os.environ | keys, capture_output=True, text=True, check=False, timeout=40)
    err = done.stderr
    assert (done.returncode, done.stdout) == (2, "")
    assert err.count("error[") == 1
    assert "leaked" not in err
    assert "error[FLOE-0770]: the storage `default` at `http://127.0.0.1:" in err
    assert "gave no answer within 1 s" in err
    assert "canary-of-readiness" not in err
    journal = read_journal(Path.cwd())
    assert journal is not None
    with journal:
        assert [row["status"] for row in journal.runs()] == ["FAILED"]


def test_a_catalog_and_an_engine_that_cannot_be_opened_are_told_together(floe: Floe) -> None:
    project(catalog=REST.format(f"http://127.0.0.1:{free_port()}"))
    read_a_model()
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
