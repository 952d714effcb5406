"""Which layer an asset belongs to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from floe.artifact.settings import Layer
from floe.diagnostics.diagnostic import Diagnostic
from floe.diagnostics.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from floe.diagnostics.diagnostic import Note
    from floe.diagnostics.span import Span


@dataclass
class Layers:
    """The layers of the platform, and those that dbt schemas add."""

    declared: Mapping[str, Layer]
    default_storage: str
    default_catalog: str
    rules: tuple[Note, ...] = ()
    """Where the platform file declares them."""
    implicit: dict[str, Layer] = field(default_factory=dict)

    def of_folder(self, folders: Sequence[str]) -> str | None:
        """The declared layer named by the folder nearest to the file, if any."""
        return next((folder for folder in reversed(folders) if folder in self.declared), None)

    def unknown(self, name: str, who: str, span: Span) -> Diagnostic:
        """The mistake of a layer that the platform does not declare, with the place of those that it does."""
        message, label = f"{who} names an unknown layer `{name}`", did_you_mean(name, self.declared)
        return Diagnostic("FLOE-0206", message, span, label=label, notes=self.rules, hints=(self.available,))

    @property
    def available(self) -> str:
        """What may be written."""
        return f"available layers: {', '.join(f'`{layer}`' for layer in sorted(self.declared)) or 'none'}"

    def of_schema(self, schema: str) -> str:
        """The layer for a dbt schema that no declared layer claims: named like it, in the default catalog."""
        if schema not in self.declared:
            self.implicit[schema] = Layer(namespace=schema, storage=self.default_storage, catalog=self.default_catalog)
        return schema

    def all(self) -> dict[str, Layer]:
        """Declared and implicit layers."""
        return {**self.declared, **self.implicit}
