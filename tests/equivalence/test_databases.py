"""Models, sources and tests in several databases, as a profile of dbt-duckdb attaches them."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
import yaml

from .compare import assert_same_verdicts
from .harness import Twins, quoted

PROJECTS = Path(__file__).parent / "projects"


@pytest.fixture
def databases(tmp_path: Path) -> Twins:
    """A project of three databases; dbt's half has a file for each, and the source in one of them."""
    twins = Twins.of(PROJECTS / "databases", tmp_path)
    profiles = twins.work / "profiles.yml"
    document = yaml.safe_load(profiles.read_text("utf-8"))
    document["databases"]["outputs"]["dev"]["attach"] = [
        {"path": str(twins.work / f"{name}.duckdb"), "alias": name} for name in ("other", "landing")
    ]
    profiles.write_text(yaml.safe_dump(document), "utf-8")
    return twins


def test_what_lies_in_other_databases_equals_dbt_build_run_after_run(databases: Twins) -> None:
    for _ in range(2):
        _land(databases)
        ours, theirs = databases.floe_run(), databases.dbt_build()
        assert_same_verdicts(ours, theirs)
        assert ours.exit_code == 0, ours.output
        assert _published(databases) == _built_by_dbt(databases)
        with (databases.project / "data" / "payments.csv").open("a", encoding="utf-8") as payments:
            payments.write("3,9\n")
    assert databases.show("from other_main.viewed order by id") == [(1, 5), (2, 7), (3, 9)]


def _land(twins: Twins) -> None:
    with duckdb.connect(str(twins.work / "landing.duckdb")) as connection:
        connection.execute("CREATE SCHEMA IF NOT EXISTS bronze")
        payments = twins.project / "data" / "payments.csv"
        connection.execute(f"CREATE OR REPLACE TABLE bronze.payments AS FROM read_csv('{payments}')")


def _published(twins: Twins) -> dict[str, list[str]]:
    return {key: sorted(map(str, twins.rows(key).to_pylist())) for key in twins.published_assets()}


def _built_by_dbt(twins: Twins) -> dict[str, list[str]]:
    rows: dict[str, list[str]] = {}
    with duckdb.connect() as connection:
        for name in ("floe", "other", "landing"):
            connection.execute(f"ATTACH '{twins.work / name}.duckdb' AS {name} (READ_ONLY)")
        for key, asset in twins.published_assets().items():
            where = asset.relation
            name = ".".join(quoted(part) for part in (where.database, where.schema_name, where.identifier))
            rows[key] = sorted(map(str, connection.execute(f"FROM {name}").to_arrow_table().to_pylist()))
    return rows
