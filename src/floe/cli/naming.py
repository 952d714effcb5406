"""Which table a user means: by asset key, by name where it is unique, or by the name in the catalog."""

from __future__ import annotations

from typing import TYPE_CHECKING

from floe.diagnostics.suggest import did_you_mean
from floe.errors import UsageError
from floe.lake.base import TableName

if TYPE_CHECKING:
    from collections.abc import Mapping

    from floe.artifact.models import Asset, CompiledArtifacts
    from floe.lake.base import Catalog, TableState


def find_asset(artifacts: CompiledArtifacts, text: str) -> Asset | None:
    """The asset that `text` names, None when no asset has that key, table name or plain name.

    Raises:
        UsageError: several assets have that plain name.
    """
    if text in artifacts.assets:
        return artifacts.assets[text]
    named = [asset for asset in artifacts.assets.values() if text in (asset.name, _table(artifacts, asset))]
    if len(named) > 1:
        keys = ", ".join(f"`{asset.key}`" for asset in named)
        raise UsageError("FLOE-0706", f"several assets are named `{text}`", f"name one of them: {keys}")
    return named[0] if named else None


def find_table(
    artifacts: CompiledArtifacts, catalogs: Mapping[str, Catalog], text: str, *, any_branch: bool = False
) -> TableState:
    """The published table that `text` names: an asset's, or any other of the catalogs.

    With `any_branch`, also one of which the catalogs' branch has nothing.

    Raises:
        UsageError: there is none of that name, it is a view, or it was not published yet.
        LakeError: the catalog cannot be read.
    """
    asset = find_asset(artifacts, text)
    if asset is None:
        return _other_table(artifacts, catalogs, text)
    if not asset.publishes:
        reason = f"`{asset.key}` is {_article(asset.materialization)}, not a published table"
        raise UsageError("FLOE-0707", reason, f"only tables have snapshots; `floe show {asset.key}` shows its rows")
    catalog = catalogs[artifacts.layers[asset.layer].catalog]
    state = catalog.load(TableName(*artifacts.table_name(asset)), "")
    if not (state.exists or (any_branch and state.is_in_catalog)):
        raise UsageError("FLOE-0708", f"`{asset.key}` was not published yet", f"run `floe run -s {asset.key}`")
    return state


def catalog_of(catalogs: Mapping[str, Catalog], state: TableState) -> str:
    """The profile of the catalog that has a table.

    Raises:
        LakeError: a catalog cannot be read.
    """
    return next(profile for profile, catalog in catalogs.items() if state.name in catalog.tables())


def unknown_table(artifacts: CompiledArtifacts, catalogs: Mapping[str, Catalog], text: str) -> UsageError:
    """The error for a name that is neither an asset's nor a table's."""
    published = [str(name) for catalog in catalogs.values() for name in catalog.tables()]
    names = [*artifacts.assets, *(asset.name for asset in artifacts.assets.values()), *published]
    way_out = did_you_mean(text, names) or "`floe ls` lists the assets"
    return UsageError("FLOE-0706", f"there is no table `{text}`", way_out)


def _other_table(artifacts: CompiledArtifacts, catalogs: Mapping[str, Catalog], text: str) -> TableState:
    for catalog in catalogs.values():
        for name in catalog.tables():
            if str(name) == text:
                return catalog.load(name, "")
    raise unknown_table(artifacts, catalogs, text)


def _table(artifacts: CompiledArtifacts, asset: Asset) -> str:
    return ".".join(artifacts.table_name(asset))


def _article(materialization: str) -> str:
    return f"{'an' if materialization[0] in 'aeiou' else 'a'} {materialization} model"
