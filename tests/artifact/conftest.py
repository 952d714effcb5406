"""The golden artifact: the one that every room loads (lesson 2)."""

from __future__ import annotations

from pathlib import Path

import pytest

GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture
def golden_project() -> Path:
    return GOLDEN / "project"


@pytest.fixture
def golden_bytes() -> bytes:
    return (GOLDEN / "artifacts.json").read_bytes()
