"""What every part of the artifact is: immutable, and without unknown fields."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Frozen(BaseModel):
    """Base of every artifact model: immutable, and nothing in it is unknown."""

    model_config = ConfigDict(frozen=True, extra="forbid")
