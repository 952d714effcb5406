"""Iceberg tables: catalogs, reading state, staging files and publishing many tables in one commit."""
