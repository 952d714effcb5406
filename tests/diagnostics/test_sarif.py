"""The SARIF log of diagnostics: the properties that version 2.1.0 requires, of the kinds that it asks for.

Each check names the clause of the standard (OASIS, SARIF 2.1.0) that it is about.
"""

from __future__ import annotations

import json
import re
from typing import Any

from floe.diagnostics.diagnostic import Diagnostic, Note
from floe.diagnostics.pages import codes
from floe.diagnostics.render import render
from floe.diagnostics.span import Span

UNKNOWN = Diagnostic(
    code="FLOE-0108",
    message="unknown layer `bronce`",
    span=Span("floe.yaml", 7, 12, 18, "    layer: bronce"),
    label="did you mean `bronze`?",
    notes=(Note("a rule in platform.yaml:12 applies here", Span("platform.yaml", 12, 3, 7)), Note("a fact")),
    hints=("correct it",),
)
WARNING = Diagnostic("FLOE-0103", "nothing here", Span("~/.floe/a b/platform.yaml", 1, 1, 1), severity="warning")
PLACELESS = Diagnostic("FLOE-0201", "dbt cannot compile")


def log_of(*diagnostics: Diagnostic) -> dict[str, Any]:
    """The log, checked for what the standard asks of every log."""
    log: dict[str, Any] = json.loads(render(diagnostics, "sarif"))
    assert log["version"] == "2.1.0"  # 3.13.2
    assert log["$schema"].endswith("sarif-schema-2.1.0.json")  # 3.13.3
    (run,) = log["runs"]  # 3.13.4
    assert run["columnKind"] in {"utf16CodeUnits", "unicodeCodePoints"}  # 3.14.17
    driver = run["tool"]["driver"]  # 3.18.2
    assert driver["name"]  # 3.19.8
    assert re.fullmatch(r"\d+\.\d+\.\d+\S*", driver["semanticVersion"])  # 3.19.12
    identities = [rule["id"] for rule in driver["rules"]]  # 3.49.3
    assert len(set(identities)) == len(identities)
    for rule in driver["rules"]:
        assert rule["shortDescription"]["text"]  # 3.49.9
        assert rule["help"]["text"]  # 3.49.13, 3.12.4: markdown needs text beside it
        assert rule["defaultConfiguration"]["level"] in {"none", "note", "warning", "error"}  # 3.50.3
    for result in run["results"]:
        assert identities[result["ruleIndex"]] == result["ruleId"]  # 3.27.6
        check_result(result)
    return log


def check_result(result: dict[str, Any]) -> None:
    assert result["message"]["text"]  # 3.27.11
    assert result["level"] in {"none", "note", "warning", "error"}  # 3.27.10
    related = result.get("relatedLocations", [])
    assert all(isinstance(place["id"], int) and place["message"]["text"] for place in related)  # 3.28.2
    for place in [*result.get("locations", []), *related]:
        physical = place["physicalLocation"]
        assert re.fullmatch(r"[A-Za-z0-9._~/%:-]+", physical["artifactLocation"]["uri"])  # 3.4.3, RFC 3986
        region = physical["region"]  # 3.30
        assert 1 <= region["startLine"] <= region["endLine"]
        assert region["startColumn"] >= 1
        assert region["endColumn"] >= region["startColumn"]


def test_a_diagnostic_becomes_a_result_with_its_place_and_its_second_place():
    log = log_of(UNKNOWN, WARNING)
    (result,) = [result for result in log["runs"][0]["results"] if result["level"] == "error"]
    assert result["message"]["text"].split("\n") == [
        "unknown layer `bronce`",
        "did you mean `bronze`?",
        "a rule in platform.yaml:12 applies here",
        "a fact",
        "correct it",
    ]
    physical = result["locations"][0]["physicalLocation"]
    assert physical == {
        "artifactLocation": {"uri": "floe.yaml"},
        "region": {"startLine": 7, "startColumn": 12, "endLine": 7, "endColumn": 18},
    }
    (related,) = result["relatedLocations"]
    assert related["physicalLocation"]["artifactLocation"]["uri"] == "platform.yaml"
    assert related["physicalLocation"]["region"]["startLine"] == 12


def test_the_rules_are_the_codes_that_occur_with_their_pages_as_help():
    log = log_of(UNKNOWN, UNKNOWN, WARNING)
    rules = log["runs"][0]["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["FLOE-0103", "FLOE-0108"]
    assert rules[0]["shortDescription"]["text"] == "A key that Floe does not know"
    assert all("helpUri" not in rule for rule in rules)


def test_nothing_wrong_is_a_log_without_results():
    run = log_of()["runs"][0]
    assert (run["results"], run["tool"]["driver"]["rules"]) == ([], [])


def test_what_has_no_place_has_no_location():
    assert "locations" not in log_of(PLACELESS)["runs"][0]["results"][0]


def test_a_files_name_is_a_reference_that_needs_no_folder():
    uris = [
        result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        for result in log_of(WARNING, Diagnostic("FLOE-0103", "x", Span("/etc/ü.yaml", 1, 1, 2)))["runs"][0]["results"]
    ]
    assert sorted(uris) == ["file:///etc/%C3%BC.yaml", "~/.floe/a%20b/platform.yaml"]


def test_every_page_can_be_a_rule():
    rules = log_of(*(Diagnostic(code, "x") for code in codes()))["runs"][0]["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == codes()
