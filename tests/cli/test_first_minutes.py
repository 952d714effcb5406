"""A stranger's first minutes, as processes of their own: from nothing to published tables, and stopping a run."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from floe.cli.scaffold import BY_NAME, create_project
from floe.config.load import load_configuration

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Floe

SLOW = """{{ config(materialized='table') }}
select count(*) as n from range(300000) a, range(100000) b where (a.range + b.range) % 7 > 3
"""


def test_from_init_to_published_tables_and_once_more(floe_process: Floe, tmp_path: Path) -> None:
    for words in (
        ("init", "shop"),
        ("-C", "shop", "validate"),
        ("-C", "shop", "run"),
        ("-C", "shop", "test"),
        ("-C", "shop", "run"),
        ("-C", "shop", "show", "main.example"),
    ):
        outcome = floe_process(*words)
        assert outcome.status == 0, outcome.filtered()
    history = json.loads(floe_process("-C", "shop", "history", "main.example", "--json").out)
    assert [snapshot["rows_total"] for snapshot in history["snapshots"]] == [5, 5]
    assert {path.name for path in tmp_path.iterdir()} == {"shop"}


@pytest.mark.parametrize("template", sorted(BY_NAME))
def test_every_template_is_a_valid_project(tmp_path: Path, template: str) -> None:
    """lesson 5"""
    create_project(tmp_path, "sample", BY_NAME[template])
    assert load_configuration(tmp_path / "sample").pipeline.name == "sample"


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_run_that_is_stopped_ends_cancelled(shop: Path, floe: Floe, number: signal.Signals, status: int) -> None:
    (shop / "models/slow.sql").write_text(SLOW)
    assert floe("compile", "-q").status == 0
    command = [sys.executable, "-m", "floe.cli", "run", "--json"]
    with subprocess.Popen(command, cwd=shop, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "Built" in line:  # the quick model; the slow one runs
                break
        asked = time.monotonic()
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    assert time.monotonic() - asked < 10
    assert process.returncode == status
    assert json.loads(out)["status"] == "CANCELLED"
    assert "Cancelled" in err
    assert json.loads(floe("runs", "--json").out)["runs"][0]["status"] == "CANCELLED"
    assert floe("history", "example").status == 2
