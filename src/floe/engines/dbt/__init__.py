"""Renders dbt nodes during a run, by dbt itself, against the run's own session. Loaded only by runs that need it."""
