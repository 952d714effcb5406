"""Rewrites small files of a published table: as one, in its sort order, or divided by its current partition spec.

See `floe.lake.care.compaction`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import duckdb

from floe.engines.base import SessionRequest
from floe.engines.duckdb.faults import engine_message, environment_fault
from floe.engines.duckdb.layout import file_layout
from floe.engines.duckdb.parquet import TIGHTLY, write_file, write_files
from floe.engines.duckdb.sql import quote
from floe.engines.duckdb.table_files import published_files
from floe.engines.duckdb.workspace import Workspace
from floe.errors import LakeError
from floe.lake.care.compaction import Rewritten
from floe.lake.files import local_path
from floe.lake.layout import current_order, struct_paths
from floe.lake.read import schema

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from floe.artifact.models import CompiledArtifacts
    from floe.engines.duckdb.table_files import TableFiles
    from floe.lake.base import Catalog, StagedFile, TableState
    from floe.lake.care.bins import Bin


class Compactor:
    """Rewrites files with one DuckDB; implements `floe.lake.care.compaction.Rewriter`. One thread at a time."""

    def __init__(
        self, artifacts: CompiledArtifacts, project_directory: Path, catalogs: Mapping[str, Catalog], run_id: str
    ) -> None:
        """Open the database.

        Raises:
            EnvironmentFaultError: DuckDB cannot be opened with the compute profile's properties.
        """
        settings = {key: value for key, value in artifacts.compute.properties.items() if key != "path"}
        compute = artifacts.compute.model_copy(update={"properties": settings})
        bare = artifacts.model_copy(update={"assets": {}, "tests": {}, "hooks": (), "compute": compute})
        self._found: tuple[str | None, TableFiles] | None = None
        self._workspace = Workspace(SessionRequest(bare, project_directory, run_id, catalogs, threads=1))

    def rewrite(self, table: TableState, bin_: Bin) -> Rewritten:
        """Write the rows of a bin's files into new files; see `Rewriter.rewrite`."""
        table = self._workspace.reach(table)
        try:
            select = self._files(table).only([local_path(path) for path in bin_.paths]).select()
            counted = self._workspace.execute(f"SELECT count(*) FROM ({select})").fetchone()
            files = self._divided(table, select) if bin_.moves else self._together(table, select, bin_)
        except duckdb.Error as error:
            if (fault := environment_fault(error, f"compacting {table.name}")) is not None:
                raise fault from error
            reason = f"the files of `{table.name}` cannot be compacted: {engine_message(error).headline}"
            raise LakeError("FLOE-0591", reason, "nothing was changed; see the message of DuckDB") from error
        return Rewritten(files, int(counted[0]) if counted else 0)

    def _together(self, table: TableState, select: str, bin_: Bin) -> tuple[StagedFile, ...]:
        """One file with all rows of a partition."""
        current = schema(table)
        order = current_order(table, current)
        keys = ", ".join(_sort_keys(order, current))
        ordered = f"{select} ORDER BY {keys}" if keys else select
        path = self._workspace.new_file(table)
        file = write_file(self._workspace, ordered, current, path, table.store, TIGHTLY)
        order_id = order["order-id"] if keys else None
        return () if file is None else (replace(file, partition=bin_.partition, sort_order_id=order_id),)

    def _divided(self, table: TableState, select: str) -> tuple[StagedFile, ...]:
        """Files of the table's default partition spec, for rows of older ones."""
        current = schema(table)
        layout = file_layout(str(table.name), None, current, table)
        if layout.spec["spec-id"] != table.metadata["default-spec-id"]:
            reason = f"the files of `{table.name}` cannot be divided by the table's partition spec"
            raise LakeError("FLOE-0591", reason, "nothing was changed; give the table a partition spec that Floe knows")
        return write_files(self._workspace, table, select, current, layout, TIGHTLY)

    def _files(self, table: TableState) -> TableFiles:
        """The files of the table as they are stored, found once for all bins of a state."""
        if self._found is None or self._found[0] != table.metadata_location:
            published = published_files(table, self._workspace.execute)
            self._found = (table.metadata_location, replace(published, engine_types={}))
        return self._found[1]

    def interrupt(self) -> None:
        """Stop what is running; for another thread."""
        self._workspace.interrupt()

    def close(self) -> None:
        """Close the database."""
        self._workspace.close()


def _sort_keys(order: Mapping[str, Any], schema_: Mapping[str, Any]) -> Iterator[str]:
    """The columns of a sort order, as ORDER BY names them."""
    paths = dict(struct_paths(schema_))
    for field in order["fields"]:
        column = ".".join(quote(name) for name in paths[field["source-id"]])
        yield f"{column} {field['direction']} {field['null-order'].replace('-', ' ')}"
