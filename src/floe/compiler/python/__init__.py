"""Python assets, found by reading the files: no code of the user is imported at compile time."""
