"""`floe ls`: the assets of the project and what became of them last."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from floe.cli.application import Application, pass_application
from floe.cli.listing import OUTPUTS, lines
from floe.cli.options import FloeCommand, branch_option, dbt_options
from floe.cli.selection_options import selection_options
from floe.cli.wording import ago, iso_time
from floe.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from floe.artifact.models import Asset, Rendering, Test
    from floe.cli.printer import Printer
    from floe.cli.selecting import Wanted

    Last = Mapping[str, Mapping[str, Any]]


@click.command(
    cls=FloeCommand, examples=("floe ls", "floe ls -s layer:gold", "floe ls -s +orders --json", "floe ls --output name")
)
@selection_options
@click.option("--output", type=click.Choice(OUTPUTS), help="A line for each asset and test, as `dbt ls` prints it.")
@branch_option("What became of the assets on this branch.")
@dbt_options
@pass_application
def command(application: Application, wanted: Wanted, output: str | None) -> None:
    """List the assets with their layer, how they are materialized, and their last status.

    A selection that holds tests only, such as `--resource-type unit_test`, lists these.
    """
    from floe.cli.branching import existing_branch
    from floe.cli.project import bury_dead_runs, compile_now
    from floe.cli.selecting import selected

    artifacts = compile_now(application).artifacts
    bury_dead_runs(application, artifacts)
    selection = selected(application, artifacts, wanted)
    if output is not None:
        _print_lines(application.printer, lines(artifacts, selection, output))
        return
    assets = [artifacts.assets[key] for key in selection.assets]
    tests = [artifacts.tests[test_id] for test_id in selection.tests]
    last = _last(application.directory, artifacts.platform.environment, existing_branch(application, artifacts))
    document = {
        "assets": [_fields(asset, last.get(asset.key)) for asset in assets],
        "tests": [_test_fields(test) for test in tests],
    }
    application.printer.result(document, lambda: _show(application.printer, assets, tests, last))


def _print_lines(printer: Printer, found: Iterable[str]) -> None:
    if printer.as_json:
        raise UsageError("FLOE-0747", "`--output` and `--json` exclude each other", "leave one of them out")
    for line in found:
        printer.data(line)


def _last(directory: Path, environment: str, branch: str) -> Last:
    from floe.runtime.journal import read_journal

    journal = read_journal(directory)
    if journal is None:
        return {}
    with journal:
        return journal.last_status(environment, branch)


def _show(printer: Printer, assets: Sequence[Asset], tests: Sequence[Test], last: Last) -> None:
    if not assets:
        printer.table(("test", "kind", "asset", "path"), [(t.name, t.kind, t.attached_to, t.path) for t in tests])
        return
    for asset in assets:
        if asset.rendering_reason:
            printer.detail(f"{asset.key} is {way(asset.rendering)}: it {asset.rendering_reason}")
    printer.table(
        ("asset", "layer", "materialized", "status", "last run"),
        [(asset.key, asset.layer, _materialized(asset), *_status(asset, last.get(asset.key))) for asset in assets],
    )


def how_made(asset: Asset) -> str:
    """`seed`, `source`, `python`, `snapshot`, or the materialization of a model."""
    return {"dbt_snapshot": "snapshot", "model": asset.materialization}.get(asset.kind, asset.kind)


def way(rendering: Rendering) -> str:
    """What becomes of a node, in words."""
    words = {"late": "rendered during each run", "dbt": "built by dbt itself during each run"}
    return words.get(rendering, "rendered when it is compiled")


def _materialized(asset: Asset) -> str:
    return how_made(asset) if asset.rendering == "compiled" else f"{how_made(asset)}, {asset.rendering}"


def _status(asset: Asset, row: Mapping[str, Any] | None) -> tuple[str, str]:
    if row is None:
        return "", "" if asset.materialization == "ephemeral" else "never"
    ended = "" if row["run_status"] == "SUCCEEDED" else f", {row['run_status']}"
    return row["status"], f"{ago(row['finished_at'])}{ended}"


def _test_fields(test: Test) -> dict[str, Any]:
    return {
        "test": test.id,
        "name": test.name,
        "kind": test.kind,
        "asset": test.attached_to or None,
        "rendering": test.rendering,
        "rendering_reason": test.rendering_reason,
        "depends_on": list(test.depends_on),
        "tags": list(test.tags),
        "path": test.path,
    }


def _fields(asset: Asset, row: Mapping[str, Any] | None) -> dict[str, Any]:
    last = None
    if row is not None:
        last = {
            "status": row["status"],
            "run_id": row["run_id"],
            "run_status": row["run_status"],
            "finished_at": iso_time(row["finished_at"]),
            "seconds": row["seconds"],
            "rows": row["rows"],
        }
    return {
        "asset": asset.key,
        "layer": asset.layer,
        "name": asset.name,
        "kind": asset.kind,
        "materialization": asset.materialization,
        "publishes": asset.publishes,
        "rendering": asset.rendering,
        "rendering_reason": asset.rendering_reason,
        "depends_on": list(asset.depends_on),
        "tags": list(asset.tags),
        "description": asset.description,
        "path": asset.path,
        "last": last,
    }
