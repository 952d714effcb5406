"""Assertions on the two halves of a project."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from .harness import Outcome, Twins


def assert_same_verdicts(ours: Outcome, theirs: Outcome) -> None:
    """Each node and test of dbt ended for Floe as for dbt, with as many failing rows."""
    different = [
        f"{name}: {ours.statuses.get(name)} ({ours.failures.get(name)}), expected {status} ({theirs.failures.get(name)})"
        for name, status in theirs.statuses.items()
        if (ours.statuses.get(name), ours.failures.get(name)) != (status, theirs.failures.get(name))
    ]
    assert not different, "\n".join(different)
    assert ours.exit_code == theirs.exit_code, ours.output


def assert_same(twins: Twins, *arguments: str) -> None:
    """Build both halves, which must succeed, and compare verdicts, tables and views."""
    ours, theirs = twins.floe_run(*arguments), twins.dbt_build(*arguments)
    assert_same_verdicts(ours, theirs)
    assert ours.exit_code == 0, ours.output
    different = twins.all_differences()
    assert not different, "\n".join(different)


def replace(path: Path, *replacements: tuple[str, str]) -> None:
    """Edit a file of the project; what is to be replaced must be there."""
    text = path.read_text("utf-8")
    for old, new in replacements:
        assert old in text, f"{old!r} is not in {path}"
        text = text.replace(old, new)
    path.write_text(text, "utf-8")
