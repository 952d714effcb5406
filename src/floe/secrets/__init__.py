"""Secrets by reference: where they are looked for, and how they are kept out of everything that is shown."""
