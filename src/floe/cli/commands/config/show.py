"""`floe config show`: what applies here, and where each value comes from."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from floe.cli.application import Application, pass_application
from floe.cli.options import FloeCommand, dbt_options
from floe.errors import UsageError

if TYPE_CHECKING:
    from floe.config.load import Configuration
    from floe.config.origins import Shown


@click.command(
    "show",
    cls=FloeCommand,
    examples=(
        "floe config show",
        "floe config show --resolved --provenance",
        "floe config show --resolved --env prod --json",
    ),
)
@click.option("--resolved", is_flag=True, help="Add defaults, fill variables in, apply the command line.")
@click.option("--provenance", is_flag=True, help="Say behind each value where it comes from.")
@dbt_options
@pass_application
def command(application: Application, resolved: bool, provenance: bool) -> None:
    """Show floe.yaml and the platform file, merged with those that it extends.

    Without --resolved only what is written in the files. Secrets are shown as references; their values are not read.
    """
    from floe.cli.project import load_project
    from floe.config.origins import as_written, resolved_pipeline, resolved_platform

    configuration = load_project(application)
    if configuration.overrides and not resolved:
        option = configuration.overrides.option
        reason = f"`{option}` has no effect: what is written in the files is shown"
        raise UsageError("FLOE-0136", reason, "add `--resolved`, which applies the command line")
    if resolved:
        platform = resolved_platform(configuration.platform, configuration.platform_document)
        parts = {"pipeline": resolved_pipeline(configuration), "platform": platform}
    else:
        documents = {"pipeline": configuration.document, "platform": configuration.platform_document}
        parts = {name: as_written(document) for name, document in documents.items()}
    document = _document(application, configuration, parts, resolved=resolved, provenance=provenance)
    application.printer.result(document, lambda: _show(application, configuration, parts, provenance=provenance))


def asked_by(application: Application) -> str:
    """What chose the environment."""
    if application.environment:
        return "--env"
    return "FLOE_PLATFORM_ENV" if os.environ.get("FLOE_PLATFORM_ENV") else "default"


def chain_of(configuration: Configuration) -> list[str]:
    """The platform file that applies and those that it extends; none for the built-in platform."""
    document = configuration.platform_document
    if configuration.choice.file is None:
        return []
    return [part.positions.file for part in document.files] or [document.positions.file]


def _document(
    application: Application,
    configuration: Configuration,
    parts: dict[str, Shown],
    *,
    resolved: bool,
    provenance: bool,
) -> dict[str, Any]:
    from floe.cli.settings import origin_fields

    choice = configuration.choice
    origins = {"provenance": {name: origin_fields(shown) for name, shown in parts.items()}} if provenance else {}
    return {
        "resolved": resolved,
        "environment": {"name": choice.environment, "from": asked_by(application)},
        "source": choice.source,
        "reason": choice.reason,
        "platform_files": chain_of(configuration),
        **{name: shown.value for name, shown in parts.items()},
        **origins,
    }


def _show(application: Application, configuration: Configuration, parts: dict[str, Shown], *, provenance: bool) -> None:
    from floe.cli.settings import yaml_lines
    from floe.config.origins import Shown

    printer, choice = application.printer, configuration.choice
    files = chain_of(configuration)
    named = " extends ".join(files) if files else "built-in"
    lines = [f"# environment: {choice.environment} ({asked_by(application)})", f"# platform: {named}"]
    whole = Shown(
        {name: shown.value for name, shown in parts.items()},
        {(name, *path): origin for name, shown in parts.items() for path, origin in shown.origins.items()},
    )
    paint = printer.out_palette.dim
    printer.data("\n".join([*map(paint, lines), *yaml_lines(whole, paint=paint, origins=provenance)]))
