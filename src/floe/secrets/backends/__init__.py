"""The places that keep secrets, each imported when a platform names it."""
