"""Observers of a run's events that talk to people and other systems."""
