"""Which processes the coverage is measured in: the ones that run tests, and those that a test starts as measured."""

from __future__ import annotations

import os

SETTINGS = {name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")}
"""The variables that have coverage measured in every Python process that inherits them; none if nothing is measured."""


def measured() -> dict[str, str]:
    """The environment of a process that runs what no test runs in its own process."""
    return {**os.environ, **SETTINGS}
