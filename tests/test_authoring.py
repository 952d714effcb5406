"""The decorator for Python assets, and the face of the package."""

from __future__ import annotations

import subprocess
import sys

import pytest

import floe
from floe.authoring import MARKER, AssetDeclaration


def test_the_decorator_returns_the_function_itself() -> None:
    def orders() -> int:
        return 1

    assert floe.asset(orders) is orders
    assert floe.asset(layer="gold")(orders) is orders
    assert orders() == 1


def test_the_decorator_keeps_what_it_was_told() -> None:
    @floe.asset
    def plain() -> None: ...

    @floe.asset(name="other", layer="gold", deps=["silver.matches"], description="all", tags=["daily"])
    def full() -> None: ...

    assert getattr(plain, MARKER) == AssetDeclaration()
    assert getattr(full, MARKER) == AssetDeclaration("other", "gold", ("silver.matches",), "all", ("daily",))


def test_the_public_face_is_exactly_this() -> None:
    assert floe.__all__ == ["__version__", "asset"]
    assert floe.__version__.count(".") >= 1
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = floe.nothing


def test_importing_floe_imports_nothing_heavy() -> None:
    heavy = "('dbt', 'duckdb', 'pyarrow', 'pyiceberg', 'pydantic', 'rich', 'click')"
    script = f"import sys; import floe; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-S", "-c", "import sys; sys.path[:0] = sys.argv[1:]; " + script, *sys.path],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"
