"""Column types of seeds, as dbt infers them."""

from __future__ import annotations

import csv
import json
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from dbt.adapters.factory import get_adapter
from dbt_common.clients import agate_helper

from floe.compiler.dbt.cache import Entry, content_hash
from floe.errors import CompilationError

if TYPE_CHECKING:
    from pathlib import Path

    from floe.compiler.dbt.cache import RenderCache

Columns = tuple[tuple[str, str], ...]


def seed_columns(config: Any, node: Any, file: Path, path: str, cache: RenderCache) -> Columns:  # noqa: ANN401
    """Names and DuckDB types of a seed's columns; inferred anew only if the file or its configuration changed.

    Raises:
        CompilationError: the file is not a CSV table with one header.
    """
    overrides = dict(node.config.column_types)
    content = [sha256(file.read_bytes()).hexdigest(), overrides, node.config.delimiter]
    key = content_hash(["seed", content])
    entry = cache.find(node.unique_id, key, {})
    if entry is None:
        inferred = _infer(get_adapter(config), file, path, overrides, node.config.delimiter)
        entry = Entry(key=key, sql=json.dumps(inferred))
        cache.current[node.unique_id] = entry
    return tuple((name, kind) for name, kind in json.loads(entry.sql))


def _infer(adapter: Any, file: Path, path: str, overrides: dict[str, str], delimiter: str) -> list[list[str]]:  # noqa: ANN401
    try:
        table = agate_helper.from_csv(str(file), text_columns=overrides, delimiter=delimiter)
    except (ValueError, StopIteration) as error:
        raise _no_table(error, file, path, delimiter) from error
    names = [str(name) for name in table.column_names]
    return [[name, overrides.get(name, adapter.convert_type(table, index))] for index, name in enumerate(names)]


def _no_table(error: Exception, file: Path, path: str, delimiter: str) -> CompilationError:
    why, line = _longer_than_header(file, delimiter) or (str(error) or "the file is empty", 1)
    return CompilationError(
        "FLOE-0214",
        f"the seed `{path}` is not a table in CSV: {why}",
        "each row must have as many values as the header has names",
        details=(f"--> {path}:{line}",),
    )


def _longer_than_header(file: Path, delimiter: str) -> tuple[str, int] | None:
    """The first row with more values than there are columns, and the line of the file on which it begins."""
    with file.open(encoding="utf-8-sig", newline="") as stream:
        rows = csv.reader(stream, delimiter=delimiter)
        columns = len(next(rows, []))
        line = rows.line_num + 1
        for row in rows:
            if len(row) > columns:
                return f"line {line} has {len(row)} values, its header has {columns} names", line
            line = rows.line_num + 1
    return None
