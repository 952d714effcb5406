"""Engines: what builds assets and runs tests. DuckDB here; each behind the Protocol of `base`."""
