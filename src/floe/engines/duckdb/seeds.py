"""Loads dbt seeds as dbt-duckdb does: COPY from the file into a table with the columns dbt inferred (`seed.sql`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

from floe.engines.duckdb.csv_faults import SEED_ADVICE, Dialect, csv_fault
from floe.engines.duckdb.faults import SqlOrigin, environment_fault, sql_faults
from floe.engines.duckdb.sql import literal, quote
from floe.engines.duckdb.staging import Target, stage_query

if TYPE_CHECKING:
    from floe.artifact.models import Asset, Seed
    from floe.engines.base import BuildOutcome
    from floe.engines.duckdb.workspace import Workspace


def build_seed(workspace: Workspace, asset: Asset, seed: Seed) -> BuildOutcome:
    """Load the file and stage its rows.

    Raises:
        NodeError: the file does not fit its column types.
        LakeError: the table's current state cannot be read, or the file cannot be written.
    """
    target = Target.of(workspace, asset)
    loaded = workspace.new_name()
    with sql_faults(SqlOrigin(asset.key)):
        columns = ", ".join(f"{quote(name)} {type_}" for name, type_ in seed.columns)
        workspace.execute(f"CREATE TEMP TABLE {loaded} ({columns})")
        _load(workspace, asset, seed, loaded)
        outcome = stage_query(workspace, target, f"SELECT * FROM {loaded}")
        workspace.execute(f"DROP TABLE {loaded}")
    return outcome


def _load(workspace: Workspace, asset: Asset, seed: Seed, table: str) -> None:
    path = str(workspace.project_directory / seed.file)
    options = f"FORMAT CSV, HEADER TRUE, DELIMITER {literal(seed.delimiter)}"
    try:
        workspace.execute(f"COPY {table} FROM {literal(path)} ({options})")
    except duckdb.Error as error:
        fault = environment_fault(error, asset.key)
        if fault is not None:
            raise fault from error
        raise csv_fault(workspace, asset.key, error, [seed.file], Dialect(seed.delimiter), SEED_ADVICE) from error
