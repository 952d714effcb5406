"""AWS Glue as an Iceberg catalog: no commit of several tables, so publishing is recorded, ordered and resumable."""
