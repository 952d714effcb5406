"""Assets of the files that Floe lands itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from floe.artifact.models import Asset, Relation, SourceFiles

if TYPE_CHECKING:
    from floe.config.load import Configuration
    from floe.config.pipeline import SourceConfig

CONFIGURATION_FILE = "floe.yaml"


def source_assets(configuration: Configuration) -> list[Asset]:
    """One asset for each entry of `sources`, in the order of floe.yaml."""
    return [_asset(name, source) for name, source in configuration.pipeline.sources.items()]


def _asset(name: str, source: SourceConfig) -> Asset:
    return Asset(
        key=f"{source.layer}.{name}",
        name=name,
        layer=source.layer,
        kind="source",
        materialization="table",
        relation=Relation(schema_name=source.layer, identifier=name),
        path=CONFIGURATION_FILE,
        source=SourceFiles(
            files=source.files,
            format=source.file_format,
            mode=source.mode,
            unique_key=source.unique_key,
            options=dict(source.options),
        ),
    )
