"""What dbt's configuration of a node says, as far as selections by `config.` may ask for it."""

from __future__ import annotations

from typing import Any

_LEFT_OUT = {"tags", "pre-hook", "post-hook", "packages"}
"""Kept elsewhere, or nothing that a text can equal."""


def said(config: Any) -> dict[str, Any]:  # noqa: ANN401 - a configuration of dbt's
    """The settings that differ from dbt's defaults, with those that dbt does not know."""
    defaults = type(config)().to_dict(omit_none=True)
    settings = config.to_dict(omit_none=True)
    return {
        name: value
        for name, value in sorted(settings.items())
        if name not in _LEFT_OUT and value != defaults.get(name) and value not in ({}, [])
    }
