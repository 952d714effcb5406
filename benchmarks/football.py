"""The football example for those that know dbt only: its sources and Python assets written in dbt's own terms."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import yaml

EXAMPLE = Path(__file__).resolve().parents[1] / "examples" / "football"
PYTHON_ASSETS = {"elo_history": ("matches", "tournament_importance"), "elo_ratings": ("elo_history",)}
CSV_SOURCES = ("former_names", "goalscorers", "results", "shootouts")
TESTS = 74
"""Data tests, of which nine warn."""
_PROFILES = """\
football:
  target: dev
  outputs:
    dev: {type: duckdb, path: bench.duckdb, threads: 4}
"""
_SOURCE = re.compile(r"source\('(\w+)', '(\w+)'\)")
_NO_TABLE = re.compile(r"materialized='(?:view|ephemeral)'")
_IGNORED = shutil.ignore_patterns(".floe", "__pycache__", "target", "logs")


def copy(folder: Path) -> None:
    """Copy the example as it is."""
    shutil.copytree(EXAMPLE, folder, ignore=_IGNORED)


def copy_for_dbt(folder: Path) -> None:
    """Copy it so that plain dbt-duckdb builds the same: sources and Python assets become models of dbt."""
    copy(folder)
    models = folder / "dbt" / "models"
    (folder / "dbt" / "profiles.yml").write_text(_PROFILES)
    for file in (folder / "dbt").rglob("*.sql"):
        file.write_text(_SOURCE.sub(lambda found: f"ref('{_model_of(*found.groups())}')", file.read_text()))
    _declare_sources_as_models(models / "sources.yml")
    for name in CSV_SOURCES:
        query = f"select * from read_csv('../data/{name}.csv', all_varchar=true)\n"
        (models / f"{_model_of('bronze', name)}.sql").write_text(query)
    code = (folder / "assets" / "elo.py").read_text()
    code = code.replace("import floe\n", "").replace('@floe.asset(layer="gold")\n', "")
    for name, inputs in PYTHON_ASSETS.items():
        arguments = ", ".join(f"dbt.ref('{read}')" for read in inputs)
        wrapper = f"\n\ndef model(dbt, session):\n    return {name}({arguments})\n"
        (models / f"{name}.py").write_text(code + wrapper)


def table_names() -> list[str]:
    """The tables that everybody ends up with; landed ones have their layer in the name, as in fingerprint.py."""
    files = [file for file in (EXAMPLE / "dbt" / "models").rglob("*.sql") if file.parent.name != "staging"]
    models = [file.stem for file in files if not _NO_TABLE.search(file.read_text())]
    seeds = [file.stem for file in (EXAMPLE / "dbt" / "seeds").rglob("*.csv")]
    return [*models, *seeds, *PYTHON_ASSETS, *(_model_of("bronze", name) for name in CSV_SOURCES)]


def _model_of(layer: str, name: str) -> str:
    return f"bronze_{name}" if layer == "bronze" else name


def _declare_sources_as_models(file: Path) -> None:
    sources = yaml.safe_load(file.read_text())["sources"]
    models = [
        {**table, "name": _model_of(source["name"], table["name"])} for source in sources for table in source["tables"]
    ]
    file.write_text(yaml.safe_dump({"version": 2, "models": models}))
