"""What the shell completes: names of assets, selections, branches, runs. Nothing here may fail or compile anything."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    import click
    from click.shell_completion import CompletionItem

    from floe.artifact.models import CompiledArtifacts


_BEFORE_A_NAME = re.compile(r"(?:.*,)?(?:@|\d*\+)?")
"""Earlier parts of an intersection, and the signs for relatives in front of a name."""


def complete_tables(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Keys of the assets that publish a table."""
    artifacts = _artifacts(context)
    if artifacts is None:
        return []
    return _beginning([asset.key for asset in artifacts.assets.values() if asset.publishes], incomplete)


def complete_relations(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Keys of all assets: what can be looked at."""
    artifacts = _artifacts(context)
    if artifacts is None:
        return []
    return _beginning(artifacts.assets, incomplete)


def complete_selection(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """What may follow in a selection: names of assets and methods, after `tag:` and the like its values."""
    artifacts = _artifacts(context)
    if artifacts is None:
        return []
    from floe.runtime.selectors import METHODS, known_values
    from floe.runtime.universe import History, Universe

    said = _BEFORE_A_NAME.match(incomplete)
    before = said.group() if said else ""
    name = incomplete.removeprefix(before)
    method, colon, _ = name.partition(":")
    universe = Universe(artifacts, History())
    if colon:
        kind, _, argument = method.partition(".")
        values = [f"{method}:{value}" for value in known_values(universe, kind, argument)] if kind in METHODS else []
    else:
        values = [*universe.names(), *(f"{method}:" for method in METHODS if name)]
    return [f"{before}{value}" for value in _beginning(values, name)]


def complete_selectors(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Names in dbt's selectors.yml."""
    artifacts = _artifacts(context)
    return _beginning(sorted(artifacts.selectors), incomplete) if artifacts else []


def complete_codes(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Codes that `floe explain` has a page for."""
    from floe.cli.pages import pages

    return _beginning([page.code for page in pages()], incomplete.upper())


def complete_types(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Types of resources."""
    from floe.runtime.selectors import RESOURCE_TYPES

    return _beginning(RESOURCE_TYPES, incomplete)


def complete_templates(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Projects that `floe init` can copy."""
    from floe.cli.scaffold import BY_NAME

    return _beginning(BY_NAME, incomplete)


def complete_folders(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Leave it to the shell, which knows the folders."""
    return [_of_the_shell(incomplete, "dir")]


def complete_files(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Leave it to the shell, which knows the files."""
    return [_of_the_shell(incomplete, "file")]


def _of_the_shell(incomplete: str, kind: str) -> CompletionItem:
    from click.shell_completion import CompletionItem

    return CompletionItem(incomplete, type=kind)


def complete_branches(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Names of the branches that tables have."""
    return _beginning(_names(context, "branch"), incomplete)


def complete_tags(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Names of the tags that tables have."""
    return _beginning(_names(context, "tag"), incomplete)


def complete_points(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Names of branches and tags: what a point in a table's history can be called."""
    return _beginning(["main", *_names(context, "branch"), *_names(context, "tag")], incomplete)


def complete_environments(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Names of the environments that have a platform file."""
    from floe.config.discovery import candidates

    found = {candidate.environment for candidate in candidates(_directory(context).resolve())}
    return _beginning(sorted(found - {""}), incomplete)


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
