"""What no coverage is measured of, because it is not ours and measuring makes it half as slow again."""

from __future__ import annotations

import functools
import sys
from typing import Any


def leave_dbt_unmeasured() -> None:
    """Measure nothing while dbt reads a project, in this process and from now on, if dbt is imported.

    To be called before each test: importing dbt for it would take longer than it saves where no test needs dbt.
    """
    module = sys.modules.get("dbt.parser.manifest")
    loader = getattr(module, "ManifestLoader", None)
    if loader is None or hasattr(loader.load, "__wrapped__"):
        return
    load = loader.load

    @functools.wraps(load)
    def unmeasured(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - as dbt has it
        trace = sys.gettrace()
        sys.settrace(None)
        try:
            return load(*arguments, **options)
        finally:
            sys.settrace(trace)

    loader.load = unmeasured
