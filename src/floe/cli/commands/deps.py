"""`floe deps`: the packages of the dbt projects."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from floe.cli.application import Application, pass_application
from floe.cli.options import FloeCommand, dbt_options

if TYPE_CHECKING:
    from floe.compiler.dbt.project import DbtProject


@click.command(cls=FloeCommand, examples=("floe deps", "floe deps --upgrade", "floe deps --lock"))
@click.option("--upgrade", is_flag=True, help="Take the newest versions that the lists allow; write the lock anew.")
@click.option("--lock", is_flag=True, help="Only write package-lock.yml; install nothing.")
@dbt_options
@pass_application
def command(application: Application, upgrade: bool, lock: bool) -> None:
    """Install the packages that packages.yml and dependencies.yml of each dbt transform name.

    dbt itself does it: packages and package-lock.yml are where `dbt deps` puts them. Packages from git or the package
    hub need the network.
    """
    from floe.cli.project import load_project
    from floe.compiler.dbt.project import locate, prepare

    projects = locate(load_project(application))
    options = [*(["--upgrade"] if upgrade else []), *(["--lock"] if lock else [])]
    for project in projects:
        prepare(project)
        _install(application, project, options)
    document = {"status": "ok", "projects": [_fields(project) for project in projects]}
    application.printer.result(document, lambda: _report(application, len(projects)))


def _install(application: Application, project: DbtProject, options: list[str]) -> None:
    from floe.compiler.dbt.packages import install

    printer = application.printer
    printer.say(f"{printer.palette.bold('dbt deps')} {_folder(project)}")
    install(project, options, lambda line: printer.say(f"  {line}"))


def _fields(project: DbtProject) -> dict[str, object]:
    from floe.compiler.dbt.packages import LOCK_FILE

    installed = project.directory / project.packages_folder
    names = sorted(path.name for path in installed.iterdir() if path.is_dir()) if installed.is_dir() else []
    return {
        "path": _folder(project),
        "folder": project.user_path(project.packages_folder),
        "lock": project.user_path(LOCK_FILE),
        "packages": names,
    }


def _folder(project: DbtProject) -> str:
    return project.links[0][1] if project.supplied else project.user_path(".")


def _report(application: Application, count: int) -> None:
    if not count:
        application.printer.say("there is no dbt transform in floe.yaml: nothing to install")
