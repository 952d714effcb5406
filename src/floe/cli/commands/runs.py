"""`floe runs`: what ran, and what one run did."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeVar

import click

from floe.cli.application import Application, pass_application
from floe.cli.completion import complete_runs
from floe.cli.options import FloeCommand
from floe.cli.table import Exact
from floe.cli.wording import ago, iso_time, local_time, short_run
from floe.config.discovery import DEFAULT_ENVIRONMENT
from floe.errors import UsageError
from floe.observe.wording import count, duration, size

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from floe.cli.printer import Printer
    from floe.runtime.journal import Journal

Answer = TypeVar("Answer")

_GOOD = ("pass", "success")
_PARTS = ("hooks", "nodes", "tests", "catalogs", "publishes", "maintenance")


@click.command(cls=FloeCommand, examples=("floe runs", "floe runs --limit 5 --json", "floe runs 20260131T120000"))
@click.argument("run_id", required=False, shell_complete=complete_runs)
@click.option(
    "--limit",
    default=20,
    show_default=True,
    metavar="N",
    type=click.IntRange(min=1),
    help="How many of the latest runs.",
)
@pass_application
def command(application: Application, run_id: str | None, limit: int) -> None:
    """List the latest runs; with a RUN_ID (its beginning is enough), show what that run did."""
    if run_id is None:
        _list(application.printer, _read(application, lambda journal: journal.runs(limit)) or [])
        return
    found = _read(application, lambda journal: journal.run(run_id))
    if found is None:
        raise UsageError("FLOE-0710", f"there is no run `{run_id}`", "`floe runs` lists the latest")
    _show(application.printer, found)


def _read(application: Application, question: Callable[[Journal], Answer]) -> Answer | None:
    """Ask the journal; None where nothing has run yet."""
    from floe.cli.project import note_dead_runs, require_project
    from floe.runtime.journal import journal_path, read_journal

    directory = require_project(application)
    if not journal_path(directory).exists():
        return None
    note_dead_runs(application)
    journal = read_journal(directory)
    if journal is None:
        return None
    with journal:
        return question(journal)


def _list(printer: Printer, runs: Sequence[Mapping[str, Any]]) -> None:
    def show() -> None:
        if not runs:
            printer.say("nothing has run in this project yet")
            return
        columns = ("run", "started", "time", "what", "status", "nodes", "tests", "tables")
        printer.table(columns, [_row(run) for run in runs])

    printer.result({"runs": [_run_fields(run) for run in runs]}, show)


def _row(run: Mapping[str, Any]) -> tuple[object, ...]:
    return (
        Exact(short_run(run["run_id"])),
        ago(run["started_at"]),
        duration(run["finished_at"] - run["started_at"]) if run["finished_at"] else "",
        _what(run),
        run["status"],
        _counts(run["nodes"]),
        _counts(run["tests"]),
        run["tables_published"],
    )


def _what(run: Mapping[str, Any]) -> str:
    """The command, with environment and branch where these are not the usual ones."""
    branch = "" if run["branch"] == "main" else f" on {run['branch']}"
    environment = "" if run["environment"] == DEFAULT_ENVIRONMENT else f" in {run['environment']}"
    return f"{run['command']}{branch}{environment}"


def _counts(by_status: Mapping[str, int]) -> str:
    """`12`, or `12 (1 fail, 2 skipped)` where not all is well."""
    total = sum(by_status.values())
    rest = ", ".join(f"{count} {status}" for status, count in by_status.items() if status not in _GOOD)
    return f"{total} ({rest})" if rest else str(total)


def _run_fields(run: Mapping[str, Any]) -> dict[str, Any]:
    fields = {key: value for key, value in run.items() if key not in ("started_at", "finished_at", "failure", "plan")}
    return {
        **fields,
        "started_at": iso_time(run["started_at"]),
        "finished_at": iso_time(run["finished_at"]),
        "seconds": round(run["finished_at"] - run["started_at"], 3) if run["finished_at"] else None,
        "failure": _failure(run),
    }


def _part_fields(part: Mapping[str, Any]) -> dict[str, Any]:
    """A node, test or publish: without the run's id, with times as text and the failure as an object."""
    fields = {key: value for key, value in part.items() if key != "run_id"}
    for key in ("finished_at", "published_at"):
        if key in fields:
            fields[key] = iso_time(fields[key])
    if "failure" in fields:
        fields["failure"] = _failure(part)
    if "found" in fields:
        found = _found(part)
        fields |= {"columns": found["columns"], "sample": found["rows"]}
        del fields["found"]
    return fields


def _failure(row: Mapping[str, Any]) -> dict[str, Any] | None:
    loaded: dict[str, Any] | None = json.loads(row["failure"]) if row["failure"] else None
    return loaded


