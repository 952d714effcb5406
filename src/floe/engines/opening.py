"""Opens the engine that an artifact's compute binding names."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from floe.engines.base import Session, SessionRequest


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
