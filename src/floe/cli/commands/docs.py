"""`floe docs`: dbt's artifacts and its documentation site."""

from __future__ import annotations

import os
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import click

from floe.cli.application import Application, pass_application
from floe.cli.options import FloeCommand, dbt_options
from floe.cli.wording import short_run
from floe.errors import UsageError
from floe.observe.wording import count

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from floe.artifact.models import CompiledArtifacts
    from floe.cli.printer import Printer
    from floe.compiler.dbt.project import DbtProject
    from floe.docs.catalog import Lake
    from floe.docs.compiled import Run
    from floe.docs.generate import Written
    from floe.docs.warehouse import Warehouse


@click.command(
    cls=FloeCommand,
    examples=(
        "floe docs",
        "floe docs generate --target-path build/docs --static",
        "floe docs --run 20260131T120000",
        "floe docs serve --port 8001 --no-browser",
    ),
)
@click.argument("action", type=click.Choice(["generate", "serve"]), default="generate")
@click.option("--target-path", metavar="DIR", show_default="dbt's `target`", help="Where to write or serve.")
@click.option(
    "--run", "run_id", metavar="RUN_ID", show_default="the last", help="The run that run_results.json tells of."
)
@click.option("--static", is_flag=True, help="Write static_index.html, too: one file that needs no server.")
@click.option("--host", metavar="HOST", show_default="127.0.0.1", help="Address to serve at.")
@click.option("--port", metavar="N", type=click.IntRange(0, 65535), show_default="8080", help="Port to serve at.")
@click.option("--browser/--no-browser", default=None, help="Open a browser at the site.")
@dbt_options
@pass_application
def command(
    application: Application,
    /,
    *,
    action: str,
    target_path: str | None,
    run_id: str | None,
    static: bool,
    **serving: Any,  # noqa: ANN401 - the options of `serve` as click gives them
) -> None:
    """Write what dbt's tools read, as `dbt docs generate` and `dbt build` do, or serve the documentation site.

    `generate` writes manifest.json, semantic_manifest.json, catalog.json of what is published, run_results.json of the
    last run, compiled SQL and index.html for each dbt transform. `serve` shows what was written last.
    """
    if action == "serve":
        _refuse({"--run": run_id, "--static": static or None}, "generate")
        _serve(application, target_path, **serving)
    else:
        _refuse({f"--{name}": value for name, value in serving.items()}, "serve")
        _generate(application, target_path, run_id, static=static)


def _refuse(options: Mapping[str, object], action: str) -> None:
    given = [name for name, value in options.items() if value is not None]
    if given:
        reason = f"`{given[0]}` belongs to `floe docs {action}`"
        raise UsageError("FLOE-0740", reason, f"leave it out, or run `floe docs {action}`")


def _projects(application: Application) -> list[DbtProject]:
    from floe.cli.project import load_project
    from floe.compiler.dbt.project import locate

    projects = locate(load_project(application))
    if not projects:
        raise UsageError("FLOE-0741", "there is no dbt transform in floe.yaml", "documentation is made of dbt projects")
    return projects


def _generate(application: Application, target_path: str | None, run_id: str | None, *, static: bool) -> None:
    from floe.cli.project import bury_dead_runs, compile_now
    from floe.compiler.dbt.project import artifacts_folder
    from floe.docs.generate import write_artifacts

    projects = _projects(application)
    artifacts = compile_now(application).artifacts
    bury_dead_runs(application, artifacts)
    run = _run(application, artifacts, run_id)
    with _tables(application, artifacts) as tables:
        written = [
            write_artifacts(project, tables, artifacts_folder(project, projects, target_path), run, static=static)
            for project in projects
        ]
    for problem in tables.errors:
        application.printer.warn(f"left out of catalog.json: {problem}")
    if run is not None and run.row["digest"] != artifacts.digest:
        text = "the project has changed since: run_results.json holds no SQL"
        application.printer.warn(f"run {short_run(run.row['run_id'])} was of another artifact; {text}")
    application.printer.result(_document(written, run), lambda: _report(application.printer, written, run))


@contextmanager
def _tables(application: Application, artifacts: CompiledArtifacts) -> Iterator[Lake | Warehouse]:
    directory = application.directory.resolve()
    if artifacts.compute.is_warehouse:
        from floe.docs.warehouse import Warehouse

        with Warehouse(artifacts, directory) as warehouse:
            yield warehouse
        return
    from floe.docs.catalog import Lake
    from floe.engines.duckdb.reader import open_reader
    from floe.lake.open import open_catalogs

    catalogs = open_catalogs(artifacts, directory)
    with closing(open_reader(artifacts, directory, catalogs)) as reader:
        yield Lake(artifacts, directory, catalogs, reader)


def _run(application: Application, artifacts: CompiledArtifacts, run_id: str | None) -> Run | None:
    """The run asked for, else the last of the environment that has come to its end."""
    from floe.docs.compiled import Run
    from floe.runtime.journal import read_journal

    journal = read_journal(application.directory)
    if journal is not None:
        with journal:
            last = journal.last_ended(artifacts.platform.environment)
            wanted = run_id or last
            row = None if wanted is None else journal.run(wanted)
            if row is not None:
                return Run(row, journal.published_before(row), is_last=row["run_id"] == last)
    if run_id is not None:
        raise UsageError("FLOE-0710", f"there is no run `{run_id}`", "`floe runs` lists the latest")
    return None


def _document(written: list[Written], run: Run | None) -> dict[str, object]:
    fields = [
        {"folder": str(item.folder), "nodes": item.nodes, "tables": item.tables, "results": item.results}
        for item in written
    ]
    return {"status": "ok", "run_id": None if run is None else run.row["run_id"], "projects": fields}


def _report(printer: Printer, written: list[Written], run: Run | None) -> None:
    for item in written:
        shown = os.path.relpath(item.folder)
        what = f"{count(item.nodes, 'node')}, {count(item.tables, 'relation')} in the catalog"
        results = f", {count(item.results, 'result')}" if item.results is not None else ""
        printer.say(f"{printer.palette.green('ok')}: wrote dbt's artifacts to `{shown}`: {what}{results}")
    if run is None:
        printer.hint("nothing has run yet, so there is no run_results.json: run `floe run`")
    printer.hint("look at the site with `floe docs serve`")


def _serve(
    application: Application,
    target_path: str | None,
    host: str | None,
    port: int | None,
    browser: bool | None,
) -> None:
    from floe.compiler.dbt.project import artifacts_folder
    from floe.docs.site import serve

    projects = _projects(application)
    folder = artifacts_folder(projects[0], projects, target_path)
    if not (folder / "index.html").is_file():
        raise UsageError("FLOE-0742", f"there is no documentation in `{os.path.relpath(folder)}`", "run `floe docs`")

    def announce(address: str) -> None:
        application.printer.say(f"serving `{os.path.relpath(folder)}` at {address}; Ctrl-C ends it")
        if browser is not False:
            import webbrowser

            webbrowser.open_new_tab(address)

    serve(folder, host or "127.0.0.1", 8080 if port is None else port, announce)
