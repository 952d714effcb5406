"""The Iceberg catalog in SQL tables, in the layout of PyIceberg's SqlCatalog."""
