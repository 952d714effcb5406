"""Reads `floe.yaml` and `platform.yaml` once, with positions: every mistake becomes a diagnostic."""
