"""One of several writers: `writer.py FOLDER NUMBER APPENDS` appends to `gold.events`, and prints what came of it.

`+VALUE` for a row whose append was acknowledged, `-VALUE` for one that was given up.
"""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb

from floe.errors import CommitConflictError
from floe.lake.base import StagedFile, StagedTable, TableName
from floe.lake.catalogs.sql.sqlite import SqliteCatalog
from floe.lake.publish import publish
from floe.lake.read import schema

EVENTS = TableName("gold", "events")


def stage(catalog: SqliteCatalog, folder: Path, value: int, run_id: str) -> StagedTable:
    """Write a file with one row, to be added whatever the table holds."""
    base = catalog.load(EVENTS, str(folder / "warehouse" / "gold" / "events"))
    path = Path(base.location) / "data" / f"{run_id}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as connection:
        written = connection.execute(
            f"COPY (SELECT {value}::BIGINT AS id) TO '{path}' (FORMAT parquet, FIELD_IDS {{id: 1}}, RETURN_STATS)"
        ).fetchone()
    assert written is not None
    column = {"id": 1, "name": "id", "required": False, "type": "long"}
    known = schema(base) if base.exists else {"type": "struct", "schema-id": 0, "fields": [column]}
    return StagedTable(
        asset="gold.events",
        base=base,
        schema=known,
        operation="append" if base.exists else "replace",
        files=(StagedFile(str(path), 1, written[2]),),
        blind=base.exists,
    )


def main(folder: Path, writer: int, appends: int) -> None:
    catalog = SqliteCatalog(folder / "catalog.db")
    for number in range(appends):
        value = writer * 1000 + number
        run_id = f"w{writer}-{number}"
        try:
            publish([(catalog, stage(catalog, folder, value, run_id))], run_id, "digest", lambda _: None)
        except CommitConflictError:
            sys.stdout.write(f"-{value}\n")
        else:
            sys.stdout.write(f"+{value}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
