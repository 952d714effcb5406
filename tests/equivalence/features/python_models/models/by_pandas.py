import pandas as pd


def model(dbt, session):
    dbt.config(materialized="table", tags=["python"])
    numbers = dbt.ref("numbers").df()
    return pd.DataFrame({"n": numbers["n"] * 10, "label": ["x"] * len(numbers)})
