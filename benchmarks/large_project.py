"""Generate the large data set of the benchmarks and its dbt project: an online shop with 4.2 million rows.

Usage: large_project.py FOLDER [MILLIONS_OF_ORDERS]

DuckDB computes every value from the row's number by a hash, so that the same size gives the same files at any time and
with any number of threads.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from layout import write_project_files

_LAYERS = """\
models:
  shop:
    staging: {+materialized: view}
    marts: {+materialized: table}
"""
_STATUSES = "[placed, paid, shipped, completed, returned]"
_COUNTRIES = "[DE, ES, FR, GB, US]"
MODELS = {
    "staging/stg_customers": """\
select customer_id, lower(email) as email, country, signed_up
from {{ source('raw', 'customers') }}
""",
    "staging/stg_products": """\
select product_id, name as product, category, price
from {{ source('raw', 'products') }}
""",
    "staging/stg_orders": """\
select order_id, customer_id, ordered_at, cast(ordered_at as date) as ordered_on, status
from {{ source('raw', 'orders') }}
""",
    "staging/stg_order_items": """\
select item_id, order_id, product_id, quantity
from {{ source('raw', 'order_items') }}
""",
    "marts/order_items": """\
select items.item_id, items.order_id, items.product_id, products.category, items.quantity,
    cast(items.quantity * products.price as decimal(12, 2)) as amount
from {{ ref('stg_order_items') }} as items
join {{ ref('stg_products') }} as products using (product_id)
""",
    "marts/orders": """\
select orders.order_id, orders.customer_id, orders.ordered_on, orders.status,
    count(items.item_id) as items, coalesce(sum(items.amount), 0) as amount
from {{ ref('stg_orders') }} as orders
left join {{ ref('order_items') }} as items using (order_id)
group by all
""",
    "marts/customers": """\
select customers.customer_id, customers.country, customers.signed_up, count(orders.order_id) as orders,
    coalesce(sum(orders.amount), 0) as lifetime_value, max(orders.ordered_on) as last_ordered_on
from {{ ref('stg_customers') }} as customers
left join {{ ref('orders') }} as orders using (customer_id)
group by all
""",
    "marts/daily_revenue": """\
select ordered_on, count(*) as orders, sum(amount) as revenue, count(distinct customer_id) as customers
from {{ ref('orders') }}
where status <> 'returned'
group by ordered_on
""",
}
TESTS = 19
_SCHEMA = f"""\
version: 2
sources:
  - name: raw
    config:
      meta: {{external_location: 'data/{{name}}.parquet'}}
    tables: [{{name: customers}}, {{name: products}}, {{name: orders}}, {{name: order_items}}]
models:
  - name: stg_customers
    columns:
      - {{name: customer_id, data_tests: [not_null, unique]}}
      - {{name: email, data_tests: [unique]}}
      - {{name: country, data_tests: [accepted_values: {{arguments: {{values: {_COUNTRIES}}}}}]}}
  - name: stg_orders
    columns:
      - {{name: order_id, data_tests: [not_null, unique]}}
      - {{name: status, data_tests: [accepted_values: {{arguments: {{values: {_STATUSES}}}}}]}}
      - name: customer_id
        data_tests: [relationships: {{arguments: {{to: ref('stg_customers'), field: customer_id}}}}]
  - name: order_items
    columns:
      - {{name: item_id, data_tests: [not_null, unique]}}
      - name: order_id
        data_tests: [not_null, relationships: {{arguments: {{to: ref('stg_orders'), field: order_id}}}}]
      - name: product_id
        data_tests: [relationships: {{arguments: {{to: ref('stg_products'), field: product_id}}}}]
  - name: orders
    columns:
      - {{name: order_id, data_tests: [not_null, unique]}}
  - name: customers
    columns:
      - {{name: customer_id, data_tests: [not_null, unique]}}
  - name: daily_revenue
    columns:
      - {{name: ordered_on, data_tests: [not_null, unique]}}
"""


@dataclass(frozen=True)
class Sizes:
    """Rows of each table."""

    orders: int

    @property
    def customers(self) -> int:
        return self.orders // 5

    @property
    def products(self) -> int:
        return 5_000

    @property
    def order_items(self) -> int:
        return self.orders * 3


def generate(folder: Path, sizes: Sizes) -> None:
    """Write the project and its Parquet files."""
    dbt = write_project_files(folder, "shop", _LAYERS)
    for name, sql in MODELS.items():
        file = dbt / "models" / f"{name}.sql"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(sql)
    (dbt / "models" / "schema.yml").write_text(_SCHEMA)
    _write_sources(dbt / "data", sizes)


def _write_sources(folder: Path, sizes: Sizes) -> None:
    import duckdb

    with duckdb.connect() as connection:
        for name, (rows, columns) in _sources(sizes).items():
            connection.execute(
                f"copy (select {columns} from range(1, {rows} + 1) t(i)) to '{folder}/{name}.parquet' (format parquet)"
            )


def _sources(sizes: Sizes) -> dict[str, tuple[int, str]]:
    """Rows and columns of each table. One order number in eleven is missing, as where orders were deleted."""
    order_number = "{0} + {0} // 10".format
    columns = {
        "customers": [
            "i as customer_id",
            "'Customer' || i || '@example.com' as email",
            f"{_pick(1, _COUNTRIES)} as country",
            f"date '2019-01-01' + {_number(2, 1_800)}::integer as signed_up",
        ],
        "products": [
            "i as product_id",
            "'product ' || i as name",
            f"{_pick(3, '[books, food, garden, music, toys]')} as category",
            f"cast(({_number(4, 9_900)} + 100) / 100 as decimal(9, 2)) as price",
        ],
        "orders": [
            f"{order_number('i')} as order_id",
            f"{_number(5, sizes.customers)} + 1 as customer_id",
            f"timestamp '2023-01-01' + to_seconds({_number(6, 730 * 86_400)}::integer) as ordered_at",
            f"{_pick(7, _STATUSES)} as status",
        ],
        "order_items": [
            "i as item_id",
            f"{order_number(f'({_number(8, sizes.orders)} + 1)')} as order_id",
            f"{_number(9, sizes.products)} + 1 as product_id",
            f"{_number(10, 5)} + 1 as quantity",
        ],
    }
    return {name: (getattr(sizes, name), ", ".join(parts)) for name, parts in columns.items()}


def _number(column: int, below: int) -> str:
    """SQL of a number from 0 that looks random, the same for the same row and column."""
    return f"(hash(i, {column}) % {below})::bigint"


def _pick(column: int, words: str) -> str:
    choices = words.strip("[]").split(", ")
    return f"[{', '.join(repr(word) for word in choices)}][{_number(column, len(choices))} + 1]"


if __name__ == "__main__":
    generate(Path(sys.argv[1]), Sizes(int(float(sys.argv[2] if len(sys.argv) > 2 else 1) * 1_000_000)))
