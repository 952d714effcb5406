import duckdb
import pandas as pd

import floe


@floe.asset(layer="silver", deps=["bronze.orders"])
def running_totals(orders: duckdb.DuckDBPyRelation) -> pd.DataFrame:
    total = 0.0
    rows = []
    for order_id, amount in orders.project("order_id, amount").order("order_id").fetchall():
        total += amount
        rows.append({"order_id": order_id, "total": total})
    return pd.DataFrame(rows)
