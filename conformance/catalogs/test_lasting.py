"""Runs that outlast what they depend on: a catalog that is away for a while, credentials that expire."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from conformance.catalogs.management import known
from conformance.catalogs.writing import state

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest
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
    (place.folder / "assets").mkdir(exist_ok=True)
    (place.folder / "begun").unlink(missing_ok=True)
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
    said, complaints = process.communicate(timeout=300)
    assert process.returncode == 0, complaints
    assert {table["asset"]: table["rows_total"] for table in json.loads(said)["tables"]} == {
        "silver.slow": 2,
        "gold.after": 1,
    }
    assert len(snapshots(place, "silver.slow")) == len(snapshots(place, "gold.after")) == 1


def snapshots(place: Place, table: str) -> list[Any]:
    """The snapshots of a table as the catalog has it now."""
    return list(state(place, place.catalog(), table).metadata.get("snapshots", ()))


def patient(place: Place) -> Place:
    """The place, whose runs wait for as long as Polaris may take to start on a busy machine."""
    long = replace(
        place, platform=place.platform.replace("type: polaris,", "type: polaris, properties: {patience_seconds: 200},")
    )
    long.write()
    return long


def with_principal(place: Place, monkeypatch: pytest.MonkeyPatch) -> Place:
    """The place, used by a principal `loader` that its root principal makes for it."""
    root, rest = "client_id: root, client_secret: {secret_ref: polaris-root-secret}", "scope: 'PRINCIPAL_ROLE:ALL'"
    maker = f"bootstrap: {{principal: loader, credentials: {{mode: oauth2, {root}, {rest}}}, "
    with_maker = place.platform.replace("bootstrap: {", maker)
    replace(place, platform=with_maker).write()
    made = place.floe("platform", "bootstrap", "--json")
    assert made.returncode == 0, made.stderr
    told = {
        name: value for step in json.loads(made.stdout)["steps"] for name, value in step.get("credentials", {}).items()
    }
    own = f"client_id: {told['client_id']}, client_secret: {{secret_ref: loader}}"
    monkeypatch.setenv("LOADER", told["client_secret"])
    used = replace(place, platform=with_maker.replace(root, own, 1))
    used.write()
    return used


def listed(place: Place) -> dict[str, list[str]]:
    """Namespaces and their tables, as PyIceberg sees them."""
    with place.plain() as plain:
        names = [".".join(name) for name in plain.list_namespaces()]
        return {name: sorted(".".join(table) for table in plain.list_tables(name)) for name in names}


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


def test_a_polaris_that_is_killed_and_restarted_during_a_run_is_waited_for(
    make_place: Callable[[str, Path], Place], polaris: Polaris, tmp_path: Path
) -> None:
    # reliability T13
    place = patient(make_place("polaris-s3", tmp_path / "project"))
    process = started(place, 3)
    polaris.process.stop(signal.SIGKILL)
    time.sleep(5)
    polaris.process.start()

    ended(place, process)


def test_a_polaris_that_is_killed_at_any_moment_leaves_each_run_published_or_failed_and_the_next_one_right(
    make_place: Callable[[str, Path], Place], polaris: Polaris, tmp_path: Path
) -> None:
    # reliability T13: kills around the commit, and what is told is what happened
    place = patient(make_place("polaris-s3", tmp_path / "project"))
    published, outcomes = 0, []
    for kill in range(int(os.environ.get("FLOE_TORTURE_POLARIS_KILLS", "3"))):
        process = started(place, 0)
        time.sleep(random.uniform(0, 4))
        polaris.process.stop(signal.SIGKILL)
        polaris.process.start()
        said, complaints = process.communicate(timeout=300)
        assert process.returncode in (0, 2), complaints
        assert "Traceback" not in complaints
        after = len(snapshots(place, "silver.slow"))
        assert after == len(snapshots(place, "gold.after"))
        assert after == published + (process.returncode == 0), (kill, said, complaints)
        published = after
        outcomes.append(process.returncode)
    sys.stdout.write(f"T13, Polaris killed during {len(outcomes)} runs: {outcomes.count(0)} published, others failed\n")
    again = place.floe("run", "--json")
    assert again.returncode == 0, again.stderr


def test_what_polaris_has_acknowledged_is_there_after_a_kill(
    make_place: Callable[[str, Path], Place], polaris: Polaris, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # reliability T13: catalog, principal, secret, roles, grants, namespaces and tables
    place = make_place("polaris-s3", tmp_path / "project")
    place, warehouse = with_principal(place, monkeypatch), place.plain_properties["warehouse"]
    (place.folder / "models/one.sql").write_text("{{ config(materialized='table') }} select 1 as id")
    assert place.floe("run").returncode == 0
    before = known(polaris, warehouse, "loader"), listed(place)
    polaris.process.stop(signal.SIGKILL)
    polaris.process.start()

    assert (known(polaris, warehouse, "loader"), listed(place)) == before
    again = place.floe("platform", "bootstrap", "--json")
    assert again.returncode == 0, again.stderr
    assert {step["outcome"] for step in json.loads(again.stdout)["steps"]} == {"already there"}
    assert (known(polaris, warehouse, "loader"), listed(place)) == before
    assert place.floe("run").returncode == 0
    assert len(snapshots(place, "main.one")) == 2


def test_a_polaris_that_comes_back_with_nothing_fails_the_run_clean_and_a_rerun_is_right(
    make_place: Callable[[str, Path], Place], hasty_polaris: Polaris, tmp_path: Path
) -> None:
    # reliability T13: the loss of all catalogs
    place = patient(make_place("hasty_polaris-s3", tmp_path / "project"))
    process = started(place, 3)
    hasty_polaris.process.stop(signal.SIGKILL)
    hasty_polaris.forget_everything()
    hasty_polaris.process.start()
    _, complaints = process.communicate(timeout=300)

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
