"""A running Polaris."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.java import java_home
from services.polaris.build import LEAST_JAVA, built
from services.postgres import PASSWORD, USER
from services.process import Process, free_port, listens

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from services.postgres import Postgres

ROOT_ID, ROOT_SECRET = "root", "canary-77aa-of-polaris"


@dataclass(frozen=True)
class Polaris:
    """A server; it has access to all of moto's buckets. What it knows is in a database, also after a restart."""

    port: int
    process: Process
    postgres: Postgres
    database: str

    @property
    def uri(self) -> str:
        """Where the Iceberg REST catalogs are."""
        return f"http://127.0.0.1:{self.port}/api/catalog"

    @property
    def management(self) -> str:
        """Where catalogs, principals and roles are managed."""
        return f"http://127.0.0.1:{self.port}/api/management/v1"

    def forget_everything(self) -> None:
        """Empty its database; to be called while it is stopped."""
        self.postgres.create_database(self.database)


def start_polaris(
    folder: Path,
    postgres: Postgres,
    access_key: str,
    secret_key: str,
    features: Mapping[str, str] | None = None,
    token_seconds: int = 3600,
) -> Polaris:
    """Start the server on a free port, building it first where that has not been done; its log is in the folder.

    Args:
        folder: Where its log goes.
        postgres: Where it gets a database of its own.
        access_key: Key with which it reaches S3, and asks STS for the credentials that it vends.
        secret_key: The secret of that key.
        features: Settings of Polaris' own, e.g. `STORAGE_CREDENTIAL_DURATION_SECONDS`.
        token_seconds: How long the tokens live that it gives.
    """
    port, management_port = free_port(), free_port()
    database = f"polaris_{port}"
    postgres.create_database(database)
    settings = {
        "quarkus.http.host": "127.0.0.1",
        "quarkus.http.port": port,
        "quarkus.management.host": "127.0.0.1",
        "quarkus.management.port": management_port,
        "quarkus.datasource.jdbc.url": f"jdbc:postgresql://127.0.0.1:{postgres.port}/{database}",
        "quarkus.log.console.json.enabled": "false",
        "polaris.authentication.token-broker.max-token-generation": f"PT{token_seconds}S",
        **{f'polaris.features."{name}"': value for name, value in (features or {}).items()},
    }
    java = str(java_home(LEAST_JAVA) / "bin/java")
    options = ["-Xmx512m", *(f"-D{key}={value}" for key, value in settings.items())]
    environment = {
        "POLARIS_BOOTSTRAP_CREDENTIALS": f"POLARIS,{ROOT_ID},{ROOT_SECRET}",
        "QUARKUS_DATASOURCE_USERNAME": USER,
        "QUARKUS_DATASOURCE_PASSWORD": PASSWORD,
        "AWS_ACCESS_KEY_ID": access_key,
        "AWS_SECRET_ACCESS_KEY": secret_key,
        "AWS_REGION": "us-east-1",
    }
    command = [java, *options, "-jar", str(built() / "quarkus-run.jar")]
    process = Process(command, folder / "polaris.log", lambda: listens(port), environment)
    process.start()
    return Polaris(port, process, postgres, database)
