"""The places at which every test of the suite runs."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from conformance.catalogs.places import (
    LOCAL,
    SQLITE,
    Place,
    glue_catalog,
    plain_postgres,
    platform,
    polaris_catalog,
    postgres_catalog,
    s3_storage,
)
from conformance.harness import PASSWORD
from services.polaris.server import ROOT_ID, ROOT_SECRET

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from conformance.harness import Server
    from tests.services.moto import Moto

KINDS = (
    "sqlite-local",
    "sqlite-s3",
    "postgres-local",
    "postgres-s3",
    "polaris-s3",
    "polaris-s3-vended",
    "glue-local",
    "glue-s3",
)
_NUMBERS = count()


@pytest.fixture
def make_place(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Path], Place]:
    """Makes a new place of a kind in a folder; its secrets are in this process' environment, too."""

    def make(kind: str, folder: Path) -> Place:
        (folder / ".floe").mkdir(parents=True, exist_ok=True)
        catalog, _, storage = kind.partition("-")
        environment: dict[str, str] = {}
        plain: dict[str, str] = {"type": "sql", "warehouse": str(folder)}
        storage_text = LOCAL
        vended = storage.endswith("vended")
        if storage.startswith("s3"):
            storage_text = _s3(request.getfixturevalue("moto"), environment, plain, vended=vended)
        if catalog.endswith("polaris"):
            catalog_text = _polaris(request, environment, plain, vended=vended, hasty=catalog == "hasty_polaris")
        elif catalog == "sqlite":
            catalog_text, plain["uri"] = SQLITE, f"sqlite:///{folder}/.floe/catalog.db"
        elif catalog == "glue":
            catalog_text = _glue(request.getfixturevalue("moto"), environment, plain)
        else:
            catalog_text = _postgres(request.getfixturevalue("server"), environment, plain)
        text, weaker = platform(storage_text, catalog_text), catalog == "glue"
        place = Place(folder, text, environment, plain, atomic=not weaker, nested_namespaces=not weaker)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        place.write()
        bootstrapped = place.floe("platform", "bootstrap")
        assert bootstrapped.returncode == 0, bootstrapped.stderr
        return place

    return make


def _s3(moto: Moto, environment: dict[str, str], plain: dict[str, str], *, vended: bool) -> str:
    bucket = moto.bucket()
    keys = moto.administrator
    if vended:
        return s3_storage(bucket, moto.endpoint, "vended")
    environment |= moto.user().environment("s3")
    plain |= {
        "s3.endpoint": moto.endpoint,
        "s3.access-key-id": keys.access_key_id,
        "s3.secret-access-key": keys.secret_access_key,
        "s3.region": "us-east-1",
    }
    return s3_storage(bucket, moto.endpoint)


def _polaris(
    request: pytest.FixtureRequest, environment: dict[str, str], plain: dict[str, str], *, vended: bool, hasty: bool
) -> str:
    moto = request.getfixturevalue("moto")
    polaris = request.getfixturevalue("hasty_polaris" if hasty else "polaris")
    warehouse = f"lake_{next(_NUMBERS)}"
    environment |= {"POLARIS_ROOT_SECRET": ROOT_SECRET}
    plain |= {
        "type": "rest",
        "uri": polaris.uri,
        "warehouse": warehouse,
        "credential": f"{ROOT_ID}:{ROOT_SECRET}",
        "scope": "PRINCIPAL_ROLE:ALL",
        "oauth2-server-uri": f"{polaris.uri}/v1/oauth/tokens",
        "header.X-Iceberg-Access-Delegation": "vended-credentials" if vended else "",
    }
    return polaris_catalog(polaris.uri, warehouse, moto.role(), moto.endpoint, vended=vended)


def _glue(moto: Moto, environment: dict[str, str], plain: dict[str, str]) -> str:
    """An account has one Glue: what earlier tests left in it is removed."""
    client = moto.client("glue")
    for database in client.get_databases()["DatabaseList"]:
        client.delete_database(Name=database["Name"])
    environment |= moto.user().environment("glue")
    keys = moto.administrator
    plain |= {
        "type": "glue",
        "glue.endpoint": moto.endpoint,
        "glue.region": "us-east-1",
        "glue.access-key-id": keys.access_key_id,
        "glue.secret-access-key": keys.secret_access_key,
    }
    return glue_catalog(moto.endpoint)


def _postgres(server: Server, environment: dict[str, str], plain: dict[str, str]) -> str:
    database = f"catalog_{next(_NUMBERS)}"
    server.execute("postgres", f"create database {database}")
    environment["CATALOG_PASSWORD"] = PASSWORD
    plain["uri"] = plain_postgres(server.port, database)
    return postgres_catalog(server.port, database)


@pytest.fixture(params=KINDS)
def place(request: pytest.FixtureRequest, make_place: Callable[[str, Path], Place], tmp_path: Path) -> Place:
    """One place of each kind."""
    return make_place(request.param, tmp_path / "project")


@pytest.fixture
def plain(place: Place) -> Iterator[Any]:
    """The place's catalog through PyIceberg alone."""
    with place.plain() as catalog:
        yield catalog
