"""Writes dbt's artifacts of a project into the folder of each dbt transform, where dbt's tools look for them."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from dbt.parser.manifest import write_manifest
from dbt.task.docs import DOCS_INDEX_FILE_PATH

from floe.dbt.invocation import Messages, inside_dbt
from floe.dbt.manifest import load_manifest
from floe.docs.compiled import executed_sql, fill_in, sql_of_nodes
from floe.docs.run_results import write_run_results

if TYPE_CHECKING:
    from collections.abc import Collection

    from floe.artifact.models import CompiledArtifacts
    from floe.compiler.dbt.project import DbtProject
    from floe.docs.compiled import Run

MANIFEST, CATALOG, RUN_RESULTS, INDEX = "manifest.json", "catalog.json", "run_results.json", "index.html"
STATIC_INDEX = "static_index.html"
_INLINE = {MANIFEST: '"MANIFEST.JSON INLINE DATA"', CATALOG: '"CATALOG.JSON INLINE DATA"'}


@dataclass(frozen=True)
class Written:
    """What was written for one dbt project."""

    folder: Path
    nodes: int
    """Nodes and sources in the manifest."""
    tables: int
    """Tables and views in the catalog."""
    results: int | None
    """Results of the run; None where there was no run."""


class Tables(Protocol):
    """The tables of a project, as far as dbt's artifacts tell of them."""

    artifacts: CompiledArtifacts

    def continued(self) -> Collection[str]:
        """Keys of the assets whose table is there already."""
        ...

    def write_catalog(self, config: Any, manifest: Any, path: str) -> int:  # noqa: ANN401 - dbt's own
        """Write catalog.json for the nodes and sources of one dbt project; return how many it holds.

        Raises:
            OSError: the file cannot be written.
        """
        ...


def write_artifacts(project: DbtProject, tables: Tables, folder: Path, run: Run | None, *, static: bool) -> Written:
    """Write manifest.json, semantic_manifest.json, catalog.json, run_results.json, index.html and compiled SQL.

    Args:
        project: A dbt transform that was compiled.
        tables: What is published, or is in the warehouse.
        folder: Where to write.
        run: The run whose results are written; None for none.
        static: Whether to write a page, too, that needs no server.

    Raises:
        CompilationError: dbt refuses the project.
        OSError: the folder cannot be written.
    """
    artifacts = tables.artifacts
    sql = sql_of_nodes(artifacts, project.root, tables.continued())

    def work(config: Any) -> Written:  # noqa: ANN401 - dbt's RuntimeConfig
        manifest = load_manifest(config)
        folder.mkdir(parents=True, exist_ok=True)
        # First, because rendering keeps dbt's connections from being used.
        described = tables.write_catalog(config, manifest, str(folder / CATALOG))
        fill_in(config, manifest, sql, folder)
        write_manifest(manifest, str(folder))
        results = None if run is None else _write_results(run, artifacts, manifest, folder, project.root)
        shutil.copyfile(DOCS_INDEX_FILE_PATH, folder / INDEX)
        _copy_assets(config, folder)
        if static:
            _write_static_page(folder)
        return Written(folder, len(manifest.nodes) + len(manifest.sources), described, results)

    return inside_dbt(project, Messages(), work)


def _write_results(run: Run, artifacts: CompiledArtifacts, manifest: Any, folder: Path, root: Path) -> int:  # noqa: ANN401
    sql = executed_sql(artifacts, root, run)
    return write_run_results(run.row, artifacts, manifest, sql, str(folder / RUN_RESULTS))


def _copy_assets(config: Any, folder: Path) -> None:  # noqa: ANN401 - dbt's RuntimeConfig
    """Copy the folders of `asset-paths`, e.g. pictures that descriptions show."""
    for name in config.asset_paths:
        source, target = Path(config.project_root) / name, folder / name
        if target.is_dir():
            shutil.rmtree(target)
        if source.is_dir():
            shutil.copytree(source, target)


def _write_static_page(folder: Path) -> None:
    page = (folder / INDEX).read_text(encoding="utf-8")
    for name, placeholder in _INLINE.items():
        page = page.replace(placeholder, (folder / name).read_text(encoding="utf-8"))
    (folder / STATIC_INDEX).write_text(page, encoding="utf-8")
