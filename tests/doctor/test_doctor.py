"""`floe doctor`: what is installed, the project and its runs, the machine; also where there is no project."""

from __future__ import annotations

import errno
import fcntl
import json
import sqlite3
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from tests.cli.conftest import Floe, compiled_shop, floe, plain_terminal, shop

from floe.doctor import versions
from floe.doctor.filesystem import look_at_file_system

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Floe", "compiled_shop", "floe", "plain_terminal", "shop"]


def looked(floe: Floe, *words: str, status: int = 0) -> dict[tuple[str, str], dict[str, Any]]:
    outcome = floe("doctor", "--json", *words)
    assert outcome.status == status, outcome
    document = json.loads(outcome.out)
    assert document["schema_version"] == 1
    assert all(probe["fix"] for probe in document["probes"] if probe["outcome"] in ("fail", "warn"))
    return {(probe["section"], probe["name"]): probe for probe in document["probes"]}


def test_outside_a_project_it_says_so_and_looks_at_the_machine(floe: Floe, tmp_path: Path) -> None:
    found = looked(floe)
    assert found["project", "floe.yaml"]["text"] == "there is no project in `DIR`: it has no `floe.yaml`"
    assert found["versions", "dbt-core"]["outcome"] == "ok"
    assert {name for section, name in found if section == "machine"} >= {"disk of the project", "memory", "clock"}
    assert list(tmp_path.iterdir()) == []


def test_a_healthy_project_is_told_in_sections(floe: Floe, shop: Path) -> None:
    found = looked(floe)
    assert not [probe for probe in found.values() if probe["outcome"] in ("fail", "warn")]
    assert found["project", "artifact"]["text"].endswith("is that of the project as it is now")
    assert (
        found["project", "configuration"]["text"]
        == "the configuration of `shop` is valid; transforms: `./models` (dbt)"
    )
    assert found["runs", "journal"]["text"] == "nothing has run in this project yet"
    outcome = floe("doctor")
    assert [line for line in outcome.out.splitlines() if line and not line.startswith(" ")][1:] == [
        *("versions", "project", "runs", "machine")
    ]


def test_an_artifact_that_is_not_of_now_says_what_changed(floe: Floe, shop: Path) -> None:
    text = (shop / "floe.yaml").read_text()
    (shop / "floe.yaml").write_text(f"{text}owner: somebody\n")
    assert (
        "floe.yaml, the platform, an option or a version is another one" in looked(floe)["project", "artifact"]["text"]
    )
    (shop / "floe.yaml").write_text(text)
    (shop / "models/example.sql").write_text("select 1 as id")
    assert "`models/example.sql` changed since the last compile" in looked(floe)["project", "artifact"]["text"]


def test_a_project_that_was_never_compiled_and_an_artifact_that_was_changed_by_hand(floe: Floe, shop: Path) -> None:
    artifact = shop / ".floe/artifacts.json"
    artifact.write_text(artifact.read_text().replace('"shop"', '"other"'))
    assert looked(floe)["project", "artifact"]["outcome"] == "warn"
    artifact.unlink()
    assert looked(floe)["project", "artifact"]["outcome"] == "skipped"


def test_mistakes_in_the_configuration_are_counted_and_left_to_validate(floe: Floe, shop: Path) -> None:
    text = (shop / "floe.yaml").read_text()
    (shop / "floe.yaml").write_text(f"{text}\nstorrage: x\ncattalog: y\n")
    found = looked(floe, status=1)
    assert found["project", "configuration"]["text"] == "the configuration has 2 mistakes"
    assert found["project", "configuration"]["fix"] == "run `floe validate`"
    assert found["project", "artifact"]["outcome"] == "skipped"


def test_a_run_that_died_is_told_with_what_happens_next(floe: Floe, shop: Path) -> None:
    assert floe("run", "-q").status == 0
    assert "the last run ended as SUCCEEDED" in looked(floe)["runs", "journal"]["text"]
    with sqlite3.connect(shop / ".floe/state.db") as journal:
        journal.execute("UPDATE runs SET status = 'RUNNING', finished_at = NULL")
    journal.close()
    found = looked(floe)["runs", "journal"]
    assert found["outcome"] == "warn"
    assert "the next run cleans up" in found["text"]


def test_a_run_that_is_working_is_no_fault(floe: Floe, shop: Path) -> None:
    assert floe("run", "-q").status == 0
    with (shop / ".floe/local.lock").open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert "is working in environment `local`" in looked(floe)["runs", "journal"]["text"]


def test_tables_that_git_would_take_for_source_code_are_to_know_of(floe: Floe, shop: Path) -> None:
    subprocess.run(["git", "init", "-q"], cwd=shop, check=True)
    assert looked(floe)["project", "git"]["outcome"] == "ok"
    (shop / ".gitignore").unlink()
    assert looked(floe)["project", "git"]["outcome"] == "warn"


def test_a_memory_limit_above_what_is_free_is_to_know_of(floe: Floe, shop: Path) -> None:
    with (shop / "floe.yaml").open("a") as file:
        file.write("compute: {target: duckdb, properties: {memory_limit: 900TB}}\n")
    found = looked(floe)["project", "engine"]
    assert found["outcome"] == "warn"
    assert "`memory_limit`" in found["fix"]


def test_a_file_system_without_locks_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert look_at_file_system(tmp_path).outcome == "ok"

    def no_locks(_file: object, _mode: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", no_locks)
    found = look_at_file_system(tmp_path)
    assert found.error is not None
    assert "has no locks (`flock`)" in found.text
    assert list(tmp_path.iterdir()) == []


def test_a_file_system_that_lets_two_have_one_lock_is_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fcntl, "flock", lambda _file, _mode: None)
    assert look_at_file_system(tmp_path).outcome == "fail"


def test_a_folder_that_cannot_be_written_is_what_the_system_says(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        look_at_file_system(tmp_path / "missing")


def test_a_package_that_is_gone_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versions, "_PACKAGES", ("no-such-package-of-floe",))
    (probe,) = [probe for probe in versions.version_probes() if probe.name == "no-such-package-of-floe"]
    assert probe.look().fix == "run `pip install floe-runtime`"


def test_every_extra_says_what_it_is_for() -> None:
    found = {probe.name: probe.look().text for probe in versions.version_probes() if probe.name.startswith("extra")}
    assert "extra `s3` (DuckDB reads and writes S3 by itself)" in found["extra s3"]
    assert "compute of type `postgres`" in found["extra postgres"]
