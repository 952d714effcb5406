"""What dbt's artifacts tell of the tables that a warehouse keeps: its own catalog, asked through dbt's adapter."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain
from typing import TYPE_CHECKING, Any

from dbt.adapters.factory import get_adapter
from dbt.artifacts.schemas.catalog import CatalogArtifact
from dbt.task.docs.generate import Catalog
from dbt.utils import _coerce_decimal

from floe.engines.warehouse.access import Access
from floe.engines.warehouse.faults import warehouse_faults
from floe.secrets.masking import mask

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Self

    from floe.artifact.models import CompiledArtifacts


@dataclass
class Warehouse:
    """The tables of a warehouse; implements `floe.docs.generate.Tables` while it is entered.

    Raises:
        EnvironmentFaultError: the adapter or a secret is missing.
    """

    artifacts: CompiledArtifacts
    directory: Path
    errors: list[str] = field(default_factory=list)
    """What could not be read."""

    def __enter__(self) -> Self:
        self._access = Access(self.artifacts, self.directory)
        return self

    def __exit__(self, *_: object) -> None:
        self._access.close()

    def continued(self) -> set[str]:
        """None: what is rendered in each run is taken from the last one, in whatever form."""
        return set()

    def write_catalog(self, config: Any, manifest: Any, path: str) -> int:  # noqa: ANN401 - dbt's own
        """Write catalog.json; see `floe.docs.generate.Tables.write_catalog`.

        Raises:
            EnvironmentFaultError: the warehouse cannot be reached.
        """
        with warehouse_faults(self.artifacts.compute.type):
            rows, faults = _ask(config, manifest)
        problems = [mask(str(fault)) for fault in faults]
        self.errors += problems
        nodes, sources = Catalog(rows).make_unique_id_map(manifest, None)
        now = datetime.now(UTC).replace(tzinfo=None)
        catalog = CatalogArtifact.from_results(
            generated_at=now, nodes=nodes, sources=sources, compile_results=None, errors=problems or None
        )
        catalog.write(path)
        return len(nodes) + len(sources)


def _ask(config: Any, manifest: Any) -> tuple[list[dict[str, Any]], list[Exception]]:  # noqa: ANN401 - dbt's own
    """What the warehouse knows of the project's relations, as `dbt docs generate` asks for it."""
    adapter = get_adapter(config)
    adapter.set_macro_resolver(manifest)
    relational = (node for node in manifest.nodes.values() if node.is_relational and not node.is_ephemeral_model)
    asked_for = chain(relational, manifest.sources.values())
    with adapter.connection_named("generate_catalog"):
        table, faults = adapter.get_filtered_catalog(asked_for, manifest.get_used_schemas(), None)
    rows = [dict(zip(table.column_names, map(_coerce_decimal, row), strict=True)) for row in table]
    return rows, list(faults)
