"""Where a PostgreSQL catalog is and who connects."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from floe.errors import EnvironmentFaultError
from floe.secrets.masking import mask

if TYPE_CHECKING:
    from collections.abc import Mapping

    import psycopg

    from floe.artifact.settings import SecretReference, SecretsBinding

_CONNECT_TIMEOUT_SECONDS = 10


class PostgresAddress:
    """A database and who connects to it. Secrets are read when they are first needed, and shown to nobody.

    Args:
        profile: Name of the catalog profile, for messages.
        uri: `postgresql://host:port/database`, with libpq's parameters after `?` where needed.
        credentials: `user` and `password`; where they are left out, libpq's own ways (`PGPASSFILE`, peers).
        secrets: Where the secrets are.
    """

    def __init__(
        self, profile: str, uri: str, credentials: Mapping[str, str | SecretReference], secrets: SecretsBinding
    ) -> None:
        self.profile = profile
        self.uri = uri
        self._credentials = credentials
        self._secrets = secrets

    def connect(self) -> psycopg.Connection[Any]:
        """A new connection; each statement is a transaction of its own.

        Raises:
            EnvironmentFaultError: the driver is not installed, or a secret is missing.
            psycopg.OperationalError: the server cannot be reached or refuses the user.
        """
        settings = self._secrets.resolver.resolve_all(self._credentials)
        if "connect_timeout" not in self.uri:
            settings["connect_timeout"] = str(_CONNECT_TIMEOUT_SECONDS)
        connection: psycopg.Connection[Any] = driver().connect(
            self.uri, autocommit=True, prepare_threshold=None, application_name="floe", **settings
        )
        return connection

    def masked(self, text: str) -> str:
        """A text of the driver's, without the password."""
        return mask(text)


def driver() -> Any:  # noqa: ANN401 - a module
    """The module `psycopg`.

    Raises:
        EnvironmentFaultError: it is not installed, or lacks the library of PostgreSQL.
    """
    try:
        return importlib.import_module("psycopg")
    except ImportError as error:
        reason = "a `sql` catalog on PostgreSQL needs the package `psycopg`, which is not installed or has no libpq"
        instruction = "run `pip install 'floe-runtime[catalog-postgres]'`"
        raise EnvironmentFaultError("FLOE-0754", reason, instruction) from error
