"""SIGINT and SIGTERM: once stops within ten seconds, twice at once; two runs at once (T21, T9)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from floe.artifact import codec
from floe.artifact.models import Asset, PythonFunction, Query, Relation
from floe.runtime.lease import acquire, lease_path

if TYPE_CHECKING:
    from conftest import Torture

Slow = Callable[["Torture"], None]
ENDLESS = "select sum(a.range * b.range) as n from range(100000000) a, range(1000000) b"
STUCK = """
import time
import floe


@floe.asset(layer="gold")
def slow():
    time.sleep(60)
"""


def add_slow_asset(torture: Torture, **how: object) -> None:
    """Put an asset into the artifact that takes a minute or for ever."""
    path = torture.directory / ".floe" / "artifacts.json"
    artifacts = codec.load(path)
    relation = Relation(schema_name="gold", identifier="slow")
    asset = Asset(key="gold.slow", name="slow", layer="gold", materialization="table", relation=relation, **how)
    changed = artifacts.model_copy(update={"assets": {**artifacts.assets, "gold.slow": asset}})
    codec.save(codec.seal(changed), path)


def add_endless_query(torture: Torture) -> None:
    add_slow_asset(torture, kind="model", query=Query(sql=ENDLESS, rendered_path="slow.sql"))


def add_stuck_function(torture: Torture) -> None:
    (torture.directory / "stuck.py").write_text(STUCK)
    function = PythonFunction(file="stuck.py", function="slow", parameters={})
    add_slow_asset(torture, kind="python", python=function)


def heard(process: subprocess.Popen[str], what: str) -> None:
    assert process.stdout is not None
    assert process.stdout.readline() == f"{what}\n", process.communicate()[1]


@pytest.mark.parametrize(
    ("slow", "number"),
    [
        (add_endless_query, signal.SIGINT),
        (add_endless_query, signal.SIGTERM),
        (add_stuck_function, signal.SIGTERM),
    ],
)
def test_one_signal_cancels_within_ten_seconds(torture: Torture, slow: Slow, number: signal.Signals) -> None:
    assert torture.floe("run").returncode == 0
    before = torture.contents()
    slow(torture)
    torture.next_generation()
    process = torture.child("say", "TestFinished")
    heard(process, "TestFinished")
    sent = time.monotonic()
    process.send_signal(number)
    assert process.wait(30) == 128 + number
    assert time.monotonic() - sent < 10
    process.communicate()
    row = torture.journal()[-1]
    assert row["status"] == "CANCELLED"
    assert row["nodes"]["cancelled"] >= 1
    assert torture.contents() == before
    assert torture.files_of(str(row["run_id"])) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_ends_the_process_at_once(torture: Torture, number: signal.Signals) -> None:
    add_stuck_function(torture)
    process = torture.child("say", "TestFinished")
    heard(process, "TestFinished")
    process.send_signal(number)
    time.sleep(0.3)
    assert process.poll() is None
    sent = time.monotonic()
    process.send_signal(number)
    assert process.wait(30) == 128 + number
    assert time.monotonic() - sent < 2
    process.communicate()
    assert torture.journal()[-1]["status"] == "RUNNING"
    assert torture.floe("runs").returncode == 0
    assert torture.journal()[-1]["status"] == "INTERRUPTED"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_after_the_commit_does_not_change_what_is_reported(torture: Torture, number: signal.Signals) -> None:
    # Promise (e): the status that is reported equals what happened.
    process = torture.child("say", "committed")
    heard(process, "committed")
    process.send_signal(number)
    assert process.wait(30) == 0
    process.communicate()
    assert torture.journal()[-1]["status"] == "SUCCEEDED"
    assert torture.contents() == torture.expected(1, [1])


def test_handlers_of_the_caller_are_put_back(torture: Torture) -> None:
    script = """
import signal, sys, pathlib
from floe.artifact.codec import load
from floe.runtime.request import RunRequest
from floe.runtime.run import run

before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
project = pathlib.Path(sys.argv[1])
run(RunRequest(project_directory=project, artifacts=load(project / ".floe" / "artifacts.json")))
assert before == [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
"""
    subprocess.run([sys.executable, "-c", script, str(torture.directory)], check=True, timeout=60)


def test_a_second_run_names_the_holder_and_never_shows_a_traceback(torture: Torture) -> None:
    with acquire(lease_path(torture.directory, "local"), "first-run"):
        second = torture.floe("run")
    assert second.returncode == 2
    assert "error[FLOE-0610]: environment `local` is held by run `first-run` on host `" in second.stderr
    assert f"pid {os.getpid()}, started 20" in second.stderr
    assert "Traceback" not in second.stderr


def test_a_run_that_waits_for_another_can_be_cancelled(torture: Torture) -> None:
    with acquire(lease_path(torture.directory, "local"), "first-run"):
        waiting = torture.start("run", "--wait", "60")
        assert waiting.stderr is not None
        assert waiting.stderr.readline().startswith("note: waiting for run `first-run` on host")
        waiting.send_signal(signal.SIGINT)
        assert waiting.wait(10) == 130
        waiting.communicate()


def test_two_runs_that_wait_for_each_other_both_publish(torture: Torture) -> None:
    torture.next_generation()
    processes = [torture.start("run", "--wait", "60") for _ in range(2)]
    for process in processes:
        _, said = process.communicate(timeout=60)
        assert process.returncode == 0, said
    assert [row["status"] for row in torture.journal()] == ["SUCCEEDED", "SUCCEEDED"]
    assert torture.contents() == torture.expected(torture.generation, [torture.generation])
