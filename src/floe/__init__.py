"""Floe."""
