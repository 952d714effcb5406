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
BESIDE_MB = 700
"""What the process has beside DuckDB's own memory: Python, its libraries, buffers of files that are written."""
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
    command = [sys.executable, "-m", "floe.cli", "run", "--json"]
    with (tmp_path / "said").open("w") as said, (tmp_path / "complained").open("w") as complained:
        process = subprocess.Popen(command, cwd=tmp_path, stdout=said, stderr=complained)
        _, ended, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(ended)
    assert process.returncode == 0, (tmp_path / "complained").read_text()
    (table,) = json.loads((tmp_path / "said").read_text())["tables"]
    assert table["rows_total"] == ROWS
    peak_mb = used.ru_maxrss / 1024
    sys.stdout.write(f"T11: {GIGABYTES} GB sorted in {CAP_MB} MB: peak of the process {peak_mb:.0f} MB, {ROWS} rows\n")
    assert peak_mb < CAP_MB + BESIDE_MB
    assert not list((tmp_path / ".floe").rglob("*.tmp"))
