"""The examples that are shipped: valid, and they do what their README says."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pyiceberg.catalog.sql import SqlCatalog

EXAMPLES = Path(__file__).parents[2] / "examples"
PROJECTS = sorted(path.parent for path in EXAMPLES.glob("*/floe.yaml"))
MEGABYTE = 1_000_000

FOOTBALL_ROWS = {
    "bronze.former_names": 36,
    "bronze.goalscorers": 47_914,
    "bronze.results": 49_520,
    "bronze.shootouts": 683,
    "gold.elo_history": 99_040,
    "gold.elo_ratings": 337,
    "gold.goals_per_day": 16_491,
    "gold.head_to_head": 7_557,
    "gold.team_record": 337,
    "gold.top_scorers": 14_900,
    "gold.tournament_summary": 202,
    "silver.goals": 47_914,
    "silver.matches": 49_520,
    "silver.shootouts": 683,
    "silver.team_names": 36,
    "silver.teams": 337,
    "silver.tournament_importance": 22,
}
FOOTBALL_WARNINGS = {
    "between_goals_minute__120__1": 1,
    "detailed_competitions_have_no_gaps": 81,
    "goals_explain_every_score": 30_007,
    "no_goal_is_listed_twice": 1,
    "not_null_goals_minute": 254,
    "not_null_goals_scorer": 44,
    "not_null_shootouts_match_id": 1,
    "shootouts_follow_a_level_match": 37,
    "source_unique_together_bronze_results_date__home_team__away_team": 1,
}


def floe(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "floe.cli", *arguments]
    return subprocess.run(command, cwd=project, capture_output=True, text=True, encoding="utf-8", check=False)


def show(project: Path, sql: str) -> list[list[Any]]:
    shown = floe(project, "show", "--json", "--sql", sql)
    assert shown.returncode == 0, shown.stderr
    return list(json.loads(shown.stdout)["rows"])


@pytest.mark.parametrize("project", PROJECTS, ids=lambda path: path.name)
def test_every_example_is_valid(project: Path, tmp_path: Path) -> None:
    # lesson 5
    copy = tmp_path / project.name
    shutil.copytree(project, copy, ignore=shutil.ignore_patterns(".floe"))
    validated = floe(copy, "validate")
    assert validated.returncode == 0, validated.stderr


def test_every_example_says_where_its_data_is_from_and_stays_small() -> None:
    for project in PROJECTS:
        assert (project / "data" / "SOURCE.md").is_file()
        assert sum(path.stat().st_size for path in (project / "data").iterdir()) < 8 * MEGABYTE


def test_the_football_example_publishes_what_its_readme_says(tmp_path: Path) -> None:
    project = tmp_path / "football"
    shutil.copytree(EXAMPLES / "football", project, ignore=shutil.ignore_patterns(".floe"))

    run = floe(project, "run", "--json")

    assert run.returncode == 0, run.stderr
    report = json.loads(run.stdout)
    assert {table["asset"]: table["rows_total"] for table in report["tables"]} == FOOTBALL_ROWS
    tests = report["tests"]
    assert len(tests) == 74
    assert {test["status"] for test in tests} == {"pass", "warn"}
    assert {test["name"]: test["failures"] for test in tests if test["status"] == "warn"} == FOOTBALL_WARNINGS
    assert show(project, "select team, rating from gold.elo_ratings order by position limit 3") == [
        ["Spain", 2325.58],
        ["Argentina", 2249.37],
        ["England", 2197.25],
    ]
    assert show(project, "select scorer, goals from gold.top_scorers order by goals desc limit 2") == [
        ["Cristiano Ronaldo", 124],
        ["Harry Kane", 75],
    ]
    final = "select home_name, away_name from silver.matches where match_id = '1988-06-25 Russia - Netherlands'"
    assert show(project, final) == [["Soviet Union", "Netherlands"]]
    assert show(project, "select team from gold.elo_number_ones where year = 1954") == [["Hungary"]]
    catalog_file = project / ".floe" / "catalog.db"
    catalog = SqlCatalog("floe", uri=f"sqlite:///{catalog_file}", warehouse=str(project / ".floe" / "warehouse"))
    matches = catalog.load_table("silver.matches")
    catalog.close()
    assert matches.scan().count() == FOOTBALL_ROWS["silver.matches"]
    assert matches.current_snapshot().summary.additional_properties["floe.asset"] == "silver.matches"
