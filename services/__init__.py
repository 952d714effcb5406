"""Real services for tests: fetched and built once into a cache folder, started on free ports."""
