"""`floe diff`, `floe rollback`, `floe tag`, `floe branch`, `floe run --branch` and `floe promote`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Floe

SAMPLE = "seeds/sample.csv"


@pytest.fixture
def ran(shop: Path, floe: Floe) -> Path:
    """A project in which `floe run` succeeded."""
    assert floe("run", "-q").status == 0
    return shop


@pytest.fixture
def edit(shop: Path) -> Callable[[], None]:
    """Raise the first order's amount, take the last order out and add one."""

    def change() -> None:
        rows = (shop / SAMPLE).read_text().splitlines()
        number, day, customer, amount = rows[1].split(",")
        rows[1] = f"{number},{day},{customer},{float(amount) + 10:.2f}"
        rows[-1] = f"{int(rows[-1].split(',')[0]) + 1},2026-02-01,Eve,1.00"
        (shop / SAMPLE).write_text("\n".join(rows) + "\n")

    return change


def documents(floe: Floe, *words: str) -> dict[str, Any]:
    outcome = floe(*words, "--json")
    assert outcome.status in {0, 1}, outcome.err
    document: dict[str, Any] = json.loads(outcome.out)
    return document


def latest_run(floe: Floe) -> str:
    return str(documents(floe, "history")["publishes"][0]["run_id"])


def rows(floe: Floe, *words: str) -> list[list[Any]]:
    found: list[list[Any]] = documents(floe, "show", "sample", "--limit", "100", *words)["rows"]
    return found


def test_diff_counts_first_and_then_shows_rows(ran: Path, floe: Floe, edit: Callable[[], None]) -> None:
    edit()
    floe("run", "-q")
    assert floe("diff", "sample").filtered() == (
        "exit 0\n--- out\n"
        "1 row added, 1 removed, 1 changed by `order_id`\n"
        "\nadded\n"
        "order_id  ordered_on  customer  amount\n"
        "--------  ----------  --------  ------\n"
        "      11  2026-02-01  Eve         1.00\n"
        "\nremoved\n"
        "order_id  ordered_on  customer  amount\n"
        "--------  ----------  --------  ------\n"
        "      10  2026-01-09  Łukasz     99.95\n"
        "\nchanged\n"
        "order_id  column  before  after\n"
        "--------  ------  ------  -----\n"
        "       1  amount   19.90  29.90\n"
        "--- err\n"
        "main.sample: snapshot SNAPSHOT (run RUN) -> snapshot SNAPSHOT (run RUN)\n"
    )


def test_diff_says_with_its_exit_status_whether_there_are_differences(
    ran: Path, floe: Floe, edit: Callable[[], None]
) -> None:
    floe("run", "-q")
    same = floe("diff", "sample", "--exit-code")
    assert (same.status, same.out) == (0, "no differences\n")
    edit()
    floe("run", "-q")
    assert floe("diff", "sample", "--exit-code", "-q").status == 1
    assert floe("diff", "sample").status == 0


def test_diff_compares_any_two_points_and_either_way_round(ran: Path, floe: Floe, edit: Callable[[], None]) -> None:
    first = latest_run(floe)
    floe("tag", "before")
    edit()
    floe("run", "-q", "--full-refresh")
    second = latest_run(floe)
    for points in ("before..", "before..main", f"{first}..{second}", f"{second}^..{second}", "before"):
        (table,) = documents(floe, "diff", "sample", points)["tables"]
        assert table["rows"] == {"added": 1, "removed": 1, "changed": 1}, points
        assert table["samples"]["added"][0]["customer"] == "Eve"
    (backwards,) = documents(floe, "diff", "sample", "main..before", "--limit", "0")["tables"]
    assert backwards["rows"] == {"added": 1, "removed": 1, "changed": 1}
    assert backwards["samples"] == {"added": [], "removed": [], "changed": []}


