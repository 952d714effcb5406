"""The DuckDB engine: sessions that build, test and stage, and a reader of what is published."""
