"""Which nodes dbt itself builds during a run, because Floe does not know all that dbt would do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from floe.compiler.dbt.assets import incremental_strategy
from floe.compiler.dbt.own_macros import DBT_PACKAGES, own_macro_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MATERIALIZATIONS = ("view", "table", "incremental", "ephemeral")
TEST_MACROS = ("get_limit_subquery_sql", "get_test_sql", "should_store_failures")
"""dbt's macros around a data test's SQL, which the engine does itself."""
SNAPSHOT_STRATEGIES = ("timestamp", "check")
STRATEGIES = ("append", "delete+insert", "merge", "microbatch", "insert_overwrite")
SCHEMA_CHANGES = ("ignore", "fail", "append_new_columns", "sync_all_columns")
MERGE_OPTIONS = (
    "merge_clauses",
    "merge_insert_condition",
    "merge_on_using_columns",
    "merge_returning_columns",
    "merge_update_condition",
    "merge_update_set_expressions",
)


def driven_because(
    node: Any,  # noqa: ANN401 - dbt's node
    manifest: Any,  # noqa: ANN401 - dbt's Manifest
    package: str,
    own_macro: Callable[[str], str],
) -> str:
    """Why dbt must build a model, seed or snapshot itself ("has a `pre-hook`"); empty where Floe does.

    `package` is the name of the dbt project, `own_macro` what `own_macro_finder` gave for it.
    """
    materialization = node.config.materialized
    if materialization == "ephemeral":
        return ""
    if reason := next(_reasons(node, manifest, package), ""):
        return reason
    macro = own_macro(materialization)
    return f"uses the project's own macro `{macro}`" if macro else ""


def _reasons(node: Any, manifest: Any, package: str) -> Iterator[str]:  # noqa: ANN401 - dbt's node and Manifest
    config = node.config
    if str(getattr(node, "language", "sql")) == "python":
        yield "is a dbt Python model"
    macro = manifest.find_materialization_macro_by_name(package, config.materialized, "duckdb")
    if macro is not None and macro.package_name not in DBT_PACKAGES:
        yield f"has the project's own materialization `{config.materialized}`"
    if str(node.resource_type) == "model" and config.materialized not in MATERIALIZATIONS:
        yield f"has the materialization `{config.materialized}`"
    for what, setting in (
        ("a `pre-hook`", config.pre_hook),
        ("a `post-hook`", config.post_hook),
        ("an `sql_header`", config.get("sql_header")),
        ("an enforced `contract`", config.contract.enforced),
        ("`indexes`", config.get("indexes")),
    ):
        if setting:
            yield f"has {what}"
    if str(node.resource_type) == "snapshot" and config.strategy not in SNAPSHOT_STRATEGIES:
        yield f"has the snapshot strategy `{config.strategy}`"
    if config.materialized == "incremental":
        yield from _incremental_reasons(config)
        yield from _microbatch_reasons(config, manifest, package)


def _microbatch_reasons(config: Any, manifest: Any, package: str) -> Iterator[str]:  # noqa: ANN401 - dbt's own
    if config.incremental_strategy != "microbatch":
        return
    if not manifest.use_microbatch_batches(project_name=package):
        yield "has the project's own strategy `microbatch`"
    if config.unique_key:  # which dbt-duckdb refuses, in its own words
        yield "has a `unique_key` and the strategy `microbatch`"


def _incremental_reasons(config: Any) -> Iterator[str]:  # noqa: ANN401 - dbt's NodeConfig
    strategy = incremental_strategy(config)
    if strategy not in STRATEGIES:
        yield f"has the incremental strategy `{strategy}`"
    if config.on_schema_change not in (None, *SCHEMA_CHANGES):
        yield f"has `on_schema_change: {config.on_schema_change}`"
    if config.get("merge_update_columns") and config.get("merge_exclude_columns"):  # which dbt refuses
        yield "has `merge_update_columns` and `merge_exclude_columns`"
    for option in MERGE_OPTIONS:
        if config.get(option):
            yield f"has `{option}`"


def own_test_materialization(manifest: Any, package: str) -> str:  # noqa: ANN401 - dbt's Manifest
    """Why dbt must run the data tests itself; empty where Floe does."""
    macro = manifest.find_materialization_macro_by_name(package, "test", "duckdb")
    if macro is not None and macro.package_name not in DBT_PACKAGES:
        return "is run by the project's own materialization `test`"
    own = own_macro_for(manifest, TEST_MACROS)
    return f"is run by the project's own macro `{own}`" if own else ""
