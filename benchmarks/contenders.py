"""The contenders of one project, each in a copy of its own, and how to see that each did the work."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from agreement import Agreement, in_run_results, said
from environments import installed
from measure import Contender

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

RAW = "raw DuckDB + Parquet + commit"
FLOE = "floe run"
FLOE_COLD = "floe run, nothing compiled"
DBT = "dbt build, warm"
DBT_COLD = "dbt build, cold"
DAGSTER = "dagster-dbt, in-process"
SQLMESH = "SQLMesh plan, cold"
PEER = {DBT: "dbt", DBT_COLD: "dbt", DAGSTER: "dagster", SQLMESH: "sqlmesh"}

_SCRIPTS = Path(__file__).parent
FLOE_COMMAND = str(Path(sysconfig.get_path("scripts")) / "floe")
_TESTED = said(r"Tested ([\d,]+) passed(?:, ([\d,]+) warned)?")
_SQLMESH_CONFIG = """\
from pathlib import Path

from sqlmesh.core.config import ModelDefaultsConfig
from sqlmesh.dbt.loader import sqlmesh_config

config = sqlmesh_config(Path(__file__).parent, model_defaults=ModelDefaultsConfig(start="2024-01-01"))
"""


@dataclass(frozen=True)
class Work:
    """A project, and what everybody who builds it must end up with."""

    folder: Path
    """Each contender has a copy of the project below it."""
    copy: Callable[[Path], object]
    """Writes the project to a new folder: floe.yaml, and the dbt project in `dbt`."""
    copy_for_peers: Callable[[Path], object]
    """Writes the folder `dbt` for those that know dbt only."""
    tables: Collection[str]
    """Names of the models that are tables."""
    models: Collection[str]
    """Names of the models that are tables or views."""
    agreement: Agreement

    def contender(self, name: str, rounds: int | None = None) -> Contender:
        """Write the project for a contender; its environment must be there."""
        return _CONTENDERS[name](self, name, rounds)


def remove(*paths: Path) -> None:
    for path in paths:
        shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)


def _compiled(work: Work) -> Path:
    """Floe's copy of the project, with its artifact."""
    project = work.folder / "floe"
    if not project.is_dir():
        work.copy(project)
        subprocess.run([FLOE_COMMAND, "-q", "compile"], cwd=project, check=True)
    return project


def _raw(work: Work, name: str, rounds: int | None) -> Contender:
    project, made = _compiled(work), work.folder / "raw"
    command = [sys.executable, str(_SCRIPTS / "raw_duckdb.py"), str(project), str(made)]
    check = work.agreement.checker(name, ("parquet", made), work.tables, said(r"(\d+) tests passed"), project)
    return Contender(name, command, project, check=check, rounds=rounds)


def _floe(work: Work, name: str, rounds: int | None) -> Contender:
    project = _compiled(work)
    check = work.agreement.checker(name, ("iceberg", project), work.tables, _TESTED, project)
    return Contender(name, [FLOE_COMMAND, "run"], project, check=check, rounds=rounds)


def _floe_cold(work: Work, name: str, rounds: int | None) -> Contender:
    project = work.folder / "floe-cold"
    work.copy(project)
    check = work.agreement.checker(name, ("iceberg", project), work.tables, _TESTED, project)
    return Contender(name, [FLOE_COMMAND, "run"], project, lambda: remove(project / ".floe"), check, rounds)


def _dbt(work: Work, name: str, rounds: int | None, *, cold: bool = False) -> Contender:
    folder = _peer_copy(work, "dbt-cold" if cold else "dbt")
    command = [str(installed("dbt") / "dbt"), "build", "--quiet", "--profiles-dir", "."]
    checks = in_run_results(folder / "target")
    check = work.agreement.checker(name, ("duckdb", folder / "bench.duckdb"), work.models, checks, folder)
    prepare = (lambda: remove(folder / "target", folder / "bench.duckdb")) if cold else (lambda: None)
    return Contender(name, command, folder, prepare, check, rounds)


def _dbt_cold(work: Work, name: str, rounds: int | None) -> Contender:
    return _dbt(work, name, rounds, cold=True)


def _dagster(work: Work, name: str, rounds: int | None) -> Contender:
    programs, folder = installed("dagster"), _peer_copy(work, "dagster")
    environment = _first_on_path(programs)
    parse = [str(programs / "dbt"), "parse", "--quiet", "--profiles-dir", "."]
    subprocess.run(parse, cwd=folder, env={**os.environ, **environment}, check=True)
    command = [str(programs / "python"), str(_SCRIPTS / "dagster_peer.py")]
    target = folder / "target"
    checks = in_run_results(target)
    check = work.agreement.checker(name, ("duckdb", folder / "bench.duckdb"), work.models, checks, folder)
    # Each invocation leaves a target of its own, `models-…`.
    return Contender(name, command, folder, lambda: remove(*target.glob("models-*")), check, rounds, environment)


def _sqlmesh(work: Work, name: str, rounds: int | None) -> Contender:
    programs, folder = installed("sqlmesh"), _peer_copy(work, "sqlmesh")
    (folder / "config.py").write_text(_SQLMESH_CONFIG)
    made = [folder / name for name in (".cache", "target", "logs", "bench.duckdb")]
    command = [str(programs / "sqlmesh"), "plan", "--auto-apply", "--no-prompts"]
    checks = said(r"audits passed (\d+)")
    check = work.agreement.checker(name, ("duckdb", folder / "bench.duckdb"), work.models, checks, folder)
    environment = _first_on_path(programs)
    return Contender(name, command, folder, lambda: remove(*made), check, rounds, environment)


def _peer_copy(work: Work, name: str) -> Path:
    folder = work.folder / name
    work.copy_for_peers(folder)
    return folder / "dbt"


def _first_on_path(programs: Path) -> Mapping[str, str]:
    """What makes a peer find the programs of its environment, and nothing of Floe's."""
    return {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": ""}


_CONTENDERS: dict[str, Callable[[Work, str, int | None], Contender]] = {
    RAW: _raw,
    FLOE: _floe,
    FLOE_COLD: _floe_cold,
    DBT: _dbt,
    DBT_COLD: _dbt_cold,
    DAGSTER: _dagster,
    SQLMESH: _sqlmesh,
}
