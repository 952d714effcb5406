def model(dbt, session):
    dbt.config(materialized="incremental", unique_key="n")
    found = dbt.ref("numbers")
    if dbt.is_incremental:
        largest = session.execute(f"select max(n) from {dbt.this}").fetchone()[0]
        found = found.filter(f"n > {largest}")
    return found.project("n, n + 1 as next")
