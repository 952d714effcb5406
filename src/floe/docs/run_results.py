"""dbt's run_results.json of a run, from the journal. Nothing of it is made while the run goes on."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from dbt.artifacts.schemas.results import RunStatus, TestStatus, TimingInfo
from dbt.artifacts.schemas.run import RunResultOutput, RunResultsArtifact
from dbt.artifacts.schemas.run.v5.run import RunResultsMetadata
from dbt_common.constants import SECRET_ENV_PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from floe.artifact.models import CompiledArtifacts

    Row = Mapping[str, Any]

_SKIPPED = "cancelled"
_HIDDEN = "*****"


def write_run_results(
    run: Row,
    artifacts: CompiledArtifacts,
    manifest: Any,  # noqa: ANN401 - dbt's Manifest
    sql: Mapping[str, str],
    path: str,
) -> int:
    """Write run_results.json of one dbt project; return how many results it holds.

    Args:
        run: The run, as the journal gives it.
        artifacts: The compiled project, which knows of tests when they warn or fail.
        manifest: dbt's manifest.
        sql: dbt's unique id -> the SQL that the run executed.
        path: The file.

    Raises:
        OSError: the file cannot be written.
    """
    rows = sorted([*_nodes(run, manifest), *_tests(run, artifacts, manifest)], key=lambda row: row["finished_at"])
    finished = run["finished_at"] or run["started_at"]
    document = RunResultsArtifact(
        metadata=RunResultsMetadata(
            dbt_schema_version=str(RunResultsArtifact.dbt_schema_version),
            generated_at=_moment(finished),
            invocation_id=run["run_id"],
            invocation_started_at=_moment(run["started_at"]),
        ),
        results=[_result(row, manifest, sql) for row in rows],
        elapsed_time=finished - run["started_at"],
        args=_arguments(run),
    )
    document.write(path)
    return len(rows)


def _nodes(run: Row, manifest: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401 - dbt's Manifest
    for row in run["nodes"]:
        unique_id = row["unique_id"]
        if not _is_of(unique_id, manifest) or row["materialization"] == "ephemeral":
            continue
        status = RunStatus(row["status"]) if row["status"] != _SKIPPED else RunStatus.Skipped
        yield {**row, "unique_id": unique_id, "status": status, "failures": None, **_said_of_node(row)}


def _tests(run: Row, artifacts: CompiledArtifacts, manifest: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401 - as above
    for row in run["tests"]:
        if not _is_of(row["test"], manifest):
            continue
        status = TestStatus(row["status"]) if row["status"] != _SKIPPED else TestStatus.Skipped
        test = artifacts.tests.get(row["test"])
        warn_if, error_if = (test.warn_if, test.error_if) if test else ("!= 0", "!= 0")
        message = _failed(row) or _verdict(status, row["failures"], warn_if, error_if)
        answered = {"_message": "OK"} if row["failures"] is not None else {}
        yield {**row, "unique_id": row["test"], "status": status, "message": message, "adapter_response": answered}


def _is_of(unique_id: str, manifest: Any) -> bool:  # noqa: ANN401 - dbt's Manifest
    """Whether a node is of this project or its packages; one that is gone since is told by its package."""
    parts = unique_id.split(".")
    packages = {node.package_name for node in manifest.nodes.values()} | {manifest.metadata.project_name}
    return len(parts) > 1 and parts[1] in packages


def _said_of_node(row: Row) -> dict[str, Any]:
    if row["status"] != "success":
        return {"message": _failed(row), "adapter_response": {}}
    if row["kind"] == "seed":
        response = {"_message": f"INSERT {row['rows']}", "code": "INSERT", "rows_affected": row["rows"]}
    else:
        response = {"_message": "OK"} | ({} if row["rows"] is None else {"rows_affected": row["rows"]})
    return {"message": response["_message"], "adapter_response": response}


def _failed(row: Row) -> str | None:
    if not row["failure"]:
        return None
    failure = json.loads(row["failure"])
    return "\n".join((failure["reason"], *failure["details"]))


def _verdict(status: TestStatus, failures: int | None, warn_if: str, error_if: str) -> str | None:
    """What dbt says of a test that found something."""
    if status not in (TestStatus.Fail, TestStatus.Warn):
        return None
    found = f"Got {failures} result{'' if failures == 1 else 's'}"
    if status is TestStatus.Fail:
        return f"{found}, configured to fail if {error_if}"
    return f"{found}, configured to warn if {warn_if}"


def _result(row: Row, manifest: Any, sql: Mapping[str, str]) -> RunResultOutput:  # noqa: ANN401 - dbt's Manifest
    node = manifest.nodes.get(row["unique_id"])
    has_sql = node is not None and hasattr(node, "compiled")
    done = row["status"] not in (RunStatus.Skipped, TestStatus.Skipped)
    code = sql.get(row["unique_id"]) if has_sql and done else None
    return RunResultOutput(
        unique_id=row["unique_id"],
        status=row["status"],
        timing=_timing(row) if done else [],
        thread_id=row["thread"],
        execution_time=row["seconds"],
        adapter_response=row["adapter_response"],
        message=row["message"],
        failures=row["failures"],
        compiled=code is not None if has_sql else None,
        compiled_code=code,
        relation_name=node.relation_name if has_sql else None,
    )


def _timing(row: Row) -> list[TimingInfo]:
    """The two steps that dbt times. The SQL was compiled before the run, which takes no time of it."""
    started, finished = _moment(row["finished_at"] - row["seconds"]), _moment(row["finished_at"])
    return [TimingInfo("compile", started, started), TimingInfo("execute", started, finished)]


def _arguments(run: Row) -> dict[str, Any]:
    plan = json.loads(run["plan"] or "{}")
    variables = {
        name: _HIDDEN if name.startswith(SECRET_ENV_PREFIX) else value
        for name, value in plan.get("variables", {}).items()
    }
    return {
        "which": "test" if run["command"] == "test" else "build",
        "invocation_command": f"floe {run['command']}",
        "full_refresh": bool(plan.get("full_refresh")),
        "target": plan.get("target") or None,
        "threads": run["threads"],
        "vars": variables,
    }


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)
