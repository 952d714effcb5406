"""dbt's sources.json: how fresh sources were found. Written without dbt, which judging sources does not need."""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from floe.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from floe.artifact.dbt_project import Freshness

SOURCES = "sources.json"
SCHEMA = "https://schemas.getdbt.com/dbt/sources/v3.json"
_PERIODS = (("day", 86400), ("hour", 3600), ("minute", 60))


@dataclass(frozen=True)
class Judged:
    """A source, its rule, and what came of it."""

    unique_id: str
    rule: Freshness
    verdict: Mapping[str, Any]
    """`status`, `max_loaded_at` and `judged_at` as ISO 8601, `age_seconds`, `seconds` that it took."""


def write_sources(judged: Sequence[Judged], path: Path, started: float) -> None:
    """Write sources.json. As in dbt's, sources that could not be read are not in it.

    Args:
        judged: What was judged.
        path: The file.
        started: When judging began, in seconds since the epoch.

    Raises:
        OSError: the file cannot be written.
    """
    now = datetime.now(UTC)
    document = {
        "metadata": {
            "dbt_schema_version": SCHEMA,
            "dbt_version": version("dbt-core"),
            "generated_at": _text(now),
            "invocation_id": str(uuid.uuid4()),
            "invocation_started_at": _text(datetime.fromtimestamp(started, UTC)),
            "env": {},
        },
        "results": [_result(item) for item in judged if item.verdict["status"] != "runtime error"],
        "elapsed_time": time.time() - started,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document), encoding="utf-8")


def read_newest(paths: Sequence[Path]) -> dict[str, datetime]:
    """Dbt's unique id of each source in these files -> the moment of its newest row.

    Raises:
        UsageError: a file is no sources.json.
    """
    found: dict[str, datetime] = {}
    for path in paths:
        try:
            results = json.loads(path.read_bytes())["results"]
            dated = {item["unique_id"]: item["max_loaded_at"] for item in results if "max_loaded_at" in item}
            found |= {name: datetime.fromisoformat(newest) for name, newest in dated.items()}
        except (ValueError, KeyError, TypeError) as error:
            way_out = "write it anew with `floe freshness`"
            raise UsageError("FLOE-0738", f"`{path}` is no sources.json of dbt's", way_out) from error
    return found


def _result(item: Judged) -> dict[str, Any]:
    verdict = item.verdict
    ended = datetime.fromisoformat(verdict["judged_at"])
    began = datetime.fromtimestamp(ended.timestamp() - verdict["seconds"], UTC)
    return {
        "unique_id": item.unique_id,
        "max_loaded_at": verdict["max_loaded_at"] or "0001-01-01T00:00:00+00:00",
        "snapshotted_at": verdict["judged_at"],
        "max_loaded_at_time_ago_in_s": verdict["age_seconds"],
        "status": verdict["status"],
        "criteria": {
            "warn_after": _period(item.rule.warn_after),
            "error_after": _period(item.rule.error_after),
            "filter": item.rule.filter or None,
        },
        "adapter_response": {"_message": "OK"},
        "timing": [
            {"name": "compile", "started_at": _text(began), "completed_at": _text(began)},
            {"name": "execute", "started_at": _text(began), "completed_at": _text(ended)},
        ],
        "thread_id": "MainThread",
        "execution_time": verdict["seconds"],
    }


def _period(seconds: int | None) -> dict[str, Any]:
    if seconds is None:
        return {"count": None, "period": None}
    name, unit = next((name, unit) for name, unit in _PERIODS if seconds % unit == 0)
    return {"count": seconds // unit, "period": name}


def _text(moment: datetime) -> str:
    return moment.replace(tzinfo=None).isoformat() + "Z"
