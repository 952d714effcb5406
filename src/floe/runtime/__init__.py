"""Running an artifact: selection, scheduling, write-audit-publish, journal, locks, events."""
