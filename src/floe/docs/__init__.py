"""dbt's artifacts and documentation site, made of what was compiled, run and published."""
