from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from floe.errors import EnvironmentFaultError, EnvironmentLockedError
from floe.runtime.lease import acquire, lease_path, running_run

HOLD = """
import sys, time, pathlib
from floe.runtime.lease import acquire
with acquire(pathlib.Path(sys.argv[1]), "first-run"):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return lease_path(tmp_path, "local")


@pytest.fixture
def other_process(path: Path):
    with subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_the_file_names_the_holder(path: Path) -> None:
    with acquire(path, "r1"):
        content = json.loads(path.read_text())
        assert content["run_id"] == "r1"
        assert content["pid"] == os.getpid()
        assert running_run(path) == "r1"
    assert running_run(path) is None
    assert path.read_text() == ""


def test_a_second_run_is_told_host_pid_and_start(path: Path, other_process: subprocess.Popen[str]) -> None:
    with pytest.raises(EnvironmentLockedError) as caught:
        acquire(path, "second-run")
    assert caught.value.code == "FLOE-0610"
    assert "environment `local` is held by run `first-run` on host `" in caught.value.reason
    assert f"pid {other_process.pid}, started 20" in caught.value.reason
    assert "--wait" in caught.value.instruction


def test_a_second_run_may_wait(path: Path, other_process: subprocess.Popen[str]) -> None:
    waits: list[str] = []
    threading.Timer(0.4, other_process.terminate).start()
    with acquire(path, "second-run", wait_seconds=30, on_wait=lambda holder: waits.append(str(holder))) as lease:
        assert lease.holder.run_id == "second-run"
    assert len(waits) == 1
    assert waits[0].startswith("run `first-run` on host")


def test_waiting_ends_when_the_run_is_cancelled(path: Path, other_process: subprocess.Popen[str]) -> None:
    started = time.monotonic()
    with pytest.raises(EnvironmentLockedError):
        acquire(path, "second-run", wait_seconds=30, cancelled=lambda: True)
    assert time.monotonic() - started < 5


def test_kill_gives_the_lease_back(path: Path, other_process: subprocess.Popen[str]) -> None:
    assert running_run(path) == "first-run"
    os.kill(other_process.pid, signal.SIGKILL)
    other_process.wait()
    assert running_run(path) is None
    with acquire(path, "second-run"):
        assert running_run(path) == "second-run"


def test_environments_do_not_lock_each_other(tmp_path: Path) -> None:
    with acquire(lease_path(tmp_path, "dev"), "a"), acquire(lease_path(tmp_path, "prod"), "b"):
        assert running_run(lease_path(tmp_path, "dev")) == "a"


def test_a_folder_that_cannot_be_written_is_a_clear_error() -> None:
    with pytest.raises(EnvironmentFaultError) as caught:
        acquire(lease_path(Path("/proc/self"), "local"), "r1")
    assert caught.value.code == "FLOE-0611"
    assert caught.value.reason.startswith("the lock file `.floe/local.lock` cannot be written: ")
