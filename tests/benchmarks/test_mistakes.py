"""The page about mistakes in four tools: every mistake can be made, and Floe says of each what the page shows."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from floe.cli.main import main

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "mistakes.md").read_text(encoding="utf-8")
sys.path.insert(0, str(ROOT / "benchmarks"))

from mistakes_catalogue import MISTAKES, TOOLS, Mistake  # noqa: E402

from mistakes import make_mistake, make_project  # noqa: E402 - found by the line above


@pytest.mark.parametrize("tool", TOOLS)
def test_each_mistake_can_be_made_in_each_tools_project(tmp_path: Path, tool: str) -> None:
    for number, mistake in enumerate(MISTAKES):
        folder = tmp_path / str(number)
        make_project(tool, folder)
        file, line = make_mistake(mistake, tool, folder)
        assert 1 <= line <= len((folder / file).read_text().splitlines())


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.title)
def test_what_validate_says_is_what_the_page_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], mistake: Mistake
) -> None:
    folder = tmp_path / "shop"
    make_project("floe", folder)
    make_mistake(mistake, "floe", folder)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("COLUMNS", "100")
    status = main(["validate"])
    said = capsys.readouterr()
    section = PAGE.partition(f". {mistake.title}\n")[2].partition("\n### ")[0].rpartition("\n\nFloe (")[2]
    if status:
        assert said.err.strip() in section
        assert "`floe validate`, exit 1:" in section
    else:
        assert "`floe validate`" not in section
