"""`floe maintain`: expire snapshots, compact small files, delete what no table refers to."""

from __future__ import annotations

import contextlib
import re
import traceback
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from floe.cli.application import Application, pass_application
from floe.cli.failures import error_fields
from floe.cli.options import FloeCommand, wait_option
from floe.cli.selection_options import selection_options
from floe.errors import UsageError
from floe.observe.wording import count, duration, size

if TYPE_CHECKING:
    from floe.artifact.models import CompiledArtifacts
    from floe.cli.printer import Printer
    from floe.cli.selecting import Wanted
    from floe.lake.care.report import Size, TableReport
    from floe.observe.care import CareProgress
    from floe.runtime.maintenance import MaintenanceResult

_AGE = re.compile(r"(\d{1,6})\s*([dhm])")
_UNITS = {"d": "days", "h": "hours", "m": "minutes"}
_YOUNGEST = timedelta(hours=1)


@click.command(
    "maintain",
    cls=FloeCommand,
    examples=(
        "floe maintain --dry-run",
        "floe maintain",
        "floe maintain -s gold.*",
        "floe maintain --older-than 7d --json",
    ),
)
@selection_options
@click.option("--dry-run", is_flag=True, help="Only say what would be done; nothing is written.")
@click.option(
    "--older-than",
    default="3d",
    show_default=True,
    metavar="AGE",
    help="Age from which files are deleted that no table refers to, e.g. 3d or 12h; 1h at least.",
)
@wait_option
@pass_application
def command(application: Application, wanted: Wanted, dry_run: bool, older_than: str, wait: float) -> int:
    """Expire old snapshots, compact small files, rewrite manifests, delete files that no table refers to.

    How long snapshots are kept is said by `layers` in platform.yaml. Without a selection it cares for every table that
    Floe wrote. Readers are not disturbed; a run of the same environment waits, or is waited for.
    """
    from floe.cli.running import compile_for_run
    from floe.runtime.maintenance import MaintenanceRequest, maintain

    age = _age(older_than)
    artifacts = compile_for_run(application)
    if artifacts.compute.is_warehouse:
        reason = f"`{artifacts.compute.type}` cares for its tables itself; Floe publishes no Iceberg tables there"
        raise UsageError("FLOE-0735", reason, "use the commands of the warehouse")
    request = MaintenanceRequest(
        project_directory=application.directory.resolve(),
        artifacts=artifacts,
        selected=_selected(application, artifacts, wanted),
        older_than=age,
        rehearsal=dry_run,
        wait_seconds=wait,
    )
    printer = application.printer
    with contextlib.redirect_stdout(printer.err):
        result = maintain(request, [] if dry_run else [_progress(printer)])
    _tell(printer, result, dry_run=dry_run)
    application.leave_at_once = result.abandoned
    return result.exit_status


def _age(text: str) -> timedelta:
    matched = _AGE.fullmatch(text.strip())
    if matched is None:
        raise UsageError("FLOE-0592", f"`{text}` is no age", "write days, hours or minutes: `3d`, `12h`, `90m`")
    age = timedelta(**{_UNITS[matched[2]]: int(matched[1])})
    if age < _YOUNGEST:
        reason = f"`--older-than {text}` could delete files that a run is about to publish"
        raise UsageError("FLOE-0592", reason, "give one hour (`1h`) or more")
    return age


def _selected(application: Application, artifacts: CompiledArtifacts, wanted: Wanted) -> frozenset[str] | None:
    """Keys of the selected assets; None where nothing was selected."""
    from floe.cli.selecting import selected

    if not (wanted.select or wanted.exclude or wanted.selector or wanted.types or wanted.excluded_types):
        return None
    return frozenset(selected(application, artifacts, wanted).assets)


def _progress(printer: Printer) -> CareProgress:
    from floe.observe.care import CareProgress

    return CareProgress(printer.problem, paint=printer.palette, verbosity=printer.verbosity)


def _tell(printer: Printer, result: MaintenanceResult, *, dry_run: bool) -> None:
    for failure in result.observer_failures:
        printer.warn(failure)
    if printer.verbosity >= 2:
        for error in result.errors:
            printer.detail("".join(traceback.format_exception(error)).rstrip())
    printer.result(_document(result, dry_run=dry_run), lambda: _show(printer, result, dry_run=dry_run))


