"""Tables get the Iceberg properties of their layer when they are published."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Floe

PLATFORM = "extends: built-in\nlayers: {main: {namespace: main, properties: {%s}}}\n"


def properties_of(project: Path, table: str) -> dict[str, Any]:
    """The properties in the newest metadata file of a table."""
    files = (project / ".floe/warehouse/main" / table / "metadata").glob("*.metadata.json")
    newest = max((json.loads(file.read_text()) for file in files), key=lambda metadata: metadata["last-updated-ms"])
    found: dict[str, Any] = newest["properties"]
    return found


def test_a_publish_sets_the_properties_of_the_layer(shop: Path, floe: Floe) -> None:
    (shop / "platform.yaml").write_text(PLATFORM % "owner-team: analytics, write.metadata.previous-versions-max: 20")
    assert floe("run", "-q").status == 0
    found = properties_of(shop, "sample")
    assert (found["owner-team"], found["write.metadata.previous-versions-max"]) == ("analytics", "20")
    (shop / "platform.yaml").write_text(PLATFORM % "owner-team: finance")
    assert floe("run", "-q").status == 0
    found = properties_of(shop, "sample")
    assert (found["owner-team"], found["write.metadata.previous-versions-max"]) == ("finance", "20")