def test_diff_without_a_key_knows_only_added_and_removed_rows(ran: Path, floe: Floe, edit: Callable[[], None]) -> None:
    schema = ran / "models/schema.yml"
    schema.write_text(schema.read_text().replace("[not_null, unique]", "[not_null]"))
    edit()
    floe("run", "-q")
    (table,) = documents(floe, "diff", "sample")["tables"]
    assert (table["key"], table["rows"]) == ([], {"added": 2, "removed": 2, "changed": 0})
    (given,) = documents(floe, "diff", "sample", "--key", "customer, ordered_on")["tables"]
    assert given["key"] == ["customer", "ordered_on"]
    assert "2 rows added, 2 removed\n" in floe("diff", "sample").out
    assert floe("diff", "sample", "--key", "nothing").err == (
        "error[FLOE-0764]: both snapshots of `main.sample` must have the key `nothing`\n"
        "hint: it has `order_id`, `ordered_on`, `customer`, `amount`\n"
    )


def test_diff_says_which_columns_came_went_and_changed_their_type(ran: Path, floe: Floe) -> None:
    model = ran / "models/example.sql"
    text = model.read_text().replace("count(*) as orders", "count(*)::varchar as orders, 1 as extra")
    model.write_text(text.replace("    count(distinct customer) as customers,\n", ""))
    assert floe("run", "-q").status == 0
    (table,) = documents(floe, "diff", "example")["tables"]
    assert table["columns"] == {
        "added": [{"name": "extra", "type": "INTEGER"}],
        "removed": [{"name": "customers", "type": "BIGINT"}],
        "retyped": [{"name": "orders", "before": "BIGINT", "after": "VARCHAR"}],
        "renamed": [],
    }
    assert table["rows"] == {"added": 0, "removed": 0, "changed": 0}
    shown = floe("diff", "example").out
    assert "column added: extra INTEGER\ncolumn removed: customers BIGINT\ncolumn retyped: orders BIGINT ->" in shown


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ((), "error[FLOE-0764]: name a table, or a branch without A..B\n"),
        (("sample", "a..b", "--branch", "dev"), "error[FLOE-0764]: name a table, or a branch without A..B\n"),
        (("sample",), "error[FLOE-0578]: `main.sample` has no snapshot before "),
        (("sample", "nothing.."), "error[FLOE-0510]: `nothing` is no snapshot, branch, tag, run or time of "),
        (("--branch", "dev"), "error[FLOE-0757]: no table has a branch `dev`\n"),
    ],
)
def test_what_cannot_be_compared_is_explained(ran: Path, floe: Floe, words: tuple[str, ...], error: str) -> None:
    outcome = floe("diff", *words)
    assert outcome.status == 2
    assert outcome.err.startswith(error)


def test_rollback_of_a_run_brings_every_table_back(ran: Path, floe: Floe, edit: Callable[[], None]) -> None:
    before = rows(floe)
    edit()
    floe("run", "-q")
    run_id = latest_run(floe)
    outcome = floe("rollback", "--run", run_id[:18])
    assert (outcome.status, outcome.filtered().split("--- err\n")[1]) == (
        0,
        "ok: rolled back 2 tables in one commit, as run RUN\n",
    )
    assert [line.split()[::2] for line in outcome.out.splitlines()[2:]] == [
        ["main.example", "5"],
        ["main.sample", "10"],
    ]
    assert rows(floe) == before
    latest = documents(floe, "runs")["runs"][0]
    assert (latest["command"], latest["status"], latest["tables_published"]) == ("rollback", "SUCCEEDED", 2)
    history = floe("history", "sample").filtered()
    assert "rollback" in history
    assert "(rolled back)" in history
    moves = documents(floe, "history", "sample")["moves"]
    assert [(move["operation"], move["run_id"]) for move in moves] == [("rollback", latest["run_id"])]


