"""`floe show`: rows of a table, a view or a query."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import click

from floe.cli.application import Application, pass_application
from floe.cli.completion import complete_relations
from floe.cli.options import FloeCommand, branch_option, dbt_options
from floe.errors import UsageError
from floe.observe.wording import count

if TYPE_CHECKING:
    from floe.artifact.models import CompiledArtifacts
    from floe.cli.printer import Printer
    from floe.engines.base import QueryResult
    from floe.engines.duckdb.reader import Reader


class Wish(NamedTuple):
    """What of the data is to be shown."""

    table: str | None
    sql: str | None
    limit: int
    at: str | None


@click.command(
    cls=FloeCommand,
    examples=(
        "floe show gold.orders",
        "floe show orders --limit 5 --at 2026-01-31T12:00:00",
        "floe show orders --at before_the_sale",
        'floe show --sql "select count(*) from gold.orders"',
        "floe show --inline \"select count(*) from {{ ref('orders') }}\"",
        "floe show orders --json --limit 1000",
    ),
)
@click.argument("table", required=False, shell_complete=complete_relations)
@click.option("--sql", metavar="QUERY", help="A query over everything that is published.")
@click.option("--inline", metavar="QUERY", help="The same with Jinja: `ref`, `source`, macros and variables.")
@click.option(
    "--limit", default=20, show_default=True, metavar="N", type=click.IntRange(min=0), help="How many rows at most."
)
@click.option("--at", metavar="WHEN", help="The table at a snapshot, ISO 8601 time, tag, branch or run.")
@branch_option("Read this branch of the tables, and main where they have none.")
@dbt_options
@pass_application
def command(
    application: Application, table: str | None, sql: str | None, inline: str | None, limit: int, at: str | None
) -> None:
    """Show rows of TABLE: a published table or a view, by its key (gold.orders) or name (orders); or of a query."""
    from floe.cli.project import last_artifacts

    if inline is None and (application.variables is not None or application.target or application.profiles_directory):
        reason = "`--vars`, `--target` and `--profiles-dir` have no effect on what is published"
        raise UsageError("FLOE-0749", reason, "give them with `--inline`, or leave them out")
    if sql is not None and inline is not None:
        raise UsageError("FLOE-0711", "`--sql` and `--inline` exclude each other", "leave one of them out")
    _check_usage(table, sql if inline is None else inline, at)
    if inline is not None:
        from floe.cli.project import rendered_inline

        sql = rendered_inline(application, inline)
    artifacts = last_artifacts(application)
    read = _in_warehouse if artifacts.compute.is_warehouse else _published
    result = read(application, artifacts, Wish(table, sql, limit, at))
    branch = None if artifacts.compute.is_warehouse else application.branch
    document = {"table": table, "sql": sql, "at": at, "branch": branch, **_fields(result)}
    application.printer.shows_rows = True
    application.printer.result(document, lambda: _show(application.printer, result))


def _check_usage(table: str | None, sql: str | None, at: str | None) -> None:
    if (table is None) == (sql is None):
        raise UsageError("FLOE-0711", "name one table, or give a query with `--sql`", "`floe ls` lists the tables")
    if sql is not None and at is not None:
        raise UsageError("FLOE-0711", "`--at` belongs to a table, not to a query", "leave `--at` out, or name a table")


def _published(application: Application, artifacts: CompiledArtifacts, wish: Wish) -> QueryResult:
    from floe.cli.heeding import heeding_interrupts

    reader = _open(application, artifacts)
    try:
        if (sql := wish.sql) is not None:
            return heeding_interrupts(reader, lambda: reader.sql(sql, wish.limit))
        name = _namespace_and_name(artifacts, wish.table or "")
        return heeding_interrupts(reader, lambda: reader.table(*name, wish.limit, wish.at))
    finally:
        reader.close()


def _in_warehouse(application: Application, artifacts: CompiledArtifacts, wish: Wish) -> QueryResult:
    from floe.cli.naming import find_asset
    from floe.engines.warehouse.reader import WarehouseReader

    if wish.at is not None:
        reason = f"`--at` has no meaning here: `{artifacts.compute.type}` keeps the history of its tables itself"
        raise UsageError("FLOE-0735", reason, "ask the warehouse, with `--sql` and its own syntax for earlier rows")
    with WarehouseReader(artifacts, application.directory.resolve()) as reader:
        if wish.sql is not None:
            return reader.sql(wish.sql, wish.limit)
        name = wish.table or ""
        asset = find_asset(artifacts, name)
        return reader.table(name if asset is None else reader.relation_name(asset), wish.limit)


def _open(application: Application, artifacts: CompiledArtifacts) -> Reader:
    from floe.cli.branching import existing_branch
    from floe.engines.duckdb.reader import open_reader
    from floe.lake.history.branches import on_branch
    from floe.lake.open import open_catalogs

    directory = application.directory.resolve()
    catalogs = on_branch(open_catalogs(artifacts, directory), existing_branch(application, artifacts))
    return open_reader(artifacts, directory, catalogs)


def _namespace_and_name(artifacts: CompiledArtifacts, text: str) -> tuple[str, str]:
    """The catalog's name of a table, the session's of a view; what is no asset's name is taken as it is written."""
    from floe.cli.naming import find_asset

    asset = find_asset(artifacts, text)
    if asset is None:
        namespace, _, name = text.rpartition(".")
        return namespace, name
    return artifacts.table_name(asset)


def _show(printer: Printer, result: QueryResult) -> None:
    printer.table(result.columns, result.rows)
    if result.truncated:
        printer.say(f"the first {count(len(result.rows), 'row')}; more with `--limit`")
    elif not result.rows:
        printer.say("no rows")


def _fields(result: QueryResult) -> dict[str, Any]:
    from floe.cli.values import as_json

    return {
        "columns": [{"name": name, "type": type_} for name, type_ in zip(result.columns, result.types, strict=True)],
        "rows": [[as_json(value) for value in row] for row in result.rows],
        "truncated": result.truncated,
    }
