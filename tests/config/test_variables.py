"""`${VAR}` is filled in from the environment, in platform.yaml and nowhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from floe.config.variables import expand

if TYPE_CHECKING:
    from conftest import Project

ENVIRONMENT = {"NAME": "lake", "EMPTY": "", "NESTED": "${NAME}"}


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("${NAME}", "lake"),
        ("a/${NAME}/b/${NAME}", "a/lake/b/lake"),
        ("${EMPTY}", ""),
        ("${EMPTY:-other}", "other"),
        ("${UNSET:-other}", "other"),
        ("${UNSET:-}", ""),
        ("${NAME:-other}", "lake"),
        ("${NESTED}", "${NAME}"),
        ("$NAME and $ {NAME}", "$NAME and $ {NAME}"),
    ],
)
def test_references_are_filled_in_once(text: str, result: str):
    assert expand(text, ENVIRONMENT) == (result, ())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("${UNSET}", "environment variable `UNSET` is not set"),
        ("${}", "`${}` is not a variable reference"),
        ("${1A}", "`${1A}` is not a variable reference"),
        ("x${NAME", "`${NAME` is not a variable reference"),
        ("${NAME-x}", "`${NAME-x}` is not a variable reference"),
    ],
)
def test_what_cannot_be_filled_in_says_why(text: str, message: str):
    assert [problem.message for problem in expand(text, ENVIRONMENT).problems] == [message]


def test_platform_values_come_from_the_environment(project: Project, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PLACE", "/srv/lake")
    monkeypatch.setenv("CORES", "8")
    platform = project.platform.replace("path: warehouse", 'path: "${PLACE}/warehouse"')
    platform = platform.replace(
        "default: {type: duckdb}", "default:\n    type: duckdb\n    properties:\n      threads: ${CORES}"
    )
    loaded = project.load(project.floe, platform).platform
    assert loaded.storage["default"].path == "/srv/lake/warehouse"
    assert loaded.compute["default"].properties.threads == 8


def test_a_quoted_reference_stays_text(project: Project, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CORES", "8")
    platform = project.platform.replace("{type: duckdb}", '{type: duckdb, properties: {threads: "${CORES}"}}')
    (found,) = project.diagnostics(project.floe, platform)
    assert found.message == "`compute.default.properties.threads` must be a whole number, found the text `${CORES}`"


def test_an_unset_variable_is_an_error_at_its_place(project: Project, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("PLACE", raising=False)
    platform = project.platform.replace("namespace: bronze", 'namespace: "${PLACE}"')
    (found,) = project.diagnostics(project.floe, platform)
    assert (found.code, found.message) == ("FLOE-0114", "environment variable `PLACE` is not set")
    assert (found.span.file, found.span.line, found.span.column) == ("platform.yaml", 9, 23)
    assert found.label == "set it, or write `${PLACE:-default}`"


def test_a_reference_in_floe_yaml_is_an_error_that_says_where_it_is_allowed(
    project: Project, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("OWNER", "me")
    (found,) = project.diagnostics(project.floe + "owner: ${OWNER}\n")
    assert (found.code, found.message) == ("FLOE-0114", "`${...}` is allowed in platform.yaml only")
    assert (found.span.line, found.span.column) == (6, 8)