def _found(test: Mapping[str, Any]) -> dict[str, Any]:
    """How the rows of a failed unit test differ from the expected ones."""
    found: dict[str, Any] = json.loads(test["found"]) if test["found"] else {"columns": [], "rows": []}
    return found


def _show(printer: Printer, run: Mapping[str, Any]) -> None:
    parts = {name: [_part_fields(part) for part in run[name]] for name in _PARTS}
    printer.result({"run": {**_run_fields(run), **parts}}, lambda: _show_parts(printer, run))


def _show_parts(printer: Printer, run: Mapping[str, Any]) -> None:
    for name, value in _facts(run):
        printer.data(f"{printer.out_palette.bold(name.ljust(8))}  {value}")
    _section(printer, ("asset", "kind", "status", "time", "rows", "why"), [_node_row(node) for node in run["nodes"]])
    _section(printer, ("hook", "phase", "status", "time", "why"), [_hook_row(hook) for hook in run["hooks"]])
    _section(printer, ("test", "status", "time", "failures", "why"), [_test_row(test) for test in run["tests"]])
    _show_differences(printer, run["tests"])
    if len(run["catalogs"]) > 1 or not all(part["atomic"] for part in run["catalogs"]):
        _section(printer, ("catalog", "status", "commit", "tables"), [_catalog_row(part) for part in run["catalogs"]])
    _section(printer, ("table", "operation", "added", "removed", "total", "snapshot"), _published_rows(run))
    _section(printer, ("table", "time", "compacted", "expired", "deleted", "size", "why"), _maintained_rows(run))


def _facts(run: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What is said of the run as a whole: a name and a value for each line."""
    facts = [
        ("run", run["run_id"]),
        ("status", run["status"] + (f": {run['note']}" if run["note"] else "")),
        ("command", f"{run['command']}, environment {run['environment']}, {count(run['threads'], 'thread')}"),
        ("started", f"{local_time(run['started_at'])} on host {run['host']}, pid {run['pid']}"),
        ("artifact", run["digest"]),
    ]
    if run["finished_at"]:
        facts.insert(3, ("time", duration(run["finished_at"] - run["started_at"])))
    failure = _failure(run)
    if failure:
        facts.append(("failure", f"{failure['code']}: {failure['reason']}"))
    return facts


def _show_differences(printer: Printer, tests: Sequence[Mapping[str, Any]]) -> None:
    """How what failed unit tests found differs from what they expected."""
    for test in tests:
        found = _found(test)
        if found["rows"]:
            printer.data(f"\nunit test {test['name']}: --- expected and missing, +++ not expected, -> expected->actual")
            printer.table(tuple(found["columns"]), [tuple(row) for row in found["rows"]])


def _section(printer: Printer, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    if rows:
        printer.data("")
        printer.table(columns, rows)


def _catalog_row(part: Mapping[str, Any]) -> tuple[object, ...]:
    commit = "all tables at once" if part["atomic"] else "one table after the other"
    return (part["catalog"], part["status"], commit, ", ".join(part["tables"]))


def _why(part: Mapping[str, Any]) -> str:
    skipped = f"skipped because of {part['skipped_because']}" if part["skipped_because"] else ""
    return _failure_text(part) or skipped


def _node_row(node: Mapping[str, Any]) -> tuple[object, ...]:
    kind = node["kind"] if node["kind"] in ("source", "seed", "python") else node["materialization"]
    rows = "" if node["rows"] is None else node["rows"]
    return (node["asset"], kind, node["status"], duration(node["seconds"]), rows, _why(node))


def _hook_row(hook: Mapping[str, Any]) -> tuple[object, ...]:
    return (hook["name"], hook["phase"], hook["status"], duration(hook["seconds"]), _why(hook))


def _test_row(test: Mapping[str, Any]) -> tuple[object, ...]:
    failures = "" if test["failures"] is None else test["failures"]
    return (test["name"], test["status"], duration(test["seconds"]), failures, _why(test))


def _published_rows(run: Mapping[str, Any]) -> list[tuple[object, ...]]:
    return [
        (
            item["table_name"],
            item["operation"],
            item["rows_added"],
            item["rows_removed"],
            item["rows_total"],
            Exact(item["snapshot_id"]),
        )
        for item in run["publishes"]
    ]


def _maintained_rows(run: Mapping[str, Any]) -> list[tuple[object, ...]]:
    return [
        (
            item["table_name"],
            duration(item["seconds"]),
            f"{item['files_compacted']:,} into {item['files_written']:,}" if item["files_compacted"] else "",
            item["snapshots_expired"],
            item["files_deleted"] + item["orphans_deleted"],
            f"{size(item['bytes_before'])} -> {size(item['bytes_after'])}",
            _failure_text(item),
        )
        for item in run["maintenance"]
    ]


def _failure_text(item: Mapping[str, Any]) -> str:
    failure = _failure(item)
    return f"{failure['code']}: {failure['reason']}" if failure else ""
