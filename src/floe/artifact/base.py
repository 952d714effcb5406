"""What every part of the artifact is: immutable, and without unknown fields."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Frozen(BaseModel):
    """Base of every artifact model: immutable, and nothing in it is unknown.

    Validators are built when they are first used: most commands only ever read a whole artifact.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)
