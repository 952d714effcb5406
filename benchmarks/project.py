"""Generate the dbt project of the benchmarks: N models over small Parquet sources, each with two tests.

Usage: project.py MODELS TABLES_EVERY FOLDER...
"""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path

from layout import write_project_files

SOURCES = 5
ROWS = 1_000


def names_of(models: int) -> list[str]:
    return [f"model_{number:04}" for number in range(models)]


def is_table(number: int, tables_every: int) -> bool:
    return number % tables_every == tables_every - 1


def generate(folder: Path, models: int, tables_every: int) -> None:
    """Write the project: staging views over the sources, then models on models; one in `tables_every` a table."""
    dbt = write_project_files(folder, "bench")
    _write_sources(dbt / "data")
    names = names_of(models)
    for number, name in enumerate(names):
        (dbt / "models" / f"{name}.sql").write_text(_model(number, names, tables_every))
    (dbt / "models" / "schema.yml").write_text(_schema(names))


def _write_sources(folder: Path) -> None:
    import duckdb

    with duckdb.connect() as connection:
        for number in range(SOURCES):
            connection.execute(
                f"copy (select i as id, i % 7 as category, i * 1.5 as amount, 'name ' || i as label "
                f"from range({ROWS}) t(i)) to '{folder}/raw_{number}.parquet' (format parquet)"
            )


def _model(number: int, names: list[str], tables_every: int) -> str:
    kind = "table" if is_table(number, tables_every) else "view"
    config = f"{{{{ config(materialized='{kind}') }}}}\n"
    if number < len(names) // 3 or number < SOURCES:
        return config + (
            f"select id, category, amount, upper(label) as label\n"
            f"from {{{{ source('raw', 'raw_{number % SOURCES}') }}}}\nwhere amount >= 0\n"
        )
    parents = (names[number // 2], names[number // 3])
    return config + textwrap.dedent(f"""\
        select left_side.id, left_side.category, left_side.amount + right_side.amount as amount, left_side.label
        from {{{{ ref('{parents[0]}') }}}} as left_side
        join {{{{ ref('{parents[1]}') }}}} as right_side on left_side.id = right_side.id
        """)


def _schema(names: list[str]) -> str:
    tables = "\n".join(f"      - name: raw_{number}" for number in range(SOURCES))
    models = "\n".join(
        f"  - name: {name}\n    columns:\n      - name: id\n        data_tests: [not_null, unique]" for name in names
    )
    # SQLMesh takes a bare path for SQL; dbt-duckdb and Floe take both.
    return (
        "version: 2\nsources:\n  - name: raw\n    config:\n"
        "      meta: {external_location: \"read_parquet('data/{name}.parquet')\"}\n"
        f"    tables:\n{tables}\nmodels:\n{models}\n"
    )


if __name__ == "__main__":
    for name in sys.argv[3:]:
        generate(Path(name), int(sys.argv[1]), int(sys.argv[2]))
