"""`--vars` and `--target`: dbt's variables and target for one call."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Floe

FLOE_YAML = """
name: t
version: "1.0.0"
transforms: [{type: dbt, path: dbt, vars: {days: 1, region: eu}, target: nightly}]
"""
MODEL = """
{{ config(materialized='table') }}
select {{ var('days') }} as days, '{{ var('region') }}' as region, '{{ target.name }}' as target
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "dbt/models").mkdir(parents=True)
    (tmp_path / "floe.yaml").write_text(FLOE_YAML)
    (tmp_path / "dbt/dbt_project.yml").write_text("name: own\nversion: '1.0'\nprofile: any\n")
    (tmp_path / "dbt/models/facts.sql").write_text(MODEL)
    return tmp_path


def shown(floe: Floe) -> list[object]:
    (row,) = json.loads(floe("show", "facts", "--json").out)["rows"]
    return list(row)


@pytest.mark.parametrize("written", ["days: 7", '{"days": 7}', "{days: 7}"])
def test_a_variable_replaces_that_of_its_name_for_this_run_only(project: Path, floe: Floe, written: str) -> None:
    assert floe("run", "-q", "--vars", written).status == 0
    assert shown(floe) == [7, "eu", "nightly"]
    assert floe("run", "-q").status == 0
    assert shown(floe) == [1, "eu", "nightly"]


def test_the_target_is_what_dbt_sees(project: Path, floe: Floe) -> None:
    assert floe("build", "-q", "--target", "prod", "--vars", "region: us").status == 0
    assert shown(floe) == [1, "us", "prod"]


def test_the_same_variables_give_the_same_artifact_whatever_was_compiled_in_between(project: Path, floe: Floe) -> None:
    def compiled(*options: str) -> bytes:
        assert floe("compile", "-q", *options).status == 0
        return (project / ".floe/artifacts.json").read_bytes()

    plain, seven = compiled(), compiled("--vars", "{days: 7, region: us}", "--target", "prod")
    assert plain != seven
    assert compiled() == plain
    assert compiled("--vars", '{"region": "us", "days": 7}', "--target", "prod") == seven
    assert compiled("--force", "--vars", "{days: 7, region: us}", "--target", "prod") == seven
    artifact = json.loads(seven)
    assert artifact["invocation"] == {"target": "prod", "variables": {"days": 7, "region": "us"}}
    assert "invocation" not in json.loads(plain)


@pytest.mark.parametrize("command", ["compile", "run", "build", "test", "ls"])
def test_every_command_that_compiles_takes_both_options(project: Path, floe: Floe, command: str) -> None:
    said = floe(command, "--help").out
    assert "--vars YAML" in said
    assert "--target NAME" in said


@pytest.mark.parametrize(
    ("written", "reason", "way_out"),
    [
        ("days:7", "`--vars` is a text, not a mapping of names to values", "put a space behind the colon: `days: 7`"),
        ("[1, 2]", "`--vars` is a list, not a mapping of names to values", "write a YAML mapping"),
        (
            "{days: 7",
            "`--vars` cannot be read: expected ',' or '}', but got '<stream end>' in line 1, column 9",
            "write",
        ),
    ],
)
def test_variables_that_are_no_mapping_are_a_usage_error(
    project: Path, floe: Floe, written: str, reason: str, way_out: str
) -> None:
    outcome = floe("run", "--vars", written)
    assert (outcome.status, outcome.out) == (2, "")
    assert outcome.err.startswith(f"error[FLOE-0712]: {reason}")
    assert f"\n  {written}\nhint: {way_out}" in outcome.err


def test_options_that_would_do_nothing_are_refused(project: Path, floe: Floe) -> None:
    (project / "data.csv").write_text("id\n1\n")
    (project / "floe.yaml").write_text('name: t\nversion: "1.0.0"\nsources: {things: {files: data.csv}}\n')
    for option, value in (("--vars", "a: 1"), ("--target", "prod")):
        outcome = floe("run", option, value)
        assert outcome.status == 2
        assert f"error[FLOE-0713]: `{option}` has no effect: floe.yaml has no dbt transform" in outcome.err
