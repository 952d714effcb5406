"""`floe freshness`: how old the newest rows of dbt's sources are."""

from __future__ import annotations

import time
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from floe.cli.application import Application, pass_application
from floe.cli.options import FloeCommand, dbt_options
from floe.cli.selection_options import selection_options
from floe.cli.wording import ago
from floe.errors import EXIT_OK, EXIT_PIPELINE_FAILED, FloeError, NodeError, SelectionError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from floe.artifact.dbt_project import Freshness
    from floe.artifact.models import CompiledArtifacts
    from floe.cli.printer import Printer
    from floe.cli.selecting import Wanted
    from floe.docs.sources import Judged
    from floe.engines.duckdb.reader import Reader

    Ask = Callable[[str, Freshness], tuple[datetime, datetime]]

FAILED = ("error", "runtime error")
_NEVER = datetime(1, 1, 1, tzinfo=UTC)


@click.command(
    cls=FloeCommand,
    examples=(
        "floe freshness",
        "floe freshness -s source:bronze",
        "floe freshness -o sources.json",
        "floe freshness --json",
    ),
)
@selection_options
@click.option("-o", "--output", metavar="FILE", show_default="dbt's `target`", help="Where to write sources.json.")
@dbt_options
@pass_application
def command(application: Application, wanted: Wanted, output: str | None) -> int:
    """Judge the sources by `freshness` and `loaded_at_field` or `loaded_at_query` of the dbt projects.

    As `dbt source freshness`: each is pass, warn or error, sources.json is written, and the exit status is 1 when a
    source is older than its `error_after`, or cannot be read.
    """
    from floe.cli.project import bury_dead_runs, compile_now
    from floe.docs.sources import Judged

    started = time.time()
    artifacts = compile_now(application).artifacts
    bury_dead_runs(application, artifacts)
    rules = _selected(application, artifacts, wanted)
    if not rules:
        way_out = "give a source `loaded_at_field` and `freshness` in its dbt YAML file"
        raise UsageError("FLOE-0718", "no selected source says how fresh it must be", way_out)
    with _asking(application, artifacts) as ask:
        results = [_judged(ask, unique_id, rule) for unique_id, rule in rules.items()]
    judged = [Judged(item["unique_id"], rules[item["unique_id"]], item) for item in results]
    _write(application, judged, output, started)
    document = {"status": "error" if any(item["status"] in FAILED for item in results) else "ok", "sources": results}
    application.printer.result(document, lambda: _show(application.printer, results))
    return EXIT_PIPELINE_FAILED if document["status"] == "error" else EXIT_OK


def _selected(application: Application, artifacts: CompiledArtifacts, wanted: Wanted) -> dict[str, Freshness]:
    """The rules of what is selected. Sources that read files themselves are no assets: selections name them only."""
    from floe.cli.selecting import selected

    rules = artifacts.freshness
    named = {name for name, rule in rules.items() if not rule.asset and _is_named(rule, wanted)}
    try:
        chosen = set(selected(application, artifacts, wanted).assets)
    except SelectionError:
        if not named:
            raise
        chosen = set()
    return {name: rule for name, rule in rules.items() if rule.asset in chosen or name in named}


def _is_named(rule: Freshness, wanted: Wanted) -> bool:
    from fnmatch import fnmatchcase

    def matches(words: Sequence[str]) -> bool:
        patterns = [item.removeprefix("source:") for word in words for item in word.split() if "source:" in item]
        return any(fnmatchcase(rule.name, pattern) or rule.name.split(".")[0] == pattern for pattern in patterns)

    everything = not (wanted.select or wanted.selector)
    return (everything or matches(wanted.select)) and not matches(wanted.exclude)


def _write(application: Application, judged: list[Judged], output: str | None, started: float) -> None:
    """Write sources.json of each dbt project, or one file for all of them."""
    from floe.cli.project import load_project
    from floe.compiler.dbt.project import artifacts_folder, locate
    from floe.docs.sources import write_sources

    if output is not None:
        write_sources(judged, Path(output), started)
        return
    projects = locate(load_project(application))
    for project in projects:
        folder = artifacts_folder(project, projects, None)
        mine = [item for item in judged if item.rule.transform == project.name]
        if mine:
            write_sources(mine, folder / "sources.json", started)


