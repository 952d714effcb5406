"""A Python asset of the golden project."""

import floe


@floe.asset(tags=["python"])
def ratings(big_orders: object) -> object:
    """Orders with a rating."""
    return big_orders
