"""Reading and writing artifacts: what is refused, and why."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from floe.artifact import codec
from floe.errors import ArtifactError


def refused(content: bytes) -> ArtifactError:
    with pytest.raises(ArtifactError) as caught:
        codec.decode(content, "artifacts.json")
    assert caught.value.instruction
    return caught.value


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"3", b'"text"', b"{}", b"\xff\xfe", b"null"])
def test_what_is_not_an_artifact_is_refused(content: bytes):
    error = refused(content)
    assert (error.code, error.reason) == ("FLOE-0302", "`artifacts.json` is not a compiled artifact")


@pytest.mark.parametrize("version", [0, 2, "1", None])
def test_another_format_version_is_refused_before_anything_else_is_read(golden_bytes: bytes, version: object):
    """Lesson 6: several artifact versions at once, and no check on load."""
    document = json.loads(golden_bytes)
    document["format_version"] = version
    error = refused(json.dumps(document).encode())
    assert error.code == "FLOE-0303"
    assert error.instruction == "run `floe compile` to write it anew"


def test_any_changed_value_is_refused(golden_bytes: bytes):
    document = json.loads(golden_bytes)
    document["assets"]["silver.big_orders"]["query"]["sql"] += " "
    error = refused(json.dumps(document).encode())
    assert error.code == "FLOE-0304"


def test_a_changed_value_in_the_layout_of_an_artifact_is_refused(golden_bytes: bytes):
    changed = golden_bytes.replace(b'"materialization": "table"', b'"materialization": "view"', 1)
    assert changed != golden_bytes
    assert refused(changed).code == "FLOE-0304"


def test_an_artifact_in_its_own_layout_reads_as_one_in_any_other(golden_bytes: bytes):
    turned = json.dumps(json.loads(golden_bytes)).encode()
    assert codec.decode(golden_bytes, "golden") == codec.decode(turned, "turned")
    assert codec.decode(golden_bytes, "golden").model_dump() == codec.decode(turned, "turned").model_dump()


def test_an_unknown_field_in_the_layout_of_an_artifact_is_refused_even_with_the_right_digest(golden_bytes: bytes):
    document = json.loads(golden_bytes)
    del document["format_version"]
    document["surprise"] = 1
    document["digest"] = codec.digest_of(document)
    text = json.dumps({**document, "format_version": 1}, sort_keys=True, indent=1, ensure_ascii=False)
    assert refused(text.encode() + b"\n").code == "FLOE-0302"


def test_an_unknown_field_is_refused_even_with_the_right_digest(golden_bytes: bytes):
    document = json.loads(golden_bytes)
    del document["format_version"]
    document["surprise"] = 1
    document["digest"] = codec.digest_of(document)
    assert refused(json.dumps({**document, "format_version": 1}).encode()).code == "FLOE-0302"


@given(position=st.integers(min_value=0), replacement=st.integers(min_value=0, max_value=255))
def test_no_changed_byte_gets_through_or_ends_in_anything_but_an_artifact_error(position: int, replacement: int):
    golden = (Path(__file__).parent / "golden/artifacts.json").read_bytes()
    position %= len(golden)
    changed = golden[:position] + bytes([replacement]) + golden[position + 1 :]
    try:
        artifacts = codec.decode(changed, "artifacts.json")
    except ArtifactError:
        return
    assert codec.encode(artifacts) == golden


def test_layout_and_order_of_keys_do_not_matter_on_load(golden_bytes: bytes):
    document = json.loads(golden_bytes)
    turned = json.dumps(dict(reversed(document.items())), indent=None)
    assert codec.encode(codec.decode(turned.encode(), "turned")) == golden_bytes


def test_a_missing_artifact_says_what_to_do(tmp_path: Path):
    with pytest.raises(ArtifactError) as caught:
        codec.load(tmp_path / "artifacts.json")
    assert caught.value.code == "FLOE-0301"
    assert caught.value.instruction == "run `floe compile`"


def test_an_artifact_that_cannot_be_read_is_an_artifact_error(tmp_path: Path):
    with pytest.raises(ArtifactError) as caught:
        codec.load(tmp_path)
    assert caught.value.code == "FLOE-0305"


def test_what_is_saved_is_what_is_loaded_and_nothing_else_is_left(golden_bytes: bytes, tmp_path: Path):
    artifacts = codec.decode(golden_bytes, "golden")
    path = tmp_path / "deep/artifacts.json"
    codec.save(artifacts, path)
    assert codec.load(path) == artifacts
    assert [file.name for file in path.parent.iterdir()] == ["artifacts.json"]


def test_artifacts_cannot_be_changed(golden_bytes: bytes):
    artifacts = codec.decode(golden_bytes, "golden")
    with pytest.raises(ValidationError):
        artifacts.publish = "per-asset"  # type: ignore[misc]


def test_the_table_of_an_asset_is_in_the_namespace_of_its_layer(golden_bytes: bytes):
    artifacts = codec.decode(golden_bytes, "golden")
    layer = artifacts.layers["gold"].model_copy(update={"namespace": "analytics.gold"})
    moved = artifacts.model_copy(update={"layers": {**artifacts.layers, "gold": layer}})
    assert moved.table_name(moved.assets["gold.by_day"]) == ("analytics.gold", "by_day")


def test_views_and_ephemeral_models_publish_nothing(golden_bytes: bytes):
    artifacts = codec.decode(golden_bytes, "golden")
    quiet = {key for key, asset in artifacts.assets.items() if not asset.publishes}
    assert quiet == {"gold.names", "silver.typed"}


def test_defaults_are_not_written(golden_bytes: bytes):
    assert b": null" not in golden_bytes
