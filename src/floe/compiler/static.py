"""What can be said of a project without dbt: its sources and its Python assets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from floe.compiler import bindings
from floe.compiler.collisions import find_collisions
from floe.compiler.cycles import cycle_diagnostics
from floe.compiler.plaintext import plaintext_secrets
from floe.compiler.python.discovery import discover
from floe.compiler.python.inputs import Known, python_asset, resolve
from floe.compiler.sources import CONFIGURATION_FILE, source_assets
from floe.config.pipeline import DbtTransform
from floe.diagnostics.diagnostic import Diagnostic, by_place
from floe.diagnostics.span import Span

if TYPE_CHECKING:
    from collections.abc import Sequence

    from floe.artifact.models import Asset
    from floe.compiler.layers import Layers
    from floe.compiler.python.declaration import Declaration
    from floe.config.load import Configuration


@dataclass(frozen=True)
class Static:
    """Sources, declared Python assets, the layers, and every mistake found so far."""

    sources: list[Asset]
    declarations: list[Declaration]
    layers: Layers
    diagnostics: list[Diagnostic]

    def span_of(self, asset: Asset, configuration: Configuration) -> Span:
        """Where an asset is defined: as exact as is known."""
        if asset.source is not None:
            return configuration.positions.key_span("sources", asset.name)
        for declaration in self.declarations:
            if declaration.key == asset.key and declaration.file == asset.path:
                return declaration.span
        return Span(asset.path or CONFIGURATION_FILE, 1, 1, 1)


def read(configuration: Configuration) -> Static:
    """Read sources and Python assets, and look for credentials in the code."""
    layers = bindings.layers(configuration)
    declarations, diagnostics = discover(configuration, layers)
    return Static(source_assets(configuration), declarations, layers, [*diagnostics, *plaintext_secrets(configuration)])


def check(configuration: Configuration) -> list[Diagnostic]:
    """Every mistake that can be found without dbt, sorted by place; `floe validate` shows them."""
    static = read(configuration)
    has_dbt = any(isinstance(item, DbtTransform) for item in configuration.pipeline.transforms)
    known = Known.of([*(asset.key for asset in static.sources), *(item.key for item in static.declarations)])
    assets, mistakes = python_assets(configuration, static.declarations, known)
    assets = [*static.sources, *assets]
    found = [*static.diagnostics, *([] if has_dbt else mistakes)]
    found += find_collisions(assets, static.layers.declared, lambda asset: static.span_of(asset, configuration))
    found += cycle_diagnostics(assets, static.declarations, configuration.project_directory)
    return by_place(found)


def python_assets(
    configuration: Configuration, declarations: Sequence[Declaration], known: Known
) -> tuple[list[Asset], list[Diagnostic]]:
    """Assets of the declarations, with inputs matched as far as they are known."""
    assets: list[Asset] = []
    mistakes: list[Diagnostic] = []
    for declaration in declarations:
        parameters, depends_on, found = resolve(declaration, known)
        assets.append(python_asset(declaration, configuration.pipeline.name, parameters, depends_on))
        mistakes += found
    return assets, mistakes
