"""Many writers append to one table of a catalog server: what was acknowledged is what is visible (T5)."""

from __future__ import annotations

import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from conformance.catalogs.writing import published_together, rows, staged, write

from floe.errors import CommitConflictError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conformance.catalogs.places import Place

SIZES = [(8, 10), (16, 20)] if "FLOE_TORTURE_WRITERS" in os.environ else [(8, 10)]


@pytest.mark.parametrize(("writers", "appends"), SIZES)
@pytest.mark.parametrize("kind", ["postgres-local", "polaris-s3"])
def test_every_acknowledged_append_is_visible_and_hardly_any_is_given_up(
    kind: str, writers: int, appends: int, make_place: Callable[[str, Path], Place], tmp_path: Path
) -> None:
    place = make_place(kind, tmp_path / "project")
    write(place, place.catalog(), "gold.a", [-1])

    def append(writer: int) -> list[int]:
        catalog, acknowledged = place.catalog(), []
        for number in range(appends):
            value, run_id = writer * 1000 + number, f"w{writer}-{number}"
            table = staged(place, catalog, "gold.a", [value], operation="append", run_id=run_id)
            try:
                published_together(catalog, replace(table, blind=True), run_id=run_id)
            except CommitConflictError:
                continue
            acknowledged.append(value)
        return acknowledged

    began = time.monotonic()
    with ThreadPoolExecutor(writers) as pool:
        acknowledged = [value for values in pool.map(append, range(writers)) for value in values]
    given_up = writers * appends - len(acknowledged)
    assert rows(place, place.catalog(), "gold.a") == sorted([-1, *acknowledged])
    seconds = time.monotonic() - began
    counted = f"{writers} writers x {appends} appends: {given_up} given up, 0 lost, 0 twice, {seconds:.0f}s"
    sys.stdout.write(f"T5, {kind}: {counted}\n")
    assert given_up < writers * appends / 100
