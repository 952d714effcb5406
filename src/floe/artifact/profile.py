"""The dbt profile that Floe generates: one target, and no secret in it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

PROFILE = "floe"


def profile_text(target: str, output: Mapping[str, Any], profile: str = PROFILE) -> str:
    """Text of a profiles.yml with the one target `target`; JSON is YAML, and cannot be misread."""
    return json.dumps({profile: {"target": target, "outputs": {target: output}}}, indent=1) + "\n"
