"""Files of projects that several tests begin with."""

SHOP = {
    "floe.yaml": """
        name: shop
        version: "1.0.0"
        transforms: [{type: dbt, path: ./models}]
        sources: {orders: {files: "orders.csv", layer: bronze}}
        """,
    "models/sources.yml": """
        sources: [{name: bronze, tables: [{name: orders}]}]
        """,
    "orders.csv": "id,amount\n1,10\n2,20\n",
}
"""One source, orders, which dbt models may read."""