def test_an_incremental_model_goes_on_from_where_it_was_rolled_back_to(shop: Path, floe: Floe) -> None:
    (shop / "models/log.sql").write_text(
        "{{ config(materialized='incremental') }}\n"
        "select order_id, amount::hugeint as amount from {{ ref('sample') }}\n"
        "{% if is_incremental() %}where order_id > (select max(order_id) from {{ this }}){% endif %}\n"
    )
    floe("run", "-q")
    seed = shop / SAMPLE
    seed.write_text(seed.read_text() + "11,2026-02-01,Eve,500\n")
    floe("run", "-q")
    floe("rollback", "-q", "--run", latest_run(floe))
    seed.write_text(seed.read_text().replace("500", "7"))
    floe("run", "-q")
    shown = documents(floe, "show", "--sql", "select amount, typeof(amount) from main.log where order_id = 11")
    assert shown["rows"] == [[7, "HUGEINT"]]
    assert documents(floe, "show", "--sql", "select count(*) from main.log")["rows"] == [[11]]


def test_a_source_that_appends_lands_again_what_was_rolled_back(shop: Path, floe: Floe) -> None:
    with (shop / "floe.yaml").open("a") as configuration:
        configuration.write("\nsources: {days: {files: 'data/*.csv', layer: bronze, mode: append}}\n")
    (shop / "data").mkdir()
    (shop / "data/1.csv").write_text("id\n1\n")
    assert floe("run", "-q").status == 0
    (shop / "data/2.csv").write_text("id\n2\n")
    floe("run", "-q")
    floe("rollback", "-q", "--run", latest_run(floe))
    assert documents(floe, "show", "days")["rows"] == [[1]]
    floe("run", "-q")
    assert sorted(documents(floe, "show", "days")["rows"]) == [[1], [2]]


def test_one_table_can_be_rolled_back_to_a_tag(ran: Path, floe: Floe, edit: Callable[[], None]) -> None:
    before = rows(floe)
    floe("tag", "good", "sample")
    edit()
    floe("run", "-q")
    floe("run", "-q")
    assert floe("rollback", "sample", "--to", "good", "-q").status == 0
    assert rows(floe) == before
    assert floe("rollback", "--run", latest_run(floe)).status == 0  # the rollback itself is undone
    assert rows(floe) != before


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ((), "error[FLOE-0759]: name either one table, or a run with `--run`\n"),
        (("sample", "--run", "2026"), "error[FLOE-0759]: name either one table, or a run with `--run`\n"),
        (("--run", "2026", "--to", "x"), "error[FLOE-0759]: `--to` belongs to a table, not to a run\n"),
        (("--run", "1999"), "error[FLOE-0756]: no table remembers that run `1999` published it to main\n"),
        (("sample",), "error[FLOE-0578]: `main.sample` has no snapshot before"),
    ],
)
def test_what_cannot_be_rolled_back_is_explained(ran: Path, floe: Floe, words: tuple[str, ...], error: str) -> None:
    outcome = floe("rollback", *words)
    assert (outcome.status, outcome.out) == (2, "")
    assert outcome.err.startswith(error)
    assert documents(floe, "runs")["runs"][0]["command"] == "run"


def test_a_run_on_a_branch_changes_nothing_that_main_shows(ran: Path, floe: Floe, edit: Callable[[], None]) -> None:
    before, status = rows(floe), documents(floe, "ls")["assets"]
    edit()
    said = floe("run", "--branch", "dev")
    assert "Published 2 tables to branch `dev` in one commit" in said.err
    assert rows(floe) == before
    assert documents(floe, "ls")["assets"] == status
    assert rows(floe, "--branch", "dev") != before
    assert documents(floe, "ls", "--branch", "dev")["assets"][0]["last"]["run_id"] > status[0]["last"]["run_id"]
    assert floe("ls", "-s", "result:success").status == 0
    assert documents(floe, "runs")["runs"][0]["branch"] == "dev"


