"""Whether the engine of a platform opens: DuckDB with its settings, or the connection to a warehouse."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from floe.deploy.probes.machine import available_memory, gigabytes
from floe.deploy.probes.secrets import keys_of, secrets_of_compute
from floe.deploy.probing import Finding, Probe, ok, warning

if TYPE_CHECKING:
    from pathlib import Path

    from floe.artifact.models import CompiledArtifacts

SECTION = "compute"
_DBT_SECONDS = 60.0
"""What dbt gets at least: importing it and an adapter alone takes some seconds."""


def compute_probes(artifacts: CompiledArtifacts, project_directory: Path, limit_seconds: float) -> list[Probe]:
    """Looks at the engine of a platform.

    Args:
        artifacts: The platform; assets are not needed.
        project_directory: The project.
        limit_seconds: How long one probe may take; a warehouse gets a minute at least, as dbt has to start.
    """
    compute = artifacts.compute
    if compute.is_warehouse:
        from floe.engines.warehouse.connecting import connect

        seconds = max(limit_seconds, _DBT_SECONDS)

        def look() -> Finding:
            connect(compute, artifacts.secrets, seconds)
            return ok(f"dbt connects to `{compute.type}`")

        return [Probe(SECTION, compute.type, look, keys_of(secrets_of_compute(compute)), least_seconds=seconds)]
    opened = Probe(SECTION, "duckdb", partial(open_duckdb, artifacts, project_directory))
    if all(storage.type != "s3" for storage in artifacts.storage.values()):
        return [opened]
    return [opened, Probe(SECTION, "httpfs", extension_finding)]


def extension_finding() -> Finding:
    """Whether DuckDB reads and writes S3 by itself."""
    from floe.engines.duckdb.remote import extension_file, load_extension

    if extension_file() is None:
        text = "DuckDB's extension `httpfs` is not installed: S3 is read and written through Arrow, which takes longer"
        return warning(text, "run `pip install 'floe-runtime[s3]'`")
    load_extension()
    return ok("DuckDB's extension `httpfs` is installed and loads")


def open_duckdb(artifacts: CompiledArtifacts, project_directory: Path) -> Finding:
    """Open DuckDB with the settings of a platform, and compare its memory limit with the memory that is free.

    Raises:
        EnvironmentFaultError: DuckDB refuses a setting, or cannot open its file.
    """
    from floe.engines.duckdb.connection import facts_of, open_database

    compute = artifacts.compute
    path = compute.properties.get("path")
    if path is not None and not (project_directory / str(path)).exists():  # it is not made for a probe
        from floe.lake.stores.local import LOCAL

        LOCAL.check(str((project_directory / str(path)).parent))
        own = {key: value for key, value in compute.properties.items() if key != "path"}
        artifacts = artifacts.model_copy(update={"compute": compute.model_copy(update={"properties": own})})
    connection = open_database(artifacts, project_directory)
    try:
        facts = facts_of(connection)
    finally:
        connection.close()
    limit = gigabytes(facts.memory_bytes)
    text = f"DuckDB {facts.version} opens with {facts.threads} threads and a memory limit of {limit}"
    free = available_memory()
    # DuckDB's own limit is most of the machine's memory, which is never all free.
    expected = facts.memory_bytes if "memory_limit" in compute.properties else facts.memory_bytes // 2
    if free is not None and expected > free:
        fix = "lower `memory_limit` in the properties of the compute profile, so that DuckDB spills to disk in time"
        return warning(f"{text}, of which {gigabytes(free)} are free", fix)
    return ok(text)
