"""Runs that outlast what they depend on: a catalog that is away for a while, credentials that expire."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from conformance.catalogs.writing import state

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conformance.catalogs.places import Place
    from conformance.harness import Server
    from services.polaris.server import Polaris

SLOW = """
import time
from pathlib import Path

import pyarrow as pa

import floe


@floe.asset(layer="silver")
def slow():
    Path("begun").touch()
    time.sleep({seconds})
    return pa.table({{"id": [1, 2]}})


@floe.asset(layer="gold")
def after(slow):
    return slow.filter("id > 1")
"""


def started(place: Place, seconds: int) -> subprocess.Popen[str]:
    """A run that has begun with a slow asset; another one reads it afterwards."""
    (place.folder / "floe.yaml").write_text(
        'name: shop\nversion: "1.0.0"\ntransforms: [{type: dbt, path: models}, {type: python, path: assets}]\n'
    )
    (place.folder / "assets").mkdir()
    (place.folder / "assets/slow.py").write_text(SLOW.format(seconds=seconds))
    process = subprocess.Popen(
        [sys.executable, "-m", "floe.cli", "run", "--json"],
        cwd=place.folder,
        env={**os.environ, **place.environment, "NO_COLOR": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 120
    while not (place.folder / "begun").exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, "the run did not begin"
        time.sleep(0.1)
    return process


def ended(place: Place, process: subprocess.Popen[str]) -> None:
    """The run ends well, and its tables are there, each published once."""
    said, complaints = process.communicate(timeout=200)
    assert process.returncode == 0, complaints
    assert {table["asset"]: table["rows_total"] for table in json.loads(said)["tables"]} == {
        "silver.slow": 2,
        "gold.after": 1,
    }
    catalog = place.catalog()
    assert len(state(place, catalog, "silver.slow").metadata["snapshots"]) == 1
    assert len(state(place, catalog, "gold.after").metadata["snapshots"]) == 1


def test_a_database_that_restarts_during_a_run_is_waited_for(
    make_place: Callable[[str, Path], Place], server: Server, tmp_path: Path
) -> None:
    # reliability T13
    place = make_place("postgres-s3", tmp_path / "project")
    process = started(place, 4)
    server.process.stop()
    time.sleep(6)
    server.process.start()

    ended(place, process)


def test_a_polaris_that_is_silent_for_a_while_is_waited_for(
    make_place: Callable[[str, Path], Place], polaris: Polaris, tmp_path: Path
) -> None:
    # reliability T13
    place = make_place("polaris-s3", tmp_path / "project")
    process = started(place, 3)
    polaris.process.send(signal.SIGSTOP)
    try:
        time.sleep(8)
    finally:
        polaris.process.send(signal.SIGCONT)

    ended(place, process)


def test_a_polaris_that_restarts_with_nothing_fails_the_run_clean_and_a_rerun_is_right(
    make_place: Callable[[str, Path], Place], hasty_polaris: Polaris, tmp_path: Path
) -> None:
    # reliability T13: this one keeps its catalogs in memory, so that a restart is the loss of all of them
    place = make_place("hasty_polaris-s3", tmp_path / "project")
    process = started(place, 3)
    hasty_polaris.process.stop(signal.SIGKILL)
    hasty_polaris.process.start()
    _, complaints = process.communicate(timeout=200)

    assert process.returncode == 2, complaints
    assert complaints.count("error[FLOE-") == 1
    assert "floe platform bootstrap" in " ".join(complaints.split())
    assert "Traceback" not in complaints
    made = place.floe("platform", "bootstrap")
    assert made.returncode == 0, made.stderr
    again = place.floe("run", "--json")
    assert again.returncode == 0, again.stderr
    assert {table["rows_total"] for table in json.loads(again.stdout)["tables"]} == {1, 2}


def test_credentials_that_polaris_vends_may_expire_during_a_run(
    make_place: Callable[[str, Path], Place], tmp_path: Path
) -> None:
    # reliability T12: ten seconds of life, in a run that takes longer
    place = make_place("hasty_polaris-s3-vended", tmp_path / "project")
    process = started(place, 25)

    ended(place, process)