def test_a_failed_run_on_a_branch_is_retried_there(ran: Path, floe: Floe) -> None:
    test = ran / "tests/test_example.sql"
    good = test.read_text()
    test.write_text("{{ config(store_failures=true) }} select 1 as why from {{ ref('example') }}")
    assert floe("run", "-q", "--branch", "dev").status == 1
    assert floe("retry").err.startswith("nothing to retry")
    assert floe("show", "main_dbt_test__audit.test_example").status == 2
    assert floe("show", "main_dbt_test__audit.test_example", "--branch", "dev").status == 0
    test.write_text(good)
    assert floe("retry", "-q", "--branch", "dev").status == 0
    assert floe("test", "-q", "--branch", "dev").status == 0
    assert documents(floe, "branch")["branches"][0]["branch"] == "dev"


def test_a_branch_is_compared_promoted_and_gone(ran: Path, floe: Floe, edit: Callable[[], None]) -> None:
    (ran / "models/extra.sql").write_text("{{ config(materialized='table') }} select 1 as id")
    edit()
    floe("run", "-q", "--branch", "dev")
    assert floe("show", "extra").err.startswith("error[FLOE-0420]: there is no published table or view `main.extra`")
    assert floe("history", "extra").status == 0
    compared = floe("diff", "--branch", "dev", "--exit-code")
    assert (compared.status, compared.out) == (
        1,
        (
            "table         added  removed  changed  columns\n"
            "------------  -----  -------  -------  ---------\n"
            "main.example      1        1        1\n"
            "main.extra        1        0        0  new table\n"
            "main.sample       1        1        1\n"
        ),
    )
    assert "1 row added" in floe("diff", "sample", "--branch", "dev").out
    listed = floe("branch").filtered()
    assert "dev          3      3  RUN" in listed
    promoted = floe("promote", "dev")
    assert promoted.status == 0
    assert "ok: promoted branch `dev`: 3 tables in one commit, as run " in promoted.err
    assert documents(floe, "show", "extra")["rows"] == [[1]]
    assert floe("branch").err == "there are no branches: `floe run --branch NAME` makes one\n"
    assert floe("promote", "dev").err.startswith("error[FLOE-0757]: no table has a branch `dev`")


def test_promoting_is_refused_when_main_has_moved(ran: Path, floe: Floe, edit: Callable[[], None]) -> None:
    edit()
    floe("run", "-q", "--branch", "dev")
    floe("run", "-q", "-s", "example")
    moved = latest_run(floe)
    refused = floe("promote", "dev")
    assert (refused.status, refused.out) == (2, "")
    assert refused.err.startswith(
        "error[FLOE-0582]: main has moved on since branch `dev` began; nothing was changed\n"
        f"  `main.example` is at run `{moved}` (snapshot "
    )
    assert "moved: main.example" in floe("branch").out
    assert documents(floe, "branch", "drop", "dev")["tables"] == ["main.example", "main.sample"]
    assert floe("ls", "--branch", "dev").status == 2


def test_a_new_branch_of_an_old_name_has_no_past(ran: Path, floe: Floe) -> None:
    floe("run", "-q", "--branch", "dev")
    floe("branch", "drop", "dev")
    assert floe("retry", "--branch", "dev").err == (
        "error[FLOE-0715]: nothing has run in the environment `local` on branch `dev` yet\n"
        "hint: run `floe run --branch dev`\n"
    )


