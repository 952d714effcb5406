"""Column types of seeds, as dbt infers them."""

from __future__ import annotations

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
        raise CompilationError(
            "FLOE-0214",
            f"the seed `{path}` is not a table in CSV",
            "each row must have as many values as the header has names",
            details=(str(error) or "the file is empty",),
        ) from error
    names = [str(name) for name in table.column_names]
    return [[name, overrides.get(name, adapter.convert_type(table, index))] for index, name in enumerate(names)]
