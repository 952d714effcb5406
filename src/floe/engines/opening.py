"""Opens the engine that an artifact's compute binding names."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from floe.artifact.models import CompiledArtifacts
    from floe.engines.base import Session, SessionRequest
    from floe.engines.duckdb.compaction import Compactor
    from floe.lake.base import Catalog


def open_session(request: SessionRequest) -> Session:
    """Open a session for one run.

    Raises:
        EnvironmentFaultError: the engine cannot be opened, or the warehouse not be reached.
    """
    if request.artifacts.compute.is_warehouse:
        from floe.engines.warehouse.session import WarehouseSession

        return WarehouseSession(request)
    from floe.engines.duckdb.session import open_session as open_duckdb

    return open_duckdb(request)


def open_compactor(
    artifacts: CompiledArtifacts, project_directory: Path, catalogs: Mapping[str, Catalog], run_id: str
) -> Compactor:
    """Open what rewrites small files of published tables.

    Raises:
        EnvironmentFaultError: the engine cannot be opened.
    """
    from floe.engines.duckdb.compaction import Compactor

    return Compactor(artifacts, project_directory, catalogs, run_id)
