"""Preparing a platform: creating what it needs before the first run."""
