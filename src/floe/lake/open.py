"""From the artifact's bindings to open catalogs and table folders."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from typing import TYPE_CHECKING

from floe.errors import LakeError
from floe.lake.base import Resumable
from floe.lake.catalogs.sql.sqlite import SqliteCatalog
from floe.lake.stores.open import open_stores

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from floe.artifact.models import Asset, CompiledArtifacts
    from floe.artifact.settings import CatalogBinding, Layer
    from floe.lake.base import Catalog, TableName
    from floe.lake.stores.open import Stores

_SQLITE_SCHEME, _POSTGRES_SCHEME = "sqlite:///", "postgresql://"
_UNSAFE_IN_PATHS = re.compile(r"[^\w .=+,@-]|^\.+$")
"""Separators, and what DuckDB or URLs would read as something else than a name (`*`, `?`, `[`, `#`, `%`)."""


def open_catalogs(
    artifacts: CompiledArtifacts, project_directory: Path, stores: Stores | None = None
) -> dict[str, Catalog]:
    """Every catalog profile of the artifact, by name. Opening reads and writes nothing.

    Args:
        artifacts: Whose catalogs.
        project_directory: The project.
        stores: Its stores, where the caller has them open already.

    Raises:
        LakeError: a catalog's address is not one that this version understands.
    """
    stores = stores or open_stores(artifacts, project_directory)
    opened: dict[str, Catalog] = {}
    for name, binding in artifacts.catalogs.items():
        if binding.type == "glue":
            from floe.lake.catalogs.glue.catalog import GlueCatalog

            opened[name] = GlueCatalog(name, binding, stores, _records_folder(artifacts, stores, name))
        else:
            opened[name] = _catalog(name, binding, artifacts, project_directory, stores)
    return opened


def finish_publishes(artifacts: CompiledArtifacts, catalogs: Mapping[str, Catalog], assets: Iterable[str]) -> list[str]:
    """Let the servers of these assets' catalogs finish what killed processes, of any project, left half published.

    Those that commit to all tables at once have nothing to finish; Glue has, and was asked when the run looked for dead
    ones.

    Returns:
        A sentence about each publish that was finished or taken back.

    Raises:
        LakeError: a catalog or its storage failed; the next call tries again.
    """
    said: list[str] = []
    for profile in sorted({artifacts.layers[artifacts.assets[key].layer].catalog for key in assets}):
        catalog = catalogs[profile]
        if artifacts.catalogs[profile].type != "glue" and isinstance(catalog, Resumable):
            said += catalog.finish_interrupted()
    return said


def table_location(artifacts: CompiledArtifacts, project_directory: Path, asset: Asset) -> str:
    """Absolute path or URL of the folder that a new table of the asset gets: `<storage>/<namespace>/<name>`."""
    layer = artifacts.layers[asset.layer]
    namespace, name = artifacts.table_name(asset)
    root = open_stores(artifacts, project_directory).root(layer.storage)
    return _location(root, namespace, name)


def named_table_location(
    artifacts: CompiledArtifacts, project_directory: Path, name: TableName, stores: Stores | None = None
) -> tuple[str, str]:
    """Catalog profile and absolute folder, or URL, of a table that is not an asset's (failing rows of a test).

    They are those of the layer with the table's namespace, else the profiles named `default`, else the first ones.
    """
    layer = _layer_of(artifacts, name.namespace)
    storage = layer.storage if layer else _default(artifacts.storage)
    root = (stores or open_stores(artifacts, project_directory)).root(storage)
    return catalog_of_namespace(artifacts, name.namespace), _location(root, name.namespace, name.name)


def catalog_of_namespace(artifacts: CompiledArtifacts, namespace: str) -> str:
    """The catalog profile of tables that are no asset's; see `named_table_location`."""
    layer = _layer_of(artifacts, namespace)
    return layer.catalog if layer else _default(artifacts.catalogs)


def _layer_of(artifacts: CompiledArtifacts, namespace: str) -> Layer | None:
    return next((layer for layer in artifacts.layers.values() if layer.namespace == namespace), None)


def warm_up() -> None:
    """Import what publishing needs, so that it is there when the publish begins; for a background thread."""
    for module in ("floe.lake.publish", "floe.lake.snapshots"):
        importlib.import_module(module)


def _location(root: str, namespace: str, name: str) -> str:
    return f"{root.rstrip('/')}/{_folder_name(namespace)}/{_folder_name(name)}"


def _default(profiles: Mapping[str, object]) -> str:
    return "default" if "default" in profiles else next(iter(profiles))


def _folder_name(name: str) -> str:
    """The name with whatever could mean something in a path written as `=XX`, so that no two names share a folder."""
    escaped = name.replace("=", "=3D")
    return _UNSAFE_IN_PATHS.sub(lambda match: "".join(f"={byte:02X}" for byte in match[0].encode()), escaped)


def _records_folder(artifacts: CompiledArtifacts, stores: Stores, profile: str) -> str:
    """Where a catalog without a commit of several tables writes its publishes down: in the storage of its layers."""
    used = sorted(layer.storage for layer in artifacts.layers.values() if layer.catalog == profile)
    root = stores.root(used[0] if used else _default(artifacts.storage))
    return f"{root.rstrip('/')}/floe-publishes/{profile}"


def _catalog(
    profile: str, binding: CatalogBinding, artifacts: CompiledArtifacts, project_directory: Path, stores: Stores
) -> Catalog:
    if binding.uri.startswith(_POSTGRES_SCHEME):
        from floe.lake.catalogs.sql.postgres import PostgresCatalog
        from floe.lake.catalogs.sql.postgres_address import PostgresAddress

        address = PostgresAddress(profile, binding.uri, binding.credentials, stores.secrets)
        return PostgresCatalog(address, binding.warehouse, stores)
    if binding.type != "sql":
        from floe.lake.catalogs.rest.open import VENDED, open_rest_catalog

        is_vended = binding.access_delegation == VENDED
        records = "" if is_vended else _records_folder(artifacts, stores, profile)
        return open_rest_catalog(profile, binding, stores, project_directory, records)
    return SqliteCatalog(_database(profile, binding.uri, project_directory), binding.warehouse, stores)


def _database(profile: str, uri: str, project_directory: Path) -> Path:
    if not uri.startswith(_SQLITE_SCHEME) or uri == _SQLITE_SCHEME:
        reason = f"catalog `{profile}` has the address `{uri}`: neither an SQLite file nor a PostgreSQL database"
        instruction = "write it as `sqlite:///path/to/catalog.db` or `postgresql://host:port/database`"
        raise LakeError("FLOE-0511", reason, instruction)
    return (project_directory / Path(uri[len(_SQLITE_SCHEME) :])).absolute()
