"""dbt's own YAML, checked for what dbt lets through: keys that it does not know and names that do not exist."""