def test_promoting_with_keep_leaves_the_branch(ran: Path, floe: Floe, edit: Callable[[], None]) -> None:
    edit()
    floe("run", "-q", "--branch", "dev")
    assert floe("promote", "dev", "--keep", "-q").status == 0
    assert documents(floe, "branch")["branches"][0]["tables"][0]["ahead"] is False
    assert floe("diff", "--branch", "dev").err == "branch `dev` has nothing that main has not\n"


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("run", "--branch", "2026-01-31"), "error[FLOE-0755]: `2026-01-31` cannot name a branch or tag\n"),
        (("branch", "drop"), "error[FLOE-0760]: `drop` needs the name of a branch, `list` takes none\n"),
        (("branch", "drop", "main"), "error[FLOE-0755]: `main` is what readers see"),
        (("show", "sample", "--branch", "nope"), "error[FLOE-0757]: no table has a branch `nope`\n"),
        (("tag", "--delete"), "error[FLOE-0761]: a tag needs a name\n"),
        (("tag", "x", "sample", "--run", "2026"), "error[FLOE-0761]: `--run` and tables exclude each other\n"),
        (("tag", "x", "--delete"), "error[FLOE-0762]: no table has a tag `x`\n"),
        (("tag", "main"), "error[FLOE-0755]: `main` is what readers see"),
    ],
)
def test_branches_and_tags_that_cannot_be_are_refused(
    ran: Path, floe: Floe, words: tuple[str, ...], error: str
) -> None:
    outcome = floe(*words)
    assert outcome.status == 2
    assert outcome.err.startswith(error)


def test_what_is_not_published_as_tables_has_no_branches(shop: Path, floe: Floe) -> None:
    from floe.artifact import codec
    from floe.artifact.models import Hook
    from floe.cli.branching import refuse_impossible
    from floe.errors import UsageError
    from floe.runtime.request import RunRequest

    compiled = codec.load(shop / ".floe/artifacts.json")
    hook = Hook(id="h", name="h", phase="start", transform="dbt", rendered_path="")
    compute = compiled.compute.model_copy(update={"properties": {"path": "own.duckdb"}})
    artifacts = compiled.model_copy(update={"hooks": (hook,), "compute": compute})
    with pytest.raises(UsageError, match="its own database file") as caught:
        refuse_impossible(RunRequest(project_directory=shop, artifacts=artifacts, branch="dev"))
    assert caught.value.code == "FLOE-0758"
    elsewhere = compiled.compute.model_copy(update={"type": "snowflake", "output": {"type": "snowflake"}})
    warehouse = compiled.model_copy(update={"compute": elsewhere})
    with pytest.raises(UsageError, match="`snowflake` keeps its tables itself, without branches"):
        refuse_impossible(RunRequest(project_directory=shop, artifacts=warehouse, branch="dev"))
    refuse_impossible(RunRequest(project_directory=shop, artifacts=warehouse))


def test_tags_are_given_listed_read_and_removed(ran: Path, floe: Floe, edit: Callable[[], None]) -> None:
    assert floe("tag").err == "there are no tags: `floe tag NAME` makes one\n"
    before, run_id = rows(floe), latest_run(floe)
    assert floe("tag", "v1").err == "ok: tagged 2 tables as `v1`\n"
    edit()
    floe("run", "-q")
    assert floe("tag", "first", "--run", run_id).status == 0
    assert rows(floe, "--at", "v1") == rows(floe, "--at", "first") == rows(floe, "--at", run_id) == before
    assert [item["tag"] for item in documents(floe, "tag")["tags"]] == ["first", "v1"]
    assert "first       2  main.example, main.sample\n" in floe("tag").out
    assert documents(floe, "history")["publishes"][-1]["tags"] == ["first", "v1"]
    assert floe("tag", "v1").err.startswith("error[FLOE-0763]: `main.example` has a tag `v1` already, at snapshot ")
    assert floe("tag", "v1", "sample", "--delete").err == "ok: removed tag `v1` from 1 table\n"


def test_messages_fit_80_columns(
    ran: Path, floe: Floe, edit: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    edit()
    floe("run", "-q", "--branch", "a_branch_with_a_long_name")
    monkeypatch.setenv("COLUMNS", "80")
    for words in (("history",), ("history", "sample"), ("branch",), ("diff", "--branch", "a_branch_with_a_long_name")):
        assert max(map(len, floe(*words).out.splitlines())) <= 80


def test_nothing_is_published_is_nothing_in_history(shop: Path, floe: Floe) -> None:
    assert floe("history").err == "nothing was published yet: run `floe run`\n"
    assert documents(floe, "history")["publishes"] == []
