"""The tables that the benchmark of writing takes: each a query that all contenders are given, word for word."""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb

sys.path.insert(0, str(Path(__file__).resolve().parent))

from large_project import Sizes, _write_sources

_COMPUTED = """
    select range as id, (hash(range) % 100000)::bigint as customer, DATE '2020-01-01' + (range % 2000)::int as day,
        (hash(range, 1) % 1000000) / 100.0 as amount, 'order ' || range as name,
        ['new', 'paid', 'sent', 'returned'][1 + (hash(range, 2) % 4)::int] as status,
        hash(range, 3) % 7 = 0 as urgent, TIMESTAMP '2020-01-01' + to_seconds(range * 20) as at
    from range({rows})
"""
_NUMBERS = """
    select range as id, (hash(range, 1) % 1000)::int as a, (hash(range, 2) % 1000000)::int as b,
        hash(range, 3)::double / 1e10 as c, range * 1.5 as d, (hash(range, 4) % 100000 / 100.0)::decimal(9, 2) as e,
        (hash(range, 5) % 5)::bigint as f, range // 10 as g
    from range({rows})
"""
_TEXTS = """
    select 'key-' || lpad(range::varchar, 12, '0') as id, md5(range::varchar) as code,
        'Customer ' || hash(range, 1) % 50000 || ' of ' || hash(range, 2) % 300 as customer,
        ['DE', 'ES', 'FR', 'GB', 'US'][1 + (hash(range, 3) % 5)::int] as country,
        'https://shop.example/' || hash(range, 4) % 2000 || '/' || hash(range, 5) % 90 || '?page=' || range % 7 as url
    from range({rows})
"""
_STORED = {"copied": _COMPUTED, "numbers": _NUMBERS, "texts": _TEXTS}
SHAPES = {
    "items": "order items of a shop, joined with its products: numbers, a price, a category",
    "copied": "eight columns of all kinds, read from a file",
    "numbers": "eight columns of numbers, read from a file",
    "texts": "five columns of texts, read from a file",
    "computed": "the eight columns of all kinds, computed from the number of the row",
}


def write_sources(folder: Path, rows: int) -> None:
    """Write the files that the queries read; each has `rows` rows."""
    _write_sources(folder, Sizes(rows // 3))
    for name, query in _STORED.items():
        duckdb.execute(f"copy ({query.format(rows=rows)}) to '{folder}/{name}.parquet' (format parquet)")


def query_of(shape: str, folder: Path, rows: int) -> str:
    """The query of a shape over the files in `folder`."""
    if shape == "computed":
        return _COMPUTED.format(rows=rows)
    if shape == "items":
        return (
            "select items.*, products.category, cast(items.quantity * products.price as decimal(12, 2)) as amount\n"
            f"from read_parquet('{folder}/order_items.parquet') as items\n"
            f"join read_parquet('{folder}/products.parquet') as products using (product_id)\n"
        )
    return f"select * from read_parquet('{folder}/{shape}.parquet')"


if __name__ == "__main__":
    write_sources(Path(sys.argv[1]), int(sys.argv[2]))
