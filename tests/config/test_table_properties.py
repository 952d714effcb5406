"""Table properties of a layer: which may be set, and that they reach the artifact as texts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from floe.compiler import bindings

if TYPE_CHECKING:
    from conftest import Project

PLATFORM = "version: '1.0.0'\nextends: built-in\nlayers: {gold: {properties: {%s}}}\n"


def test_properties_are_texts_in_the_artifact(project: Project):
    platform = PLATFORM % "a.size: 1024, b: true, c: zstd, d: 0.5"
    layer = bindings.layers(project.load(platform=platform)).declared["gold"]
    assert layer.properties == {"a.size": "1024", "b": "true", "c": "zstd", "d": "0.5"}


@pytest.mark.parametrize(
    ("properties", "code", "message"),
    [
        ("history.expire.max-snapshot-age-ms: 1", "FLOE-0138", "set `retention_days` of the layer"),
        ("history.expire.min-snapshots-to-keep: 1", "FLOE-0138", "set `keep_snapshots` of the layer"),
        ("format-version: 2", "FLOE-0138", "reserved by Iceberg"),
        ("floe.landed: x", "FLOE-0138", "belongs to Floe"),
        ("a: [1]", "FLOE-0106", "must be a text, a number"),
        ("a: null", "FLOE-0106", "must be a text, a number"),
        ('"A b": 1', "FLOE-0107", "must be small letters"),
    ],
)
def test_what_cannot_be_set_is_refused_at_its_place(project: Project, properties: str, code: str, message: str):
    [diagnostic] = project.diagnostics(platform=PLATFORM % properties)
    assert diagnostic.code == code
    assert message in f"{diagnostic.message} {diagnostic.label}"
    assert diagnostic.span is not None
    assert diagnostic.span.location == "platform.yaml:3"
