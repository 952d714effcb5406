"""Assertions on the two halves of a project."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from .harness import Outcome, Twins


def assert_same_verdicts(ours: Outcome, theirs: Outcome) -> None:
    """Each node and test of dbt ended for Floe as for dbt, with as many failing rows."""
    assert {name: ours.statuses.get(name) for name in theirs.statuses} == dict(theirs.statuses), ours.output
    assert {name: ours.failures.get(name) for name in theirs.failures} == dict(theirs.failures)
    assert ours.exit_code == theirs.exit_code


def assert_same(twins: Twins, *arguments: str) -> None:
    """Build both halves and compare verdicts, tables and views."""
    ours, theirs = twins.floe_run(*arguments), twins.dbt_build(*arguments)
    assert_same_verdicts(ours, theirs)
    assert twins.all_differences() == []


def replace(path: Path, *replacements: tuple[str, str]) -> None:
    """Edit a file of the project; what is to be replaced must be there."""
    text = path.read_text("utf-8")
    for old, new in replacements:
        assert old in text, f"{old!r} is not in {path}"
        text = text.replace(old, new)
    path.write_text(text, "utf-8")
