"""Iceberg catalogs: what finds tables and commits to many of them at once."""
