"""What every test needs, whichever room it is about."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

import pytest
from dbt_common.tests import enable_test_caching
from pyiceberg.catalog.sql import SqlCatalog

from floe.secrets import masking

from .measuring import SETTINGS
from .services.moto import moto, moto_server
from .services.rest_catalog import behaviour, rest_server
from .services.vault import vault
from .unmeasured import leave_dbt_unmeasured

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["behaviour", "moto", "moto_server", "rest_server", "vault"]

# dbt's own switch for tests: it reads its 500 macros once in a process, not once for each project.
enable_test_caching()
# Libraries make very many objects that live on, which Python would look through after each 700 new ones.
gc.set_threshold(50_000)


@pytest.fixture(scope="session", autouse=True)
def unmeasured_processes() -> Iterator[None]:
    """Processes start as fast as for users: measuring coverage takes each one a fifth of a second, and doubles dbt."""
    with pytest.MonkeyPatch.context() as patch:
        for name in SETTINGS:
            patch.delenv(name, raising=False)
        yield


@pytest.fixture(autouse=True)
def unmeasured_dbt() -> None:
    """What dbt does with a project is not ours to cover, and measuring it doubles its time."""
    leave_dbt_unmeasured()


@pytest.fixture(autouse=True)
def own_secrets() -> Iterator[None]:
    """No test masks what another one took for a secret."""
    with masking.own_list():
        yield


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
