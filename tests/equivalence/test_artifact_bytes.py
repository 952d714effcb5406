"""The artifact is a function of the project: folder, hash seed and time zone leave its bytes alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .harness import REPOSITORY, Twins

if TYPE_CHECKING:
    from pathlib import Path

PLACES = {
    "one": {"PYTHONHASHSEED": "1", "TZ": "America/New_York", "LC_ALL": "C.UTF-8"},
    "another, with spaces": {"PYTHONHASHSEED": "2", "TZ": "Asia/Kathmandu", "LC_ALL": "C"},
}


def test_the_football_artifact_has_the_same_bytes_everywhere(tmp_path: Path) -> None:
    # lesson 6
    artifacts = []
    for place, environment in PLACES.items():
        folder = tmp_path / place
        folder.mkdir()
        football = Twins.of(REPOSITORY / "examples" / "football", folder)
        compiled = football.floe("compile", environment=environment)
        assert compiled.returncode == 0, compiled.stderr
        artifacts.append((football.project / ".floe" / "artifacts.json").read_bytes())
    assert artifacts[0] == artifacts[1]
    assert str(tmp_path).encode() not in artifacts[0]
