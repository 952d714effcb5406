"""dagster-dbt as its documentation shows it: the dbt assets of a prepared project, materialized in this process.

Usage, in the dbt project: dagster_peer.py
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from dagster import AssetExecutionContext, materialize
from dagster_dbt import DbtCliResource, DbtProject, dbt_assets

project = DbtProject(project_dir=Path.cwd(), profiles_dir=Path.cwd())


@dbt_assets(manifest=project.manifest_path)
def models(context: AssetExecutionContext, dbt: DbtCliResource) -> Iterator:
    yield from dbt.cli(["build"], context=context).stream()


result = materialize([models], resources={"dbt": DbtCliResource(project_dir=project)})
sys.exit(0 if result.success else 1)
