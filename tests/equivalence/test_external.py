"""The materialization `external` of dbt-duckdb: files outside the lake, and the published table beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .compare import assert_same_verdicts
from .harness import Twins

if TYPE_CHECKING:
    from pathlib import Path

FILES = {
    "floe.yaml": "name: files\nversion: '0.1.0'\ntransforms: [{type: dbt, path: ./dbt}]\n",
    "dbt/dbt_project.yml": "name: files\nversion: '1.0'\nprofile: files\n",
    "dbt/models/written.sql": "{{ config(materialized='external', location='out/written.csv', delimiter='|') }}\n"
    "select 1 as id, 'a,b' as name union all select 2, null",
    "dbt/models/read.sql": "{{ config(materialized='table') }} select count(*) as rows from {{ ref('written') }}",
}


def test_an_external_model_writes_its_file_and_publishes_its_rows(tmp_path: Path) -> None:
    source = tmp_path / "source" / "files"
    for path, text in FILES.items():
        (source / path).parent.mkdir(parents=True, exist_ok=True)
        (source / path).write_text(text, "utf-8")
    (source / "out").mkdir()
    (source / "out" / "keep").touch()
    twins = Twins.of(source, tmp_path)
    written = twins.project / "out" / "written.csv"
    ours = twins.floe_run()
    by_floe = written.read_text("utf-8")
    written.unlink()
    theirs = twins.dbt_build()
    assert_same_verdicts(ours, theirs)
    assert ours.exit_code == 0, ours.output
    assert by_floe == written.read_text("utf-8")
    assert twins.rows("main.written").to_pylist() == [{"id": 1, "name": "a,b"}, {"id": 2, "name": None}]
    assert twins.rows("main.read").to_pylist() == [{"rows": 2}]
