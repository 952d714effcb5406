"""Our client of the Iceberg REST catalog specification, and of Apache Polaris, which implements it."""
