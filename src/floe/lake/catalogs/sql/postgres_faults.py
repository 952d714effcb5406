"""The one place where failures of PostgreSQL become errors that users can act on."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

from floe.errors import LakeError, UnknownOutcomeError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg

    from floe.lake.catalogs.sql.postgres_address import PostgresAddress

# libpq does not pass on the code of what ends a connection attempt, only the server's words.
_STARTING = re.compile(r"the database system is (starting up|not yet accepting connections|in recovery mode)")
_LOGIN = re.compile(
    r"(password authentication failed|no password supplied|authentication failed|role \".*\" does not exist"
    r"|no pg_hba\.conf entry|is not permitted to log in|Peer authentication)"
)
_NO_DATABASE = re.compile(r"database \"(.*)\" does not exist")
_NO_CONNECT = re.compile(r"permission denied for database")
_LOCKED, _FULL, _DENIED, _READ_ONLY = "55P03", "53100", "42501", "25006"


def is_passing(error: psycopg.OperationalError) -> bool:
    """Whether the server only asks for patience."""
    return _STARTING.search(str(error)) is not None


class PostgresFaults:
    """Words for what went wrong with one catalog."""

    def __init__(self, address: PostgresAddress) -> None:
        self._address = address

    @contextmanager
    def translated(self, action: str) -> Iterator[None]:
        """Translate what the driver raises while doing `action` (`read` or `write`).

        Raises:
            EnvironmentFaultError: the driver is not installed.
            LakeError: in place of any `psycopg.Error`.
        """
        from floe.lake.catalogs.sql.postgres_address import driver

        psycopg = driver()
        try:
            yield
        except psycopg.Error as error:
            raise self._fault(error, action) from error

    def is_refusal(self, error: psycopg.OperationalError) -> bool:
        """Whether the server is there and does not let this user, or anybody, into this database."""
        text = str(error)
        return any(pattern.search(text) for pattern in (_LOGIN, _NO_DATABASE, _NO_CONNECT))

    def unknown_outcome(self) -> UnknownOutcomeError:
        """The answer to a COMMIT was lost, and the server cannot be asked."""
        reason = f"{self._name} was lost while it committed: it is not known whether the tables were published"
        instruction = "when the database is back, run `floe runs`: the next command settles it by looking"
        return UnknownOutcomeError("FLOE-0549", reason, instruction)

    def _fault(self, error: psycopg.Error, action: str) -> LakeError:
        text = str(error)
        if error.sqlstate == _LOCKED:
            reason = f"cannot {action} {self._name}: another process has held a table's row locked for too long"
            return LakeError("FLOE-0505", reason, "end the session that holds it, then run again")
        if error.sqlstate == _FULL:
            reason = f"cannot {action} {self._name}: the server's disk is full"
            return LakeError("FLOE-0502", reason, "free some space, then run again")
        if error.sqlstate in (_DENIED, _READ_ONLY) or _NO_CONNECT.search(text):
            return self._denied(text, action)
        if missing := _NO_DATABASE.search(text):
            reason = f"{self._name} has no database `{missing[1]}`"
            return LakeError("FLOE-0547", reason, f"create it: `createdb {missing[1]}`, or correct `uri`")
        if error.sqlstate is None and _LOGIN.search(text):
            instruction = "check `credentials` of the catalog profile, and the secrets that they name"
            return LakeError("FLOE-0546", f"{self._name} refuses the user", instruction, details=self._details(text))
        instruction = "check that the server runs and that `uri` of the catalog profile names it"
        return LakeError("FLOE-0545", f"cannot {action} {self._name}", instruction, details=self._details(text))

    def _denied(self, text: str, action: str) -> LakeError:
        instruction = (
            "grant the user CONNECT on the database, USAGE and CREATE on its schema, "
            "and SELECT, INSERT, UPDATE and DELETE on the tables `iceberg_tables` and `iceberg_namespace_properties`"
        )
        reason = f"the user may not {action} {self._name}"
        return LakeError("FLOE-0548", reason, instruction, details=self._details(text))

    @property
    def _name(self) -> str:
        return f"the catalog `{self._address.profile}` at `{self._address.uri}`"

    def _details(self, text: str) -> tuple[str, ...]:
        lines = (line.strip() for line in self._address.masked(text).splitlines())
        return tuple(line for line in lines if line)