def _show(printer: Printer, result: MaintenanceResult, *, dry_run: bool) -> None:
    shown = [report for report in result.tables if report.changed or printer.verbosity >= 1]
    if shown:
        columns = ("table", "snapshots", "data files", "stored files", "stored", "manifests", "expired", "orphans")
        rows = [_row(report.table, report.before, report.after, report) for report in shown]
        if len(result.tables) > 1:
            before, after = _totals(result)
            rows.append(_row(count(len(result.tables), "table"), before, after, None))
        printer.table(columns, rows)
    _notes(printer, result)
    _last_line(printer, result, dry_run=dry_run)


def _notes(printer: Printer, result: MaintenanceResult) -> None:
    leftovers = result.leftovers
    if leftovers is not None and leftovers.files:
        what = f"{count(leftovers.files, 'file')} ({size(leftovers.size_bytes)})"
        printer.say(f"{printer.palette.cyan('note:')} {what} of tables that never came to be")
    for folder in leftovers.unknown_folders if leftovers is not None else ():
        printer.say(f"{printer.palette.cyan('note:')} `{folder}` holds a table that no catalog knows; it is left alone")
    for what, failure in result.failures:
        name = f"`{what}`: " if what else ""
        printer.problem(f"{printer.palette.red('error')}[{failure.code}]: {name}{failure.reason}")
        if failure.instruction:
            printer.problem(f"{printer.palette.cyan('hint:')} {failure.instruction}")


def _last_line(printer: Printer, result: MaintenanceResult, *, dry_run: bool) -> None:
    before, after = _totals(result)
    if not any(report.changed for report in result.tables) and not result.failures:
        printer.say(f"nothing to do in {count(len(result.tables), 'table')}, {size(before.stored_bytes)}")
        return
    word = "would be" if dry_run else "are now"
    was = f"{count(before.stored_files, 'file')}, {size(before.stored_bytes)}"
    now = f"{count(after.stored_files, 'file')}, {size(after.stored_bytes)}"
    ended = "" if dry_run else f"; {result.status} in {duration(result.seconds)}"
    printer.say(f"{was} {word} {now}{ended}")


def _totals(result: MaintenanceResult) -> tuple[Size, Size]:
    from floe.lake.care.report import total

    return total(report.before for report in result.tables), total(report.after for report in result.tables)


def _row(name: str, before: Size, after: Size, report: TableReport | None) -> tuple[object, ...]:
    return (
        name,
        _change(before.snapshots, after.snapshots),
        _change(before.data_files, after.data_files),
        _change(before.stored_files, after.stored_files),
        _change(size(before.stored_bytes), size(after.stored_bytes)),
        _change(before.manifests, after.manifests),
        "" if report is None else report.work.snapshots_expired,
        "" if report is None else report.work.orphans_deleted,
    )


def _change(before: int | str, after: int | str) -> str:
    was, now = (f"{value:,}" if isinstance(value, int) else value for value in (before, after))
    return was if was == now else f"{was} -> {now}"


def _document(result: MaintenanceResult, *, dry_run: bool) -> dict[str, Any]:
    before, after = _totals(result)
    leftovers = result.leftovers
    return {
        "status": result.status,
        "dry_run": dry_run,
        "run_id": result.run_id or None,
        "seconds": round(result.seconds, 3),
        "before": vars(before),
        "after": vars(after),
        "tables": [_table_fields(report) for report in result.tables],
        "leftover_files": leftovers.files if leftovers else None,
        "leftover_bytes": leftovers.size_bytes if leftovers else None,
        "unknown_folders": leftovers.unknown_folders if leftovers else None,
        "failures": [{"table": what or None, "failure": error_fields(failure)} for what, failure in result.failures],
    }


def _table_fields(report: TableReport) -> dict[str, Any]:
    return {
        "table": report.table,
        "asset": report.asset or None,
        "before": vars(report.before),
        "after": vars(report.after),
        **vars(report.work),
    }
