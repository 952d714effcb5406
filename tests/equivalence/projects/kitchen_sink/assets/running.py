import floe


@floe.asset(layer="silver", deps=["bronze.orders"])
def running_totals(orders):
    total = 0
    rows = []
    for order_id, amount in orders.project("order_id, amount").order("order_id").fetchall():
        total += amount
        rows.append({"order_id": order_id, "total": total})
    import pandas

    return pandas.DataFrame(rows)
