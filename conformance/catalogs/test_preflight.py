"""`floe preflight` on real catalogs: all is well, and nothing is left."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from conformance.harness import floe

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conformance.catalogs.places import Place


@pytest.mark.parametrize("kind", ["postgres-s3", "polaris-s3", "polaris-s3-vended"])
def test_a_platform_that_is_there_passes_and_is_left_as_it_was(
    kind: str, make_place: Callable[[str, Path], Place], tmp_path: Path
) -> None:
    place = make_place(kind, tmp_path)
    result = floe(tmp_path, "preflight", "--timeout", "30", "--json", environment=dict(place.environment))
    assert result.returncode == 0, result.stdout + result.stderr
    found = {(probe["section"], probe["name"]): probe["outcome"] for probe in json.loads(result.stdout)["probes"]}
    assert found["catalogs", "default, tables"] == "ok"
    assert "fail" not in found.values()
    with place.plain() as plain:
        names = [name for (name,) in plain.list_namespaces()]
        assert not [name for name in names if name.startswith("floe_preflight")]
        assert [table for name in names for table in plain.list_tables(name)] == []
