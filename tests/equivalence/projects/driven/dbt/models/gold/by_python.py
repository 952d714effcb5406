def model(dbt, session):
    dbt.config(materialized="table")
    orders = dbt.ref("orders").df()
    orders["cents"] = (orders["amount"] * 100).round().astype("int64")
    return orders[["id", "status", "cents"]]
