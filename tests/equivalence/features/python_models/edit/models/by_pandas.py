import pandas as pd


def model(dbt, session):
    dbt.config(materialized="table")
    numbers = dbt.ref("numbers").df()
    return pd.DataFrame({"n": numbers["n"] * 100, "name": [str(dbt.this.identifier)] * len(numbers)})
