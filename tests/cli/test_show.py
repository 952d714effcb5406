"""`floe show`: rows of what is published, for people and for programs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Floe


@pytest.fixture
def ran(shop: Path, floe: Floe) -> Path:
    assert floe("run", "-q").status == 0
    return shop


PLATFORM = """
version: "1.0.0"
storage: {default: {type: local, path: other lake}}
catalogs: {default: {type: sql, uri: "sqlite:///other.db", warehouse: wh}}
compute: {default: {type: duckdb}}
layers: {main: {namespace: other.main, storage_ref: default, catalog_ref: default}}
"""

EXAMPLE = (
    "ordered_on  orders  customers  revenue\n"
    "----------  ------  ---------  -------\n"
    "2026-01-05       3          2    67.40\n"
    "2026-01-06       2          2    20.75\n"
    "2026-01-07       1          1    64.00\n"
    "2026-01-08       3          3    42.00\n"
    "2026-01-09       1          1    99.95\n"
)


@pytest.mark.parametrize("name", ["main.example", "example"])
def test_a_table_is_shown_by_key_or_name(ran: Path, floe: Floe, name: str) -> None:
    assert floe("show", name).filtered() == f"exit 0\n--- out\n{EXAMPLE}--- err\n"


def test_a_limit_says_that_there_is_more(ran: Path, floe: Floe) -> None:
    assert floe("show", "sample", "--limit", "2").filtered() == (
        "exit 0\n--- out\n"
        "order_id  ordered_on  customer  amount\n"
        "--------  ----------  --------  ------\n"
        "       1  2026-01-05  Ada        19.90\n"
        "       2  2026-01-05  Grace       5.00\n"
        "--- err\n"
        "the first 2 rows; more with `--limit`\n"
    )


def test_a_query_reads_tables_and_views(ran: Path, floe: Floe) -> None:
    (ran / "models/glance.sql").write_text("select customer from {{ ref('sample') }} where amount > 60")
    floe("compile", "-q")
    shown = floe("show", "--sql", "select customer from main.glance order by 1")
    assert shown.out.splitlines()[2:] == ["Grace", "Łukasz"]
    assert floe("show", "glance", "--limit", "9").status == 0


def test_an_empty_result_shows_its_columns_and_says_so(ran: Path, floe: Floe) -> None:
    outcome = floe("show", "--sql", "select * from main.sample where false")
    assert outcome.out.startswith("order_id  ordered_on  customer  amount\n")
    assert outcome.err == "no rows\n"


def test_json_is_one_document_with_types(ran: Path, floe: Floe) -> None:
    """lesson 10"""
    outcome = floe("show", "example", "--json", "-v", "--limit", "1")
    document = json.loads(outcome.out)
    assert (document["schema_version"], document["table"], document["truncated"]) == (1, "example", True)
    assert document["columns"][0] == {"name": "ordered_on", "type": "DATE"}
    assert document["rows"] == [["2026-01-05", 3, 2, 67.4]]


def test_brackets_in_data_are_data(ran: Path, floe: Floe) -> None:
    """lesson 10"""
    outcome = floe("show", "--sql", "select '[bold]x[/bold] :smile:' as text")
    assert outcome.out.splitlines()[2] == "[bold]x[/bold] :smile:"


def test_the_past_of_a_table_can_be_seen(ran: Path, floe: Floe) -> None:
    (first,) = json.loads(floe("history", "example", "--json").out)["snapshots"]
    seed = ran / "seeds/sample.csv"
    seed.write_text(seed.read_text().replace("99.95", "0.05"))
    assert floe("run", "-q").status == 0
    assert floe("show", "example").out.splitlines()[-1].split() == ["2026-01-09", "1", "1", "0.05"]
    assert floe("show", "example", "--at", str(first["snapshot_id"])).out == EXAMPLE
    assert floe("show", "example", "--at", first["committed_at"]).out == EXAMPLE
    too_early = floe("show", "example", "--at", "2020-01-01")
    assert too_early.status == 2
    assert "error[FLOE-0510]: `main.example` did not exist at 2020-01-01" in too_early.err


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ((), "error[FLOE-0711]: name one table, or give a query with `--sql`"),
        (("example", "--sql", "select 1"), "error[FLOE-0711]: name one table, or give a query with `--sql`"),
        (("--sql", "select 1", "--at", "2026-01-01"), "error[FLOE-0711]: `--at` belongs to a table, not to a query"),
        (("exampel",), "error[FLOE-0420]: there is no published table or view `exampel`"),
        (("--sql", "select * from main.exampel"), "error[FLOE-0420]: there is no published table or view"),
        (("--sql", "delete from main.example"), "error[FLOE-0421]: `floe show` runs one statement that only reads"),
    ],
)
def test_what_cannot_be_shown_is_one_clear_error(ran: Path, floe: Floe, words: tuple[str, ...], reason: str) -> None:
    outcome = floe("show", *words)
    assert (outcome.status, outcome.out) == (2, "")
    assert outcome.err.startswith(reason)
    assert "\nhint: " in outcome.err


def test_a_project_that_is_broken_now_still_shows_what_was_published(ran: Path, floe: Floe) -> None:
    (ran / "models/example.sql").write_text("{{ this does not parse")
    assert floe("show", "example").out == EXAMPLE


def test_what_is_shown_belongs_to_the_environment_that_was_asked_for(ran: Path, floe: Floe) -> None:
    """Whatever was compiled last: each environment has its own tables, history and last status."""
    (ran / "platform/prod").mkdir(parents=True)
    (ran / "platform/prod/platform.yaml").write_text(PLATFORM)
    assert "hint: nothing was published yet" in floe("--env", "prod", "show", "example").err
    assert floe("--env", "prod", "ls").out.count("never") == 2
    assert floe("--env", "prod", "run", "-q").status == 0
    history = json.loads(floe("history", "example", "--json").out)["snapshots"]
    others = json.loads(floe("--env", "prod", "history", "example", "--json").out)["snapshots"]
    assert (len(history), len(others)) == (1, 1)
    assert history != others
    assert floe("show", "example").out == floe("--env", "prod", "show", "example").out == EXAMPLE
    assert floe("show", "other.main.example").status == 2
    what = [line.split()[4:7] for line in floe("runs").out.splitlines()[2:]]
    assert what == [["run", "in", "prod"], ["run", "SUCCEEDED", "2"]]
