"""Every incremental strategy with every kind of key and of `on_schema_change`: as `dbt build`, model by model."""

from __future__ import annotations

import json
from itertools import product
from typing import TYPE_CHECKING

from .compare import assert_same_verdicts, replace
from .harness import Twins

if TYPE_CHECKING:
    from pathlib import Path

STRATEGIES = ("append", "delete+insert", "merge")
KEYS = (None, "id", ["id", "part"])
POLICIES = ("ignore", "append_new_columns", "sync_all_columns", "fail")
FLOE = """name: strategies
version: "0.1.0"
publish: per-asset
compute: {target: duckdb, properties: {threads: 2}}
transforms: [{type: dbt, path: ./dbt}]
"""


def test_each_strategy_with_each_key_and_schema_change_ends_as_in_dbt(tmp_path: Path) -> None:
    twins = Twins.of(_project(tmp_path / "source"), tmp_path)
    rows = twins.project / "dbt" / "models" / "rows.sql"
    _assert_same(twins)
    replace(rows, ("(3, 'b', 30)", "(2, 'b', 21), (4, 'b', 40)"), ("as value", "as value, value + 1 as extra"))
    _assert_same(twins)


def _project(folder: Path) -> Path:
    project = folder / "strategies"
    models = project / "dbt" / "models"
    models.mkdir(parents=True)
    (project / "floe.yaml").write_text(FLOE, "utf-8")
    (project / "dbt" / "dbt_project.yml").write_text("name: strategies\nversion: '1.0'\nprofile: strategies\n", "utf-8")
    (models / "rows.sql").write_text(
        "select id, part, value as value\n"
        "from (values (1, 'a', 10), (2, 'a', 20), (3, 'b', 30)) as t (id, part, value)\n",
        "utf-8",
    )
    for strategy, key, policy in product(STRATEGIES, KEYS, POLICIES):
        name = f"{strategy.partition('+')[0]}_{len(key) if isinstance(key, list) else key}_{policy}".lower()
        config = {"materialized": "incremental", "incremental_strategy": strategy, "on_schema_change": policy}
        config |= {} if key is None else {"unique_key": key}
        settings = ", ".join(f"{setting}={json.dumps(value)}" for setting, value in config.items())
        (models / f"{name}.sql").write_text(
            f"{{{{ config({settings}) }}}} select * from {{{{ ref('rows') }}}}", "utf-8"
        )
    return project


def _assert_same(twins: Twins) -> None:
    """Same verdicts, and the same tables: a model that failed stays as it was in both."""
    ours, theirs = twins.floe_run(), twins.dbt_build()
    assert_same_verdicts(ours, theirs)
    assert twins.differences(*twins.published_assets()) == []
