"""Microbatch models: which models are built batch by batch, and which of them may read their own table."""

from __future__ import annotations

import re
from typing import Any

from floe.compiler.dbt.own_macros import macros_below

REASON = "is built in batches of its `event_time`"
_THIS = re.compile(r"\bthis\b")


def is_built_in_batches(node: Any, manifest: Any, package: str) -> bool:  # noqa: ANN401 - dbt's node and Manifest
    """Whether `dbt build` cuts a model into batches; `package` is the name of the dbt project.

    A project with a microbatch strategy of its own gets all rows at once, unless a behaviour flag of dbt's says else.
    """
    return (
        str(node.resource_type) == "model"
        and node.config.materialized == "incremental"
        and node.config.incremental_strategy == "microbatch"
        and bool(manifest.use_microbatch_batches(project_name=package))
    )


def reads_itself(node: Any, manifest: Any) -> bool:  # noqa: ANN401 - dbt's node and Manifest
    """Whether a model's code, or that of a macro it may call, mentions `this`. When in doubt it does."""
    own = macros_below(manifest, node.depends_on.macros, own_only=True)
    return bool(node.has_this) or any(_THIS.search(macro.macro_sql) for macro in own.values())
