"""What a dbt source says about its freshness."""

from __future__ import annotations

from typing import Any

from floe.artifact.models import Freshness

_SECONDS = {"minute": 60, "hour": 3600, "day": 86400}


def freshness_of(source: Any) -> Freshness | None:  # noqa: ANN401 - dbt's SourceDefinition
    """The freshness of a source that has a threshold and a field to judge it by."""
    threshold = source.freshness
    if not source.loaded_at_field or threshold is None:
        return None
    warn_after, error_after = _seconds(threshold.warn_after), _seconds(threshold.error_after)
    if warn_after is None and error_after is None:
        return None
    return Freshness(
        name=f"{source.source_name}.{source.name}",
        asset="",
        loaded_at=source.loaded_at_field,
        filter=threshold.filter or "",
        warn_after=warn_after,
        error_after=error_after,
    )


def _seconds(limit: Any) -> int | None:  # noqa: ANN401 - dbt's Time
    if limit is None or limit.count is None or limit.period is None:
        return None
    return int(limit.count) * _SECONDS[str(limit.period.value)]
