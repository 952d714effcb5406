"""Opens DuckDB for a project: its settings, and the database in which all relations live."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import duckdb

from floe.artifact.models import SESSION_DATABASE
from floe.engines.duckdb.faults import engine_message
from floe.engines.duckdb.sql import literal, quote
from floe.errors import EnvironmentFaultError

if TYPE_CHECKING:
    from pathlib import Path

    from floe.artifact.models import CompiledArtifacts

_Setting = str | bool | int | float | list[str]
_SPILL_FOLDER = ".floe/tmp"
_UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB")


def open_database(artifacts: CompiledArtifacts, project_directory: Path) -> duckdb.DuckDBPyConnection:
    """A database with the settings of the artifact's compute profile, which `USE`s the session's database.

    It is in memory, or, with the property `path`, the file of that name (relative to the project).

    Raises:
        EnvironmentFaultError: DuckDB refuses a setting, or the file cannot be opened.
    """
    properties = {**artifacts.compute.properties}
    path = properties.pop("path", None)
    database = ":memory:" if path is None else str(project_directory / str(path))
    own = {key: str(value) for key, value in properties.items()}
    settings = {**_settings(artifacts, project_directory), **own}
    try:
        connection = duckdb.connect(":memory:", config=settings)
        # Views over files are bound again by every statement that reads them; DuckDB notices files that change.
        connection.execute("SET GLOBAL parquet_metadata_cache = true")
        connection.execute(f"ATTACH {literal(database)} AS {quote(SESSION_DATABASE)}")
        use_session_database(connection)
    except duckdb.Error as error:
        reason = f"DuckDB cannot be opened: {engine_message(error).headline}"
        raise EnvironmentFaultError("FLOE-0419", reason, "correct the properties of the compute profile") from error
    return connection


@dataclass(frozen=True)
class EngineFacts:
    """What an open database is like."""

    version: str
    threads: int
    memory_bytes: int
    """Above which it spills to disk."""


def facts_of(connection: duckdb.DuckDBPyConnection) -> EngineFacts:
    """The version and limits of an open database."""
    query = "SELECT current_setting('threads'), current_setting('memory_limit')"
    row = connection.execute(query).fetchone()
    threads, limit = row or (1, "0 bytes")
    return EngineFacts(duckdb.__version__, int(threads), _bytes_of(str(limit)))


def _bytes_of(size: str) -> int:
    """A size as DuckDB writes it, e.g. `6.2 GiB`."""
    number, _, unit = size.partition(" ")
    return int(float(number) * 1024 ** _UNITS.index(unit))


def make_spill_folder(project_directory: Path) -> None:
    """Make the folder above the one that DuckDB spills to, which it makes itself.

    Where that cannot be, there is an error as soon as something must be spilled.
    """
    with suppress(OSError):
        (project_directory / _SPILL_FOLDER).parent.mkdir(parents=True, exist_ok=True)


def use_session_database(connection: duckdb.DuckDBPyConnection) -> None:
    """Make names without a database mean the session's; a new cursor does not inherit that."""
    connection.execute(f"USE {quote(SESSION_DATABASE)}")


def _settings(artifacts: CompiledArtifacts, project_directory: Path) -> dict[str, _Setting]:
    folders = (str((project_directory / folder).resolve()) for folder in artifacts.search_path)
    return {
        "temp_directory": str(project_directory / _SPILL_FOLDER),
        "file_search_path": ",".join(folders),
        # A run must not depend on what a server of DuckDB's happens to answer.
        "autoinstall_known_extensions": "false",
        # SQL must not see the variables of the Python code that happens to execute it.
        "python_enable_replacements": "false",
        # With fewer, a table of more partitions gets many small files for each.
        "partitioned_write_max_open_files": "500",
    }
