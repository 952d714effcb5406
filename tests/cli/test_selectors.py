"""`--selector`: dbt's named selectors, resolved when the project is compiled."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Floe

SELECTORS = """
selectors:
  - {name: nightly, definition: "tag:nightly"}
  - {name: nowhere, definition: "tag:nowhere"}
"""
FILES = {
    "floe.yaml": 'name: t\nversion: "1.0.0"\ntransforms: [{type: dbt, path: dbt}]\n'
    "sources: {things: {files: data.csv}}\n",
    "data.csv": "id\n1\n",
    "dbt/dbt_project.yml": "name: own\nversion: '1.0'\nprofile: any\n",
    "dbt/models/a.sql": "{{ config(materialized='table', tags='nightly') }} select 1 as id",
    "dbt/models/b.sql": "{{ config(materialized='table') }} select * from {{ ref('a') }}",
    "dbt/models/used.yml": "exposures:\n"
    "  - {name: board, type: dashboard, owner: {name: Ada}, depends_on: [ref('b')]}\n",
    "dbt/selectors.yml": SELECTORS,
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def listed(floe: Floe, *options: str) -> list[str]:
    return [asset["asset"] for asset in json.loads(floe("ls", "--json", *options).out)["assets"]]


def test_a_named_selector_selects_what_it_defines(project: Path, floe: Floe) -> None:
    assert listed(floe, "--selector", "nightly") == ["main.a"]
    document = json.loads(floe("build", "--json", "--selector", "nightly").out)
    assert [node["asset"] for node in document["nodes"]] == ["main.a"]


def test_a_default_selector_decides_for_dbt_where_nothing_is_said_and_leaves_the_rest(
    project: Path, floe: Floe
) -> None:
    assert listed(floe) == ["bronze.things", "main.a", "main.b"]
    (project / "dbt/selectors.yml").write_text(SELECTORS.replace("nightly, def", "nightly, default: true, def"))
    assert listed(floe) == ["bronze.things", "main.a"]
    assert listed(floe, "--exclude", "things") == ["main.a", "main.b"]
    assert listed(floe, "-s", "b") == ["main.b"]


def test_an_unknown_selector_is_answered_with_the_nearest(project: Path, floe: Floe) -> None:
    outcome = floe("run", "--selector", "nigthly")
    assert outcome.status == 1
    assert outcome.err.endswith("error[FLOE-0605]: there is no selector `nigthly`\nhint: did you mean `nightly`?\n")


def test_a_selector_that_selects_nothing_is_an_error(project: Path, floe: Floe) -> None:
    # lesson 13
    outcome = floe("run", "--selector", "nowhere")
    assert outcome.status == 1
    assert "error[FLOE-0604]: the selector `nowhere` selects nothing" in outcome.err


def test_a_selector_stands_alone(project: Path, floe: Floe) -> None:
    outcome = floe("run", "--selector", "nightly", "--exclude", "a")
    assert outcome.status == 2
    assert "error[FLOE-0714]: `--selector` and `--exclude` exclude each other" in outcome.err


def test_an_exposure_is_a_name_for_what_it_uses(project: Path, floe: Floe) -> None:
    assert listed(floe, "-s", "+exposure:board") == ["main.a", "main.b"]
    outcome = floe("run", "-s", "exposure:board")
    assert outcome.status == 1
    assert "the selection holds nothing to build: `board` is an exposure" in outcome.err
    assert "hint: select what it uses: `+exposure:board`" in outcome.err


def test_two_transforms_cannot_share_the_name_of_a_selector(project: Path, floe: Floe) -> None:
    (project / "floe.yaml").write_text(FILES["floe.yaml"].replace("path: dbt}", "path: dbt}, {type: dbt, path: two}"))
    (project / "two").mkdir()
    (project / "two/dbt_project.yml").write_text("name: two\nversion: '1.0'\nprofile: any\n")
    (project / "two/selectors.yml").write_text(SELECTORS)
    outcome = floe("compile")
    assert outcome.status == 1
    assert "error[FLOE-0218]: two dbt transforms have a selector `nightly`" in outcome.err
