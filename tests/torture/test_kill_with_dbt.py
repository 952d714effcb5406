"""SIGKILL in runs with nodes that dbt renders or builds: as in any other run, tables are wholly old or wholly new."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Torture

MOMENTS = ("NodeFinished silver.squares", "files-synced", "metadata-written", "committed")
CHOSEN = MOMENTS if "FLOE_TORTURE_KILLS" in os.environ else ("NodeFinished silver.squares", "committed")
FILES = {
    "silver/squares.sql": "{{ config(materialized='table', post_hook='delete from {{ this }} where n < 0') }}"
    " select generation, n, n * n as square from {{ source('bronze', 'input') }}",
    "gold/totals.sql": "-- depends_on: {{ ref('squares') }}\n{{ config(materialized='table') }}"
    " {% set total = run_query('select sum(square) from ' ~ ref('squares')).columns[0].values()[0] if execute %}"
    " select generation, {{ total }}::bigint as total, sum(d)::bigint as doubled from {{ ref('doubled') }} group by 1",
}


@pytest.fixture
def torture_with_dbt(torture: Torture) -> Torture:
    """The project with a table that dbt builds, one that it renders, and a history that it builds."""
    models = torture.directory / "models"
    for name, text in FILES.items():
        (models / name).write_text(text)
    history = models / "gold/history.sql"
    history.write_text(history.read_text().replace("'append')", "'append', pre_hook='select 1')"))
    compiled = torture.floe("compile")
    assert compiled.returncode == 0, compiled.stderr
    return torture


def test_killing_while_dbt_works_leaves_tables_wholly_old_or_wholly_new(torture_with_dbt: Torture) -> None:
    torture = torture_with_dbt
    history: list[int] = []
    for moment in CHOSEN:
        killed = torture.next_generation()
        process = torture.child("kill", moment)
        assert process.wait(60) == -signal.SIGKILL, process.communicate()
        process.communicate()
        if moment == "committed":
            history.append(killed)
            assert torture.contents() == torture.expected(killed, history), moment
        elif history:
            assert torture.contents() == torture.expected(history[-1], history), moment
        dead = torture.journal()[-1]
        again = torture.floe("run")
        assert again.returncode == 0, again.stderr
        history += [killed] if killed not in history else []
        assert torture.contents() == torture.expected(killed, history), moment
        assert moment == "committed" or torture.files_of(str(dead["run_id"])) == []
