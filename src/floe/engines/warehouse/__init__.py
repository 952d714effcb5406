"""Warehouses: dbt builds every node there, through its adapter, and the warehouse keeps the tables."""
