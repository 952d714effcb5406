"""What `floe preflight` looks at: secrets, storages, catalogs, clocks and the machine."""
