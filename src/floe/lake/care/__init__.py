"""Care for published tables: expiring snapshots, compacting small files, deleting what nobody refers to."""
