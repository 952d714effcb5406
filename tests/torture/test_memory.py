"""A sort that is larger than the memory that the platform allows (T11).

`FLOE_TORTURE_SORT_GB` is its size; the long version has 5 GB in 512 MB.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Torture

LONG = "FLOE_TORTURE_SORT_GB" in os.environ
GIGABYTES = float(os.environ.get("FLOE_TORTURE_SORT_GB", "0.2"))
CAP_MB = 512 if LONG else 96
BESIDE_MB = 300
"""What the process has beside DuckDB's own memory: Python, its libraries, buffers of files that are written."""
MEASURED = """
import os, pathlib, subprocess, sys
process = subprocess.Popen([sys.executable, "-m", "floe.cli", "run", "--json"])
_, ended, used = os.wait4(process.pid, 0)
pathlib.Path("peak").write_text(str(used.ru_maxrss))
os._exit(os.waitstatus_to_exitcode(ended))
"""
"""A small process starts what is measured: a process's peak begins with that of the one that it was forked from."""
ROW_BYTES = 8 + 100
ROWS = int(GIGABYTES * 1e9 / ROW_BYTES)
FILES = {
    "floe.yaml": 'name: large\nversion: "1.0.0"\ntransforms: [{type: dbt, path: ./models}]\n',
    "platform/local/platform.yaml": f"""
version: "1.0.0"
storage: {{default: {{type: local, path: .floe/warehouse}}}}
catalogs: {{default: {{type: sql, uri: "sqlite:///.floe/catalog.db"}}}}
compute: {{default: {{type: duckdb, properties: {{memory_limit: {CAP_MB}MB, threads: 2}}}}}}
layers: {{gold: {{namespace: gold}}}}
""",
    "models/gold/sorted.sql": f"""
{{{{ config(materialized='table') }}}}
select hash(range) as key, repeat(chr((97 + range % 26)::int), 100) as payload
from range({ROWS}) order by key
""",
}


def test_a_sort_that_is_larger_than_the_memory_is_finished_on_the_disk(
    tmp_path: Path, project_in: Callable[..., Torture]
) -> None:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert project_in(tmp_path).floe("compile").returncode == 0
    done = subprocess.run([sys.executable, "-c", MEASURED], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (table,) = json.loads(done.stdout)["tables"]
    assert table["rows_total"] == ROWS
    peak_mb = int((tmp_path / "peak").read_text()) / 1024
    sys.stdout.write(f"T11: {GIGABYTES} GB sorted in {CAP_MB} MB: peak of the process {peak_mb:.0f} MB, {ROWS} rows\n")
    assert peak_mb < CAP_MB + BESIDE_MB
    assert not list((tmp_path / ".floe").rglob("*.tmp"))
