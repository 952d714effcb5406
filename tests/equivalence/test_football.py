"""The football example: `floe run` and `dbt build` end in equal tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .compare import assert_same, replace

if TYPE_CHECKING:
    from pathlib import Path

    from .harness import Twins


def add_a_correction_a_match_and_a_fixture(project: Path) -> None:
    """The final is corrected, a match is played, and one is to come whose score is `NA`."""
    results = project / "data" / "results.csv"
    replace(results, ("2026-07-19,Spain,Argentina,1,0,", "2026-07-19,Spain,Argentina,2,0,"))
    with results.open("a", encoding="utf-8") as file:
        file.write("2026-08-01,Åland Islands,Sápmi,2,1,Friendly,Mariehamn,Åland Islands,FALSE\n")
        file.write("2027-03-25,England,Scotland,NA,NA,Friendly,London,England,FALSE\n")
    with (project / "data" / "goalscorers.csv").open("a", encoding="utf-8") as file:
        file.write("2026-07-19,Spain,Argentina,Spain,Ferran Torres,119,FALSE,TRUE\n")


def test_a_first_run_a_rerun_and_a_run_with_new_matches_equal_dbt_build(football: Twins) -> None:
    assert_same(football)
    assert_same(football)
    add_a_correction_a_match_and_a_fixture(football.project)
    assert_same(football)
    days = {row["day"].isoformat(): row["goals"] for row in football.rows("gold.goals_per_day").to_pylist()}
    assert days["2026-07-19"] == 2
    assert days["2026-08-01"] == 3
    assert "2027-03-25" not in days
