"""What of a dbt project is nothing to build: selectors, exposures, freshness, and how a run finds the project."""

from __future__ import annotations

from typing import Any, Literal

from floe.artifact.base import Frozen


class Selector(Frozen):
    """A named selector of dbt's selectors.yml, resolved by dbt."""

    package: str
    """dbt's name of the project that declares it."""
    definition: dict[str, Any]
    """One of `union`, `intersection`, `difference` with a list of definitions; or a criterion with a `method`."""
    default: bool = False
    """Whether it applies where nothing is selected."""
    """Whether it applies where nothing is selected."""
    description: str = ""
    """What it is for."""
    """What it is for."""


class Exposure(Frozen):
    """A use of assets outside the project, declared in dbt. Nothing is built for it; selections name it."""

    name: str
    """Its name."""
    """Its name."""
    package: str
    """dbt's name of the project that declares it."""
    """dbt's name of the project that declares it."""
    depends_on: tuple[str, ...] = ()
    """Keys of the assets that it uses."""
    """Keys of the assets that it uses."""
    tags: tuple[str, ...] = ()
    """Tags for selections."""
    """Tags for selections."""
    path: str = ""
    """File that declares it, relative to the project."""
    """File that declares it, relative to the project."""
    fqn: tuple[str, ...] = ()
    """dbt's fully qualified name."""
    """dbt's fully qualified name."""


class Resource(Frozen):
    """What dbt knows beside nodes, tests and exposures. Nothing is built for it; selections name it."""

    kind: Literal["source", "metric", "semantic_model", "saved_query"]
    """What it is to dbt."""
    """What it is to dbt."""
    name: str
    """Its name."""
    """Its name."""
    package: str
    """dbt's name of the project that declares it."""
    """dbt's name of the project that declares it."""
    source_name: str = ""
    """Of a source: the name under which its table is declared."""
    asset: str = ""
    """Of a source: key of the asset that it is; empty for one that reads files itself."""
    depends_on: tuple[str, ...] = ()
    """Keys of assets, or ids of resources."""
    readers: tuple[str, ...] = ()
    """Of a source that is no asset: keys of the assets and ids of the tests that read it."""
    tags: tuple[str, ...] = ()
    """Tags for selections."""
    """Tags for selections."""
    path: str = ""
    """File that declares it, relative to the project."""
    """File that declares it, relative to the project."""
    fqn: tuple[str, ...] = ()
    """dbt's fully qualified name."""
    """dbt's fully qualified name."""
    config: dict[str, Any] = {}
    """As that of an asset."""


class Freshness(Frozen):
    """How old the newest row of a dbt source may be. Ages are in seconds."""

    name: str
    """`source.table`, as dbt names it."""
    asset: str
    """Key of the asset that the source is; empty for one that reads files itself."""
    loaded_at: str = ""
    """SQL expression of the moment at which a row was loaded; empty, too, where a warehouse's metadata tells."""
    query: str = ""
    """SQL that gives the newest of these moments; then `loaded_at` is empty."""
    reads: str = ""
    """What to select from where the source is no asset, as dbt writes it in SQL."""
    filter: str = ""
    """Condition on the rows that are looked at."""
    """Condition on the rows that are looked at."""
    transform: str = ""
    """Name of the dbt transform that declares it."""
    warn_after: int | None = None
    """Age that makes a warning; never if None."""
    """Age that makes a warning; never if None."""
    error_after: int | None = None
    """Age that makes an error; never if None."""
    """Age that makes an error; never if None."""


class DbtTransform(Frozen):
    """A dbt project, as a run enters it. Folders are relative to the project."""

    directory: str
    """Folder of dbt_project.yml."""
    state: str
    """Folder of the profile that Floe wrote and of dbt's partial parse."""
    target: str
    """What dbt sees as `target.name`."""
    """What dbt sees as `target.name`."""
    profile: str = "floe"
    """Name of that profile."""
    """Name of that profile."""
    variables: str = "{}"
    """The transform's `vars` as JSON."""
    packages: tuple[str, ...] = ()
    """dbt's names of the project and of the packages that it has installed."""
    skip_nodes_if_on_run_start_fails: bool = False
    """dbt's flag of that name."""
