"""From configuration and a dbt project to the compiled artifact."""
