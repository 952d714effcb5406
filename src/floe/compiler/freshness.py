"""Why the artifact on the disk is, or is not, that of the project as it is now; nothing is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from floe.compiler import fingerprint
from floe.compiler.dbt.cache import variable_hash
from floe.compiler.unchanged import RECORD

if TYPE_CHECKING:
    from floe.config.load import Configuration

_MOST_NAMES = 3


def why_stale(configuration: Configuration) -> str:
    """What has changed since the last compile, true standing alone; empty where nothing has.

    Raises:
        OSError: a file of the project cannot be read.
    """
    project = configuration.project_directory
    record = fingerprint.Record.load(project / RECORD)
    if record is None:
        return "the last compile left no record of what it read"
    if record.settings != fingerprint.settings_of(configuration):
        return "floe.yaml, the platform, an option or a version is another one than at the last compile"
    files = fingerprint.read_inputs(project, record.roots, record).files
    changed = sorted(name for name in {**record.files, **files} if record.files.get(name) != files.get(name))
    if changed:
        more = f" and {len(changed) - _MOST_NAMES:,} more" if len(changed) > _MOST_NAMES else ""
        names = ", ".join(f"`{name}`" for name in changed[:_MOST_NAMES])
        return f"{names}{more} changed since the last compile"
    variables = [name for name, known in record.variables.items() if variable_hash(name) != known]
    if variables:
        return f"the environment variable `{variables[0]}` changed since the last compile"
    return ""
