"""A suggestion is near, or there is none."""

import pytest

from floe.diagnostics.suggest import closest, did_you_mean

FIELDS = ["transforms", "sources", "storage", "catalog", "compute"]


@pytest.mark.parametrize(
    ("name", "match"),
    [("transfroms", "transforms"), ("source", "sources"), ("STORAGE", "storage"), ("kompute", "compute")],
)
def test_a_slip_of_the_fingers_is_recognised(name: str, match: str):
    assert closest(name, FIELDS) == match


@pytest.mark.parametrize("name", ["orchestration", "orchestra", "x", ""])
def test_a_far_name_gets_no_suggestion(name: str):
    assert closest(name, FIELDS) is None
    assert did_you_mean(name, FIELDS) == ""


def test_values_are_quoted_as_values():
    assert did_you_mean("dukdb", ["duckdb"], "'") == "did you mean 'duckdb'?"


def test_the_order_of_candidates_does_not_matter():
    assert closest("ab", ["abx", "abc"]) == closest("ab", ["abc", "abx"])
