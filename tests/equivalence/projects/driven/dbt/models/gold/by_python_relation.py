def model(dbt, session):
    dbt.config(materialized="incremental")
    relation = dbt.ref("by_python")
    if dbt.is_incremental:
        last = session.execute(f"select max(id) from {dbt.this}").fetchone()[0]
        relation = relation.filter(f"id > {last}")
    return relation
