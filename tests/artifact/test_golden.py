"""The artifact of the golden project: its bytes are fixed, wherever and whenever it is compiled.

After a change on purpose, write it anew: `FLOE_WRITE_GOLDEN=1 pytest tests/artifact/test_golden.py`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.metadata import version
from typing import TYPE_CHECKING

import pytest

from floe.artifact import codec

if TYPE_CHECKING:
    from pathlib import Path

COMPILE = """
import sys
from pathlib import Path
from floe.compiler.compile import compile_project
from floe.config.load import load_configuration
compile_project(load_configuration(Path(sys.argv[1])))
"""
SURROUNDINGS = {
    "plain": {},
    "everything else": {
        "PYTHONHASHSEED": "12345",
        "TZ": "Pacific/Kiritimati",
        "LC_ALL": "C",
        "LANG": "C",
        "PYTHONUTF8": "0",
        "DBT_TARGET": "x",
        "DBT_PROFILES_DIR": "/nowhere",
        "DBT_DEBUG": "1",
    },
}
"""All differences at once: each compilation takes seconds, and one that matters shows just as well among others."""


def compiled(source: Path, folder: Path, **environment: str) -> bytes:
    shutil.copytree(source, folder, ignore=shutil.ignore_patterns(".floe", "__pycache__"))
    names = ("FLOE_PLATFORM_FILE", "FLOE_PLATFORM_ENV")
    inherited = {name: value for name, value in os.environ.items() if name not in names}
    result = subprocess.run(
        [sys.executable, "-c", COMPILE, str(folder)],
        env={**inherited, "HOME": str(folder / "home"), **environment},
        cwd=folder.parent,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (result.returncode, result.stderr, result.stdout) == (0, "", "")
    return (folder / ".floe/artifacts.json").read_bytes()


@pytest.mark.parametrize("surroundings", SURROUNDINGS)
def test_the_bytes_do_not_depend_on_folder_hash_seed_time_zone_locale_or_shell(
    golden_project: Path, golden_bytes: bytes, tmp_path: Path, surroundings: str
):
    """Lesson 6: no timestamps, no absolute paths, no order that changes."""
    folder = tmp_path / surroundings.replace(" ", "-") / "a folder with spaces"
    folder.parent.mkdir()
    content = compiled(golden_project, folder, **SURROUNDINGS[surroundings])
    assert str(tmp_path).encode() not in content
    if os.environ.get("FLOE_WRITE_GOLDEN"):
        (golden_project.parent / "artifacts.json").write_bytes(content)
        golden_bytes = content
    golden = codec.decode(golden_bytes, "golden")
    golden = codec.seal(golden.model_copy(update={"floe_version": version("floe-runtime"), "digest": ""}))
    assert content.decode() == codec.encode(golden).decode()


def test_the_golden_artifact_loads_and_holds_one_asset_of_each_kind(golden_bytes: bytes):
    artifacts = codec.decode(golden_bytes, "golden")
    kinds = {(asset.kind, asset.materialization) for asset in artifacts.assets.values()}
    assert kinds == {
        ("source", "table"),
        ("seed", "table"),
        ("model", "ephemeral"),
        ("model", "view"),
        ("model", "table"),
        ("model", "incremental"),
        ("dbt_snapshot", "table"),
        ("python", "table"),
    }
    for asset in artifacts.assets.values():
        assert asset.layer in artifacts.layers
        assert set(asset.depends_on) <= set(artifacts.assets)
        made = [asset.source, asset.seed, asset.query, asset.python]
        assert sum(item is not None for item in made) == 1
    for test in artifacts.tests.values():
        assert set(test.depends_on) <= set(artifacts.assets)


def test_the_golden_artifact_is_what_it_was_when_it_is_written_again(golden_bytes: bytes):
    assert codec.encode(codec.decode(golden_bytes, "golden")) == golden_bytes
