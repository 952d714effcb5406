"""A server around the published service of Apache Polaris."""
