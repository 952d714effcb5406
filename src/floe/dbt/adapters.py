"""dbt's adapters: whether the one that a project needs is installed, and the variables that its profile reads."""

from __future__ import annotations

import contextlib
import os
from importlib.util import find_spec
from typing import TYPE_CHECKING

from floe.errors import EnvironmentFaultError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def require_adapter(kind: str) -> None:
    """See to it that dbt can load the adapter of a warehouse.

    Raises:
        EnvironmentFaultError: its package is not installed.
    """
    if find_spec(f"dbt.adapters.{kind}") is None:
        reason = f"compute type `{kind}` needs the package `dbt-{kind}`, which is not installed"
        raise EnvironmentFaultError("FLOE-0230", reason, f"run `pip install 'floe-runtime[{kind}]'`")


@contextlib.contextmanager
def variables(values: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables for as long as dbt needs them, and put back what was there."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
