"""What the shell completes: names of tables, branches, tags and runs. Nothing here may fail or compile anything."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    import click

    from floe.artifact.models import CompiledArtifacts


def complete_tables(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Keys of the assets that publish a table."""
    artifacts = _artifacts(context)
    if artifacts is None:
        return []
    return _beginning([asset.key for asset in artifacts.assets.values() if asset.publishes], incomplete)


def complete_branches(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Names of the branches that tables have."""
    return _beginning(_names(context, "branch"), incomplete)


def complete_tags(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Names of the tags that tables have."""
    return _beginning(_names(context, "tag"), incomplete)


def complete_points(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Names of branches and tags: what a point in a table's history can be called."""
    return _beginning(["main", *_names(context, "branch"), *_names(context, "tag")], incomplete)


def complete_runs(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """The ids of the latest runs."""
    from floe.errors import FloeError
    from floe.runtime.journal import read_journal

    try:
        journal = read_journal(_directory(context))
        if journal is None:
            return []
        with journal:
            return _beginning([row["run_id"] for row in journal.runs(50)], incomplete)
    except FloeError:
        return []


def _names(context: click.Context, kind: str) -> list[str]:
    from floe.errors import FloeError
    from floe.lake.history.log import states_by_catalog
    from floe.lake.history.points import named
    from floe.lake.open import open_catalogs

    artifacts = _artifacts(context)
    if artifacts is None or artifacts.compute.is_warehouse:
        return []
    try:
        states = list(states_by_catalog(open_catalogs(artifacts, _directory(context).resolve())))
    except FloeError:
        return []
    found = {name for _, state in states for name, (of_kind, _) in named(state).items() if of_kind == kind}
    return sorted(found - {"main"})


def _artifacts(context: click.Context) -> CompiledArtifacts | None:
    from floe.artifact import codec
    from floe.errors import FloeError

    path = _directory(context) / ".floe" / "artifacts.json"
    try:
        return codec.load(path) if path.is_file() else None
    except FloeError:
        return None


def _directory(context: click.Context) -> Path:
    from floe.cli.application import Application

    application = context.find_object(Application)
    return Path((application.directory_option if application else None) or ".")


def _beginning(names: Iterable[str], incomplete: str) -> list[str]:
    return [name for name in names if name.startswith(incomplete)]
