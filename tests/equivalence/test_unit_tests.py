"""dbt unit tests end as in `dbt build`, and hold back what `dbt build` holds back."""

from __future__ import annotations

import json
import sys

import pytest

from .compare import BuiltTwins, assert_same_verdicts, replace
from .conftest import PROJECTS
from .harness import Twins
from .programs import run_process

UNIT = "dbt/models/unit.yml"


@pytest.fixture(scope="module")
def twins(tmp_path_factory: pytest.TempPathFactory) -> Twins:
    """The project with its package, every table built once: for dbt, unit tests with `this` need that."""
    twins = Twins.of(PROJECTS / "unit_tests", tmp_path_factory.mktemp("unit"))
    assert twins.floe("deps").returncode == 0
    without = ("--exclude-resource-type", "unit_test")
    BuiltTwins(twins, twins.floe_run(*without), twins.dbt_build(*without)).assert_same()
    return twins


def test_every_form_of_unit_test_passes_as_for_dbt(twins: Twins) -> None:
    ours, theirs = twins.floe_run(), twins.dbt_build()
    assert_same_verdicts(ours, theirs)
    assert ours.exit_code == 0
    assert sum(name.startswith("unit_test.") for name in theirs.statuses) == 18


def test_only_tests_whose_sql_a_run_must_make_are_left_to_dbt(twins: Twins) -> None:
    left = {test.name: test.rendering_reason for test in twins.artifacts.tests.values() if test.rendering != "compiled"}
    assert left == {
        "kept_types": "has values in its fixtures that are no plain ones",
        "queries_while_rendered": "queries the database while it is rendered",
    }
    script = (
        "import sys; from floe.cli.main import main; status = main(['test', '-q', '-s', 'test_type:unit,converted']);"
        "print(status, any(name == 'dbt' or name.startswith('floe.engines.dbt') for name in sys.modules))"
    )
    done = run_process([sys.executable, "-c", script], twins.project, None)
    assert done.stdout.splitlines()[-1] == "0 False", done.stdout + done.stderr


def test_failing_unit_tests_fail_and_skip_what_they_fail_and_skip_for_dbt(twins: Twins) -> None:
    original = (twins.project / UNIT).read_text("utf-8")
    replace(
        twins.project / UNIT,
        ("{id: 2, euros: 1.25,", "{id: 2, euros: 1.26,"),  # a value that is not what the model makes
        ("{orders: 2, amount: 3.5}", "{orders: 2, amount: 3.5}, {orders: 2, amount: 3.5}"),  # a row too many
        ("{id: 1, version: 1}", "{nothing: 1}"),  # a column that the model has not
        ("{id: 1, euros: 1, twice: 2}", "{id: 1, euros: a lot, twice: 2}"),  # a value that is no number
        ("names: EUR USD", "names: EUR"),  # of a test that dbt runs
    )
    published = {key: twins.table(key).metadata_location for key in twins.published_assets()}
    ours, theirs = twins.floe_run(), twins.dbt_build()
    # For dbt a failed unit test skips those of the same model that come later, in no fixed order.
    arbitrary = [name for name, status in theirs.statuses.items() if name.startswith("unit_") and status == "skipped"]
    for name in arbitrary:
        del theirs.statuses[name]  # type: ignore[attr-defined]
    statuses = {name: ours.statuses[name] for name in theirs.statuses}
    assert statuses == dict(theirs.statuses)
    assert sorted(theirs.statuses.values()).count("skipped") >= 6
    assert ours.exit_code == theirs.exit_code == 1
    assert {key: twins.table(key).metadata_location for key in published} == published
    report, _ = json.JSONDecoder().raw_decode(ours.output)
    shown = {test["name"]: (test["columns"], test["sample"]) for test in report["tests"] if test["status"] == "fail"}
    assert shown["ephemeral_input"] == (["", "orders", "amount"], [["", "2", "3.5"], ["---", "2", "3.5"]])
    assert shown["converts"][1][-1][:3] == ["->", "2", "1.26->1.25"]
    (twins.project / UNIT).write_text(original, "utf-8")