@contextmanager
def _asking(application: Application, artifacts: CompiledArtifacts) -> Iterator[Ask]:
    """What tells the moment of a source's newest row, and when that was asked, both in UTC."""
    directory = application.directory.resolve()
    if artifacts.compute.is_warehouse:
        from floe.engines.warehouse.reader import WarehouseReader

        with WarehouseReader(artifacts, directory) as warehouse:
            yield lambda unique_id, rule: warehouse.freshness(rule.transform, unique_id)
        return
    from floe.engines.duckdb.reader import open_reader
    from floe.lake.open import open_catalogs

    with closing(open_reader(artifacts, directory, open_catalogs(artifacts, directory))) as reader:
        yield lambda _, rule: (_newest(reader, artifacts, rule), datetime.now(UTC))


def _judged(ask: Ask, unique_id: str, rule: Freshness) -> dict[str, Any]:
    fields: dict[str, Any] = {"source": rule.name, "unique_id": unique_id, "asset": rule.asset}
    began = time.perf_counter()
    try:
        loaded_at, now = ask(unique_id, rule)
    except FloeError as error:
        return {**fields, "status": "runtime error", "max_loaded_at": None, "age_seconds": None, "why": error.reason}
    age = (now - loaded_at).total_seconds()
    newest = None if loaded_at == _NEVER else loaded_at.isoformat()
    fields |= {"status": status_of(rule, age), "max_loaded_at": newest, "age_seconds": round(age, 3), "why": ""}
    return {**fields, "judged_at": now.isoformat(), "seconds": round(time.perf_counter() - began, 6)}


def status_of(rule: Freshness, age: float) -> str:
    """Dbt's verdict on an age in seconds."""
    if rule.error_after is not None and age > rule.error_after:
        return "error"
    return "warn" if rule.warn_after is not None and age > rule.warn_after else "pass"


def _newest(reader: Reader, artifacts: CompiledArtifacts, rule: Freshness) -> datetime:
    """The moment of the newest row, in UTC; of no rows the beginning of time, as for dbt."""
    ((newest,),) = reader.sql(_question(artifacts, rule), 1).rows
    if newest is None:
        return _NEVER
    if not isinstance(newest, datetime):
        subject, setting = (
            ("the result", "loaded_at_query") if rule.query else (f"`{rule.loaded_at}`", "loaded_at_field")
        )
        reason = f"{subject} is no timestamp, but {newest!r}"
        raise NodeError("FLOE-0719", reason, f"cast it in `{setting}`, e.g. `cast(day as timestamp)`")
    return newest.astimezone(UTC) if newest.tzinfo else newest.replace(tzinfo=UTC)


def _question(artifacts: CompiledArtifacts, rule: Freshness) -> str:
    """The query of dbt's macros `collect_freshness` and `collect_freshness_custom_sql`."""
    if rule.query:
        return f"WITH source_query AS ({rule.query}\n) SELECT (SELECT * FROM source_query)"
    table = rule.reads
    if rule.asset:
        relation = artifacts.assets[rule.asset].relation
        names = (relation.database, relation.schema_name, relation.identifier)
        table = ".".join('"' + part.replace('"', '""') + '"' for part in names)
    where = f" WHERE {rule.filter}" if rule.filter else ""
    return f"SELECT max({rule.loaded_at}) FROM {table}{where}"


def _show(printer: Printer, results: list[dict[str, Any]]) -> None:
    rows = [(item["source"], item["status"], _age(item), item["why"]) for item in results]
    printer.table(("source", "status", "newest row", "why"), rows)


def _age(item: dict[str, Any]) -> str:
    if item["max_loaded_at"] is None:
        return ""
    return ago(datetime.fromisoformat(item["max_loaded_at"]).timestamp())
