"""What every engine says of a macro that no dbt transform has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from floe.diagnostics.suggest import did_you_mean
from floe.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from floe.engines.base import Operation


def unknown_macro(operation: Operation, known: Iterable[str]) -> UsageError:
    """The error for an operation whose macro is none of the known ones."""
    suggestion = did_you_mean(operation.macro, known) or "macros lie in the folder `macros` of the dbt project"
    return UsageError("FLOE-0720", f"there is no macro `{operation.macro}`", suggestion)
