"""Refuses what no Iceberg table can store before a run builds anything: its queries are bound to empty tables."""

from __future__ import annotations

from contextlib import suppress
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING

import duckdb

from floe.artifact.models import SESSION_DATABASE
from floe.engines.duckdb.file_readers import file_reader
from floe.engines.duckdb.landing import source_files
from floe.engines.duckdb.remembered import Remembered
from floe.engines.duckdb.sql import quote, relation_name, subquery
from floe.engines.duckdb.superseded import is_superseded
from floe.engines.duckdb.table_files import TableFiles, engine_types_of
from floe.engines.duckdb.types import check_readable, engine_type
from floe.errors import FloeError, LakeError, NodeError
from floe.lake.read import schema

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from floe.artifact.models import Asset, Seed, SourceFiles
    from floe.engines.base import SessionRequest
    from floe.engines.duckdb.workspace import Workspace
    from floe.lake.base import TableState

_SAMPLED_ROWS = 2048
_SAMPLED_FORMATS = ("csv", "json")
# After other errors DuckDB goes on with nothing in the transaction.
_HARMLESS = (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException)


def refuse_unstorable_queries(workspace: Workspace, request: SessionRequest) -> None:
    """Refuse columns that will have a type which an Iceberg table cannot store, as far as that can be foreseen.

    What cannot is left to the node's own turn: what reads a Python asset, or a node that dbt renders, of this run; SQL
    that needs what a hook of this run makes; an incremental model whose table is there. Queries that were looked at by
    an earlier run, and read what they read then, are not bound again.

    Raises:
        NodeError: there are such columns; the first is in the reason, the others in the details.
    """
    remembered = Remembered(request)
    wanted = remembered.unknown()
    if not wanted:
        return
    if refusals := _Twins(workspace, request, wanted).refusals():
        # The types of text files were guessed from their first rows; a refusal must not rest on that.
        refusals = _Twins(workspace, request, wanted, sampled=False).refusals()
    if refusals:
        first, *others = refusals
        details = tuple(error.reason for error in others)
        raise NodeError(first.code, first.reason, first.instruction, details=details)
    remembered.keep()


class _Twins:
    """Empty tables that have the columns which assets are going to have; nothing of them outlives `refusals`."""

    def __init__(
        self, workspace: Workspace, request: SessionRequest, wanted: Iterable[str], *, sampled: bool = True
    ) -> None:
        self._workspace = workspace
        self._request = request
        self._assets = request.artifacts.assets
        self._wanted = frozenset(wanted)
        self._sampled = sampled
        self._known: set[str] = set()
        self._continued: set[str] = set()
        self._made: list[str] = []
        self._unreachable = False

    def refusals(self) -> list[NodeError]:
        """An error for each column that cannot be stored, in the order in which the assets are built."""
        execute = self._workspace.execute
        execute("BEGIN TRANSACTION")
        try:
            for key in self._order():
                self._add(self._assets[key])
            columns = execute(
                "SELECT schema_name, table_name, column_name, data_type FROM duckdb_columns() "
                f"WHERE database_name = '{SESSION_DATABASE}' ORDER BY table_name, column_index"
            ).fetchall()
        finally:
            with suppress(duckdb.TransactionException):
                execute("ROLLBACK")
        return self._refused(columns)

    def _order(self) -> list[str]:
        """What is asked about, and all that leads to it, inputs first."""
        reads: dict[str, tuple[str, ...]] = {}
        pending = [*self._wanted]
        while pending:
            key = pending.pop()
            if key not in reads:
                reads[key] = self._inputs(self._assets[key])
                pending += reads[key]
        return [*TopologicalSorter(reads).static_order()]

    def _inputs(self, asset: Asset) -> tuple[str, ...]:
        is_read = asset.publishes and asset.key not in self._request.nodes
        return () if is_read else asset.depends_on

    def _add(self, asset: Asset) -> None:
        if not self._known.issuperset(self._inputs(asset)):
            return
        if asset.materialization == "ephemeral":
            self._known.add(asset.key)
            return
        with suppress(FloeError, duckdb.Error):  # whatever is wrong, the asset's own turn says it better
            if select := self._select(asset):
                self._make(f"CREATE TABLE {relation_name(asset.relation)} AS {subquery(select)} WITH NO DATA")
                self._known.add(asset.key)

    def _make(self, statement: str) -> None:
        try:
            self._workspace.execute(statement)
        except _HARMLESS:
            raise
        except duckdb.Error:
            self._workspace.execute("ROLLBACK")
            for again in ("BEGIN TRANSACTION", *self._made):
                self._workspace.execute(again)
            raise
        self._made.append(statement)

    def _select(self, asset: Asset) -> str | None:
        """SQL that gives the columns of an asset; None where they cannot be known."""
        if asset.relation.database != SESSION_DATABASE:
            return None  # one transaction changes one database only
        is_built = asset.key in self._request.nodes
        if asset.publishes and (not is_built or self._may_continue(asset)):
            table = self._published(asset)
            if table is None:
                return None
            if table.exists and not (is_built and is_superseded(table)):
                self._continued.add(asset.key)
                return _published_columns(table)
            if not is_built:
                return None
        return self._own_select(asset)

    def _published(self, asset: Asset) -> TableState | None:
        """The table of an asset; None for all once a catalog was not to be reached, which takes its patience."""
        if self._unreachable:
            return None
        try:
            return self._workspace.state(asset)
        except FloeError:
            self._unreachable = True
            raise

    def _may_continue(self, asset: Asset) -> bool:
        """Whether building leaves the columns of a table that is there, or adds to them."""
        if asset.dbt_snapshot is not None:
            return True
        anew = self._request.full_refresh if asset.full_refresh is None else asset.full_refresh
        is_source = asset.source is not None and asset.source.mode != "replace"
        return not anew and (asset.incremental is not None or is_source)

    def _own_select(self, asset: Asset) -> str | None:
        if asset.rendering != "compiled":
            return None
        if asset.source is not None:
            return self._source_columns(asset.key, asset.source)
        if asset.seed is not None:
            return _seed_columns(asset.seed)
        return asset.query.sql if asset.query is not None else None

    def _source_columns(self, key: str, source: SourceFiles) -> str:
        directory = self._workspace.project_directory
        if self._sampled and source.format in _SAMPLED_FORMATS:
            source = source.model_copy(update={"options": {"sample_size": _SAMPLED_ROWS, **source.options}})
        return file_reader(key, source, directory, source_files(key, source, directory)).select()

    def _refused(self, columns: Sequence[tuple[str, str, str, str]]) -> list[NodeError]:
        found: dict[tuple[str, str], list[tuple[str, str]]] = {}
        for schema_name, table, column, type_text in columns:
            found.setdefault((schema_name, table), []).append((column, type_text))
        refused = []
        for key in self._assets:
            asset = self._assets[key]
            if not asset.publishes or key not in self._wanted & self._known - self._continued:
                continue
            for column, type_text in found.get((asset.relation.schema_name, asset.relation.identifier), ()):
                try:
                    engine_type(f"{key}.{column}", type_text)
                except NodeError as error:
                    refused.append(error)
        return refused


def _published_columns(table: TableState) -> str | None:
    fields: Mapping[str, object] = schema(table)
    try:
        check_readable(table.name, fields)
    except LakeError:
        return None
    return TableFiles((), fields, engine_types_of(table), differ=False).select()


def _seed_columns(seed: Seed) -> str:
    return f"SELECT {', '.join(f'CAST(NULL AS {type_}) AS {quote(name)}' for name, type_ in seed.columns)}"
