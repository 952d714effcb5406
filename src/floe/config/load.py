"""Loads the configuration of a project: both files read, checked and resolved, or every mistake at once."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from pydantic import ValidationError

from floe.config.discovery import Choice, choose_platform
from floe.config.endpoints import check_endpoints
from floe.config.fields import SERVER_CATALOGS, WAREHOUSES, Strict
from floe.config.folders import check_source_files, check_transforms, is_file, why_no_file
from floe.config.inheritance import built_in_document, read_platform, with_heir
from floe.config.overrides import Overrides
from floe.config.pipeline import Pipeline
from floe.config.platform import Platform
from floe.config.reading import Reading, read_file
from floe.config.references import check_pipeline_references, check_platform_references, check_source_names
from floe.config.storage import BUCKETS
from floe.diagnostics.diagnostic import Diagnostic, by_place
from floe.errors import ConfigurationError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from floe.config.document import Document, Positions

PIPELINE_FILE = "floe.yaml"

Model = TypeVar("Model", bound=Strict)


@dataclass(frozen=True)
class Configuration:
    """A project whose two files are valid.

    Args:
        project_directory: Absolute folder of floe.yaml.
        pipeline: What floe.yaml says.
        platform: What the platform file says, or the built-in platform.
        choice: Which platform applies, and why.
        document: floe.yaml as it is written.
        platform_document: The same of the platform file, merged with those that it extends.
        overrides: What the command line changed in `pipeline`, for this call.
        read_at: When reading began, in nanoseconds since the epoch.
    """

    project_directory: Path
    pipeline: Pipeline
    platform: Platform
    choice: Choice
    document: Document
    platform_document: Document
    overrides: Overrides = field(default_factory=Overrides)
    read_at: int = field(default=0, compare=False)

    @property
    def positions(self) -> Positions:
        """Where everything stands in floe.yaml, e.g. `positions.span("sources", "orders", "files")`."""
        return self.document.positions

    @property
    def platform_positions(self) -> Positions:
        """The same for the platform file; without lines for the built-in platform."""
        return self.platform_document.positions


def load_configuration(
    directory: Path, *, environment: str | None = None, platform_file: Path | None = None
) -> Configuration:
    """Read and check both files in one pass; imports no dbt, no engine and needs no network.

    Args:
        directory: The project: the folder that holds floe.yaml.
        environment: Name of the environment, as `--env` gives it.
        platform_file: Platform file, as `--platform` gives it; relative to the working directory.

    Raises:
        UsageError: There is no floe.yaml, or the platform that was asked for does not exist.
        ConfigurationError: Something in the files is wrong; carries every diagnostic.
    """
    project = directory.resolve()
    if not is_file(project / PIPELINE_FILE):
        reason = f"no `{PIPELINE_FILE}` in `{directory}`"
        raise UsageError("FLOE-0101", reason, _way_to_a_project(project), details=why_no_file(project / PIPELINE_FILE))
    read_at = time.time_ns()
    choice = choose_platform(project, environment, platform_file)
    pipeline = read_file(project / PIPELINE_FILE, PIPELINE_FILE, None)
    platform = _read_platform(project, choice)
    found = [*pipeline.diagnostics, *platform.diagnostics]
    pipeline_model = _validated(pipeline.document, Pipeline, found)
    platform_model = _validated(platform.document, Platform, found)
    found += _checked(pipeline.document, platform.document, project, built_in=choice.file is None)
    found = [with_heir(diagnostic, platform.document) for diagnostic in found]
    if found or not (pipeline.document and platform.document and pipeline_model and platform_model):
        raise ConfigurationError(by_place(found))
    return Configuration(
        project_directory=project,
        pipeline=pipeline_model,
        platform=platform_model,
        choice=choice,
        document=pipeline.document,
        platform_document=platform.document,
        read_at=read_at,
    )


def load_platform(project: Path, choice: Choice) -> tuple[Platform, Document]:
    """Read and check the platform alone: there need not be a floe.yaml.

    Raises:
        ConfigurationError: Something in its files is wrong; carries every diagnostic.
    """
    reading = _read_platform(project, choice)
    found = list(reading.diagnostics)
    model = _validated(reading.document, Platform, found)
    if reading.document is not None:
        found += check_platform(reading.document)
    if found or not (reading.document and model):
        raise ConfigurationError(by_place([with_heir(diagnostic, reading.document) for diagnostic in found]))
    return model, reading.document


def _way_to_a_project(folder: Path) -> str:
    if is_file((folder / PIPELINE_FILE).with_suffix(".yml")):
        return "rename `floe.yml`"
    if is_file(folder / "dbt_project.yml"):
        return "run `floe init`, which writes one for the dbt project that is here"
    return "change to the project's folder, or run `floe init`"


def _read_platform(project: Path, choice: Choice) -> Reading:
    if choice.file is None:
        return Reading(built_in_document(), [])
    return read_platform(choice.file, project)


def _validated(document: Document | None, model: type[Model], found: list[Diagnostic]) -> Model | None:
    if document is None:
        return None
    try:
        return model.model_validate(document.value)
    except ValidationError as error:
        from floe.config.wording import model_diagnostics  # only a mistake needs it

        found += model_diagnostics(error, document, model)
        return None


def _checked(
    pipeline: Document | None, platform: Document | None, project: Path, *, built_in: bool
) -> list[Diagnostic]:
    """Run the checks that a model cannot do, on whatever could be read."""
    found: list[Diagnostic] = []
    if pipeline is not None:
        found += check_endpoints(pipeline)
        found += check_transforms(pipeline, project)
        found += check_source_files(pipeline, project)
        found += check_source_names(pipeline)
    if platform is not None:
        found += check_platform(platform, project)
    if pipeline is not None and platform is not None:
        found += check_pipeline_references(pipeline, platform, built_in=built_in)
    return found


def check_platform(platform: Document, project: Path | None = None) -> list[Diagnostic]:
    """Run the checks of a platform that its model cannot do; `project` is the one that it is read for."""
    found = list(check_platform_references(platform))
    if any(platform.text("storage", name, "type") in BUCKETS for name in platform.mapping("storage")):
        from floe.config.buckets import check_buckets  # the built-in platform has none

        found += check_buckets(platform)
    if any(platform.text("compute", name, "type") in WAREHOUSES for name in platform.mapping("compute")):
        from floe.config.warehouses import check_warehouses  # few platforms have a warehouse

        found += check_warehouses(platform)
    if any(platform.text("catalogs", name, "type") in SERVER_CATALOGS for name in platform.mapping("catalogs")):
        from floe.config.server_catalogs import check_catalogs  # nor has the built-in one a server

        found += check_catalogs(platform)
    if platform.mapping("secrets"):
        from floe.config.secret_backends import check_secrets

        found += check_secrets(platform, project)
    return found
