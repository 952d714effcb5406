"""The files that every generated project has: floe.yaml, dbt_project.yml and dbt's profile."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def write_project_files(folder: Path, name: str, settings: str = "") -> Path:
    """Write them; `settings` is YAML for the end of dbt_project.yml. Returns the folder of the dbt project."""
    dbt = folder / "dbt"
    for child in ("models", "data"):
        (dbt / child).mkdir(parents=True, exist_ok=True)
    (folder / "floe.yaml").write_text(f'name: {name}\nversion: "1.0.0"\ntransforms:\n  - {{type: dbt, path: ./dbt}}\n')
    (dbt / "dbt_project.yml").write_text(
        f'name: {name}\nversion: "1.0.0"\nprofile: {name}\nmodel-paths: [models]\n'
        f"flags: {{send_anonymous_usage_stats: false}}\n{settings}"
    )
    (dbt / "profiles.yml").write_text(
        f"{name}:\n  target: dev\n  outputs:\n    dev: {{type: duckdb, path: bench.duckdb, threads: 4}}\n"
    )
    return dbt
