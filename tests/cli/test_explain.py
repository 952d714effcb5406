"""Every error code has a page, every page a code, and `floe explain` shows them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import floe as package

if TYPE_CHECKING:
    from conftest import Floe

SOURCE = Path(package.__file__).parent
PAGES = {path.stem: path for path in (SOURCE / "explain").glob("*.md")}
USED = {
    code
    for path in SOURCE.rglob("*.py")
    for code in re.findall(r"[\"'](FLOE-\d{4})[\"']", path.read_text(encoding="utf-8"))
}


def test_every_code_has_a_page_and_every_page_a_code() -> None:
    assert sorted(USED - set(PAGES)) == []
    assert sorted(set(PAGES) - USED) == []


@pytest.mark.parametrize("code", sorted(PAGES))
def test_every_page_has_a_title_the_cause_an_example_and_the_fix(code: str) -> None:
    title, _, text = PAGES[code].read_text(encoding="utf-8").partition("\n")
    assert re.fullmatch(r"# \S.*[^.]", title), title
    assert len(title) <= 72
    assert text.startswith("\n")
    cause, *rest = re.split(r"(?ms)^```\w*\n.*?^```$", text)
    assert len(cause.split()) >= 8, "what happened, and why"
    assert rest, "an example between fences"
    assert len(" ".join(rest).split()) >= 4, "how to fix it, behind the example"


@pytest.mark.parametrize("spelling", ["FLOE-0701", "floe-0701", "0701", "701", "FLOE0701"])
def test_a_code_may_be_written_short(floe: Floe, spelling: str) -> None:
    outcome = floe("explain", spelling)
    assert (outcome.status, outcome.err) == (0, "")
    assert outcome.out.startswith("FLOE-0701: The command line cannot be understood\n\nThe command, an option")


def test_an_unknown_code_is_answered_with_the_nearest(floe: Floe) -> None:
    outcome = floe("explain", "FLOE-07O5")
    assert outcome.status == 2
    assert re.search(r"hint: did you mean `FLOE-07\d\d`\? `floe explain` lists them all\n", outcome.err)
    assert floe("explain", "gibberish").err == (
        "error[FLOE-0705]: there is no error code `gibberish`\nhint: `floe explain` lists them all\n"
    )


def test_without_a_code_all_are_listed(floe: Floe) -> None:
    outcome = floe("explain")
    lines = outcome.out.splitlines()
    assert [line.split()[0] for line in lines if line.startswith("  ")] == sorted(PAGES)
    assert [line for line in lines if line and not line.startswith("  ")][:2] == ["Configuration", "Compiling"]
    assert outcome.err == "hint: `floe explain CODE` says more\n"
    document = json.loads(floe("explain", "--json").out)
    assert [entry["code"] for entry in document["codes"]] == sorted(PAGES)
    assert document["codes"][0]["section"] == "Configuration"


def test_a_page_as_json_is_one_document(floe: Floe) -> None:
    document = json.loads(floe("explain", "902", "--json", "-v").out)
    assert document["schema_version"] == 1
    assert (document["code"], document["title"]) == ("FLOE-0902", "The system refused a file operation")
    assert "How to fix" in document["text"]


def test_a_page_is_wrapped_for_the_terminal_and_its_code_is_not(floe: Floe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "50")
    lines = floe("explain", "709").out.splitlines()
    code = [line for line in lines if line.startswith("    ")]
    assert max(len(line) for line in lines if line not in code) <= 50
    assert "    $ floe -C shpo run" in code
    assert not [line for page in sorted(PAGES) for line in floe("explain", page).out.splitlines() if "```" in line]
