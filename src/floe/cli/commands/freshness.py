"""`floe freshness`: how old the newest rows of dbt's sources are."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from floe.cli.application import Application, pass_application
from floe.cli.options import FloeCommand, dbt_options, selection_options
from floe.cli.wording import ago
from floe.errors import EXIT_OK, EXIT_PIPELINE_FAILED, FloeError, NodeError, UsageError

if TYPE_CHECKING:
    from floe.artifact.models import CompiledArtifacts, Freshness
    from floe.cli.printer import Printer
    from floe.cli.selecting import Wanted
    from floe.engines.duckdb.reader import Reader

FAILED = ("error", "runtime error")
_NEVER = datetime(1, 1, 1, tzinfo=UTC)


@click.command(cls=FloeCommand, examples=("floe freshness", "floe freshness -s source:bronze", "floe freshness --json"))
@selection_options
@dbt_options
@pass_application
def command(application: Application, wanted: Wanted) -> int:
    """Judge the published sources by `freshness` and `loaded_at_field` of the dbt projects: pass, warn or error.

    As `dbt source freshness`: the exit status is 1 when a source is older than its `error_after`, or cannot be read.
    """
    from floe.cli.project import bury_dead_runs, compile_now
    from floe.cli.selecting import selected

    artifacts = compile_now(application).artifacts
    bury_dead_runs(application, artifacts)
    chosen = set(selected(application, artifacts, wanted).assets)
    rules = {name: rule for name, rule in artifacts.freshness.items() if rule.asset in chosen}
    if not rules:
        way_out = "give a source `loaded_at_field` and `freshness` in its dbt YAML file"
        raise UsageError("FLOE-0718", "no selected source says how fresh it must be", way_out)
    reader = _open(application, artifacts)
    try:
        results = [_judged(reader, artifacts, unique_id, rule) for unique_id, rule in rules.items()]
    finally:
        reader.close()
    document = {"status": "error" if any(item["status"] in FAILED for item in results) else "ok", "sources": results}
    application.printer.result(document, lambda: _show(application.printer, results))
    return EXIT_PIPELINE_FAILED if document["status"] == "error" else EXIT_OK


def _open(application: Application, artifacts: CompiledArtifacts) -> Reader:
    from floe.engines.duckdb.reader import open_reader
    from floe.lake.open import open_catalogs

    directory = application.directory.resolve()
    return open_reader(artifacts, directory, open_catalogs(artifacts, directory))


def _judged(reader: Reader, artifacts: CompiledArtifacts, unique_id: str, rule: Freshness) -> dict[str, Any]:
    fields: dict[str, Any] = {"source": rule.name, "unique_id": unique_id, "asset": rule.asset}
    now = datetime.now(UTC)
    try:
        loaded_at = _newest(reader, artifacts, rule)
    except FloeError as error:
        return {**fields, "status": "runtime error", "max_loaded_at": None, "age_seconds": None, "why": error.reason}
    age = (now - loaded_at).total_seconds()
    newest = None if loaded_at == _NEVER else loaded_at.isoformat()
    return {**fields, "status": status_of(rule, age), "max_loaded_at": newest, "age_seconds": round(age, 3), "why": ""}


def status_of(rule: Freshness, age: float) -> str:
    """Dbt's verdict on an age in seconds."""
    if rule.error_after is not None and age > rule.error_after:
        return "error"
    return "warn" if rule.warn_after is not None and age > rule.warn_after else "pass"


def _newest(reader: Reader, artifacts: CompiledArtifacts, rule: Freshness) -> datetime:
    """The moment of the newest row, in UTC; of no rows the beginning of time, as for dbt."""
    relation = artifacts.assets[rule.asset].relation
    table = ".".join('"' + part.replace('"', '""') + '"' for part in (relation.schema_name, relation.identifier))
    where = f" WHERE {rule.filter}" if rule.filter else ""
    ((newest,),) = reader.sql(f"SELECT max({rule.loaded_at}) FROM {table}{where}", 1).rows
    if newest is None:
        return _NEVER
    if not isinstance(newest, datetime):
        reason = f"`{rule.loaded_at}` is no timestamp, but {newest!r}"
        raise NodeError("FLOE-0719", reason, "cast it in `loaded_at_field`, e.g. `cast(day as timestamp)`")
    return newest.astimezone(UTC) if newest.tzinfo else newest.replace(tzinfo=UTC)


def _show(printer: Printer, results: list[dict[str, Any]]) -> None:
    rows = [(item["source"], item["status"], _age(item), item["why"]) for item in results]
    printer.table(("source", "status", "newest row", "why"), rows)


def _age(item: dict[str, Any]) -> str:
    if item["max_loaded_at"] is None:
        return ""
    return ago(datetime.fromisoformat(item["max_loaded_at"]).timestamp())
