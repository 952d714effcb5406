"""`floe preflight`: look whether the platform is there."""

from __future__ import annotations

import click

from floe.cli.application import Application, pass_application
from floe.cli.options import FloeCommand

_BOOTSTRAP = "`floe platform bootstrap`"


@click.command(
    "preflight",
    cls=FloeCommand,
    examples=(
        "floe preflight",
        "floe preflight --env prod",
        "floe preflight --env prod --read-only",
        "floe preflight --timeout 3 --json",
    ),
)
@click.option("--read-only", is_flag=True, help="Make no files, namespaces and tables to try it out.")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0.1),
    default=10.0,
    show_default=True,
    metavar="SECONDS",
    help="How long one probe may take.",
)
@pass_application
def command(application: Application, read_only: bool, timeout: float) -> int:
    """Look whether the platform is there and lets these credentials do what a run does.

    Secrets, storages, catalogs, the engine, clocks, disk and memory are looked at, all at the same time. A file is put
    into each storage and a table into each catalog, named `floe-preflight` or `floe_preflight_...`, and removed again.
    The exit status is 1 if something is missing.
    """
    from floe.cli.platforms import platform_artifacts
    from floe.cli.probing import report
    from floe.deploy.preflight import platform_probes
    from floe.engines.probing import compute_probes

    artifacts = platform_artifacts(application)
    directory = application.directory.resolve()
    probes = platform_probes(artifacts, directory, timeout, writes=not read_only)
    probes += compute_probes(artifacts, directory, timeout)
    platform = artifacts.platform
    facts = {"environment": platform.environment, "platform": f"{platform.source}: {platform.reason}"}
    bootstrap = f"`{application.bootstrap_command}`"
    return report(application, facts, probes, timeout, lambda fix: fix.replace(_BOOTSTRAP, bootstrap))
