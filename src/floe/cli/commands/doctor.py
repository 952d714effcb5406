"""`floe doctor`: look at this machine and this project."""

from __future__ import annotations

import click

from floe.cli.application import Application, pass_application
from floe.cli.options import FloeCommand

_LIMIT_SECONDS = 20.0


@click.command("doctor", cls=FloeCommand, examples=("floe doctor", "floe doctor --env prod", "floe doctor --json"))
@pass_application
def command(application: Application) -> int:
    """Look at what Floe runs on: versions, the project, its runs, disk, memory and clock.

    Works outside a project, too. Asks no server; `floe preflight` does that. The exit status is 1 if something fails.
    """
    from floe.cli.probing import report
    from floe.deploy.probes.machine import machine_probes
    from floe.doctor.machine import own_probes
    from floe.doctor.project import Asked, project_probes
    from floe.doctor.versions import version_probes

    directory = application.directory.resolve()
    asked = Asked(directory, application.environment, application.platform_file)
    folders = {"the project": str(directory)}
    probes = [*version_probes(), *project_probes(asked), *machine_probes(folders), *own_probes()]
    return report(application, {"directory": str(directory)}, probes, _LIMIT_SECONDS)
