"""Makes sure that all contenders did the same work: equal tables, and as many tests passed."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection


Tables = dict[str, list[object]]
"""Rows and hash of each table."""


@dataclass
class Agreement:
    """What the contenders of one project must have in common. The first that made a table says what it holds."""

    tests: int
    """Data tests that must have passed."""
    tables: Tables = field(default_factory=dict)

    def check(self, who: str, found: Tables, names: Collection[str], passed: int) -> None:
        """Compare what one contender built.

        Raises:
            SystemExit: a table is missing or differs, or not all tests passed.
        """
        missing = sorted(set(names) - set(found))
        if missing:
            raise SystemExit(f"{who} did not make {len(missing)} tables, e.g. {missing[0]}")
        different = [name for name in names if self.tables.setdefault(name, found[name]) != found[name]]
        if different:
            name = different[0]
            raise SystemExit(
                f"{who} made {len(different)} other tables, e.g. {name}: {found[name]} is not {self.tables[name]}"
            )
        if passed != self.tests:
            raise SystemExit(f"{who} passed {passed} tests of {self.tests}")

    def checker(
        self, who: str, what: tuple[str, Path], names: Collection[str], passed: Callable[[str], int], folder: Path
    ) -> Callable[[str], None]:
        """The `check` of a contender: `what` is the kind and the place for fingerprint.py."""
        return lambda output: self.check(who, fingerprints(*what, folder), names, passed(output))


def fingerprints(kind: str, place: Path, folder: Path) -> Tables:
    """Rows and hash of each table. In a process of its own: a child's peak memory counts from its parent's."""
    script = Path(__file__).with_name("fingerprint.py")
    command = [sys.executable, str(script), kind, str(place)]
    printed = subprocess.run(command, cwd=folder, check=True, stdout=subprocess.PIPE).stdout
    return dict(json.loads(printed))


def said(pattern: str) -> Callable[[str], int]:
    """Sum of the numbers that the groups of a pattern find in an output: "(\\d+) tests passed"."""
    return lambda output: sum(
        int(number.replace(",", "")) for found in re.finditer(pattern, output) for number in found.groups("0")
    )


def in_run_results(target: Path) -> Callable[[str], int]:
    """Tests that dbt's latest run_results.json, wherever below its target, says passed or only warned."""

    def count(_: str) -> int:
        latest = max(target.rglob("run_results.json"), key=lambda file: file.stat().st_mtime_ns)
        results = json.loads(latest.read_bytes())["results"]
        return sum(item["unique_id"].startswith("test.") and item["status"] in ("pass", "warn") for item in results)

    return count
