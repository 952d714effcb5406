"""Which layer an asset belongs to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from floe.artifact.settings import Layer
from floe.diagnostics.suggest import did_you_mean
from floe.errors import CompilationError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass
class Layers:
    """The layers of the platform, and those that dbt schemas add."""

    declared: Mapping[str, Layer]
    default_storage: str
    default_catalog: str
    implicit: dict[str, Layer] = field(default_factory=dict)

    def of_folder(self, folders: Sequence[str]) -> str | None:
        """The declared layer named by the folder nearest to the file, if any."""
        return next((folder for folder in reversed(folders) if folder in self.declared), None)

    def named(self, name: str, where: str) -> str:
        """A layer that was asked for by name.

        Raises:
            CompilationError: the platform declares no such layer.
        """
        if name in self.declared:
            return name
        raise CompilationError("FLOE-0206", f"{where} names an unknown layer `{name}`", self.available(name))

    def available(self, name: str) -> str:
        """What to write instead of an unknown layer."""
        known = ", ".join(f"`{layer}`" for layer in sorted(self.declared)) or "none"
        return "; ".join(part for part in (did_you_mean(name, self.declared), f"available layers: {known}") if part)

    def of_schema(self, schema: str) -> str:
        """The layer for a dbt schema that no declared layer claims: named like it, in the default catalog."""
        if schema not in self.declared:
            self.implicit[schema] = Layer(namespace=schema, storage=self.default_storage, catalog=self.default_catalog)
        return schema

    def all(self) -> dict[str, Layer]:
        """Declared and implicit layers."""
        return {**self.declared, **self.implicit}
