"""What every test needs, whichever room it is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pyiceberg.catalog.sql import SqlCatalog

from .services.moto import moto, moto_server
from .services.rest_catalog import behaviour, rest_server

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["behaviour", "moto", "moto_server", "rest_server"]


@pytest.fixture(autouse=True)
def closed_catalogs(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """PyIceberg's own catalog keeps its database open until it is closed, and Python 3.13 warns when it never is."""
    opened: list[SqlCatalog] = []
    initialise = SqlCatalog.__init__

    def remember(catalog: SqlCatalog, *arguments: str, **options: str) -> None:
        initialise(catalog, *arguments, **options)
        opened.append(catalog)

    monkeypatch.setattr(SqlCatalog, "__init__", remember)
    yield
    for catalog in opened:
        catalog.close()
