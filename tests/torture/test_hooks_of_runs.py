"""Signals and kills while hooks of a run, dbt or a compile work: as in any other run, nothing is half done."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING, Literal

import pytest

from floe.artifact import codec
from floe.artifact.models import Hook
from floe.engines.duckdb.reader import open_reader
from floe.lake.open import open_catalogs

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from conftest import Torture

ENDLESS = "select sum(a.range * b.range) as n from range(100000000) a, range(1000000) b"
SLOW_MODEL = """
{{ config(materialized='table', pre_hook=["copy (select 1) to 'STARTED'", 'create table slow as ENDLESS']) }}
select 1 as generation
"""
CREATE = "create schema if not exists audit; create table if not exists audit.runs (n integer default 7)"
NOTE = "insert into audit.runs default values"


def add_hooks(torture: Torture, **hooks: str) -> None:
    """Give the compiled project hooks of fixed SQL; `start_` or `end_` and a name are their keys."""
    path = torture.directory / ".floe" / "artifacts.json"
    added = []
    for name, sql in hooks.items():
        phase: Literal["start", "end"] = "start" if name.startswith("start") else "end"
        hook = Hook(id=f"operation.{name}", name=name, phase=phase, transform="models", rendered_path="h.sql", sql=sql)
        added.append(hook)
    codec.save(codec.seal(codec.load(path).model_copy(update={"hooks": tuple(added)})), path)


def run_to_its_end(torture: Torture) -> None:
    process = torture.child("say", "RunFinished")
    _, said = process.communicate(timeout=60)
    assert process.returncode == 0, said


def audited(directory: Path) -> list[tuple[object, ...]]:
    artifacts = codec.load(directory / ".floe" / "artifacts.json")
    reader = open_reader(artifacts, directory, open_catalogs(artifacts, directory))
    try:
        return list(reader.sql("select n from audit.runs").rows)
    finally:
        reader.close()


def await_file(path: Path, process: subprocess.Popen[str]) -> None:
    while not path.exists() and process.poll() is None:
        time.sleep(0.05)


def heard(process: subprocess.Popen[str], what: str) -> None:
    assert process.stdout is not None
    assert process.stdout.readline() == f"{what}\n", process.communicate()[1]


@pytest.mark.parametrize("slow", ["start_slow", "end_slow"])
def test_a_signal_while_a_hook_works_cancels_within_ten_seconds(torture: Torture, slow: str) -> None:
    started = torture.directory / "started"
    add_hooks(torture, start_create=CREATE, **{slow: f"copy (select 1) to '{started}'; {ENDLESS}"})
    process = torture.child("say", "HookFinished")
    heard(process, "HookFinished")
    await_file(started, process)
    sent = time.monotonic()
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 130
    assert time.monotonic() - sent < 10
    process.communicate()
    row = torture.journal()[-1]
    assert row["status"] == "CANCELLED"
    assert torture.files_of(str(row["run_id"])) == []
    assert torture.published_runs() == set()


def test_a_run_killed_in_a_hook_leaves_nothing_and_the_next_one_writes_as_if_it_had_not_been(torture: Torture) -> None:
    add_hooks(torture, start_create=CREATE, end_note=NOTE)
    run_to_its_end(torture)
    before = torture.contents()
    killed = torture.child("kill", "HookStarted")
    assert killed.wait(60) == -signal.SIGKILL
    killed.communicate()
    assert (torture.contents(), audited(torture.directory)) == (before, [(7,)])
    run_to_its_end(torture)
    assert audited(torture.directory) == [(7,), (7,)]
    assert [row["status"] for row in torture.journal()] == ["SUCCEEDED", "INTERRUPTED", "SUCCEEDED"]


def test_a_signal_while_dbt_builds_a_node_cancels_within_ten_seconds(torture: Torture) -> None:
    model = torture.directory / "models" / "gold" / "totals.sql"
    started = torture.directory / "started"
    model.write_text(SLOW_MODEL.replace("STARTED", str(started)).replace("ENDLESS", ENDLESS))
    compiled = torture.floe("compile")
    assert compiled.returncode == 0, compiled.stderr
    process = torture.child("say", "TestFinished")
    await_file(started, process)
    sent = time.monotonic()
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 130
    assert time.monotonic() - sent < 10
    process.communicate()
    assert torture.journal()[-1]["status"] == "CANCELLED"
    assert torture.published_runs() == set()


@pytest.mark.parametrize("seconds", [0.8, 2.5])
def test_interrupting_a_compile_leaves_no_traceback_and_the_next_one_is_right(torture: Torture, seconds: float) -> None:
    path = torture.directory / ".floe" / "artifacts.json"
    before = path.read_bytes()
    process = torture.start("compile", "--force")
    time.sleep(seconds)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    # Python ends by the signal itself where that came inside code given to `exec` as text; for a shell that is 130.
    assert process.returncode in (0, 130, -signal.SIGINT), said
    assert "Traceback" not in said
    again = torture.floe("compile")
    assert again.returncode == 0, again.stderr
    assert path.read_bytes() == before
