"""A virtual environment for each peer, made once below `.uv/bench`: with Floe's Python, its dbt and its DuckDB."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / ".uv" / "bench"
_DBT = tuple(f"{name}=={version(name)}" for name in ("dbt-core", "dbt-duckdb", "duckdb"))
REQUIREMENTS = {
    "dbt": (*_DBT, "pyarrow"),
    "dagster": (*_DBT, "pyarrow", "dagster==1.13.27", "dagster-dbt==0.29.27", "dagster-dg-cli==1.13.27"),
    "sqlmesh": (*_DBT, "sqlmesh[dbt,postgres]==0.236.4"),
}


def installed(peer: str) -> Path:
    """Folder of the programs of a peer's environment, which is made first if it is not there.

    Raises:
        SystemExit: there is no uv to make it with.
        subprocess.CalledProcessError: the packages cannot be installed.
    """
    environment = FOLDER / peer
    wanted = "\n".join((sys.version, *REQUIREMENTS[peer]))
    record = environment / "requirements.txt"
    if not record.is_file() or record.read_text() != wanted:
        print(f"installing {peer}", file=sys.stderr, flush=True)
        shutil.rmtree(environment, ignore_errors=True)
        _uv("venv", "--python", sys.executable, str(environment))
        python = str(environment / "bin" / "python")
        _uv("pip", "install", "--compile-bytecode", "--python", python, *REQUIREMENTS[peer])
        record.write_text(wanted)
    return environment / "bin"


def _uv(*arguments: str) -> None:
    own = ROOT / ".uv" / "bin" / "uv"
    uv = str(own) if own.is_file() else shutil.which("uv")
    if uv is None:
        raise SystemExit("there is no uv to install the peers with; use `make bench`")
    cache = {"UV_CACHE_DIR": str(ROOT / ".uv" / "cache")}
    hidden = ("VIRTUAL_ENV", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE")
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    subprocess.run([uv, "--quiet", *arguments], env={**cache, **environment}, check=True)
