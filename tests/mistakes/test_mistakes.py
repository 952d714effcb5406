"""What users read for each mistake, whole: exit status and both streams, at 80 columns.

`FLOE_UPDATE_SNAPSHOTS=1 pytest tests/mistakes` writes the snapshots anew: read the difference before keeping it.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from floe.cli.main import main

from .projects import FILES, MISTAKES

if TYPE_CHECKING:
    from .projects import Mistake

SNAPSHOTS = Path(__file__).parent / "snapshots"
UPDATES = os.environ.get("FLOE_UPDATE_SNAPSHOTS") == "1"
FILTERS = (
    (re.compile(r"\b\d+(\.\d+)? ?(ms|s|min)\b"), "TIME"),
    (re.compile(r"\b[0-9a-f]{12,64}\b"), "DIGEST"),
)


def write(folder: Path, mistake: Mistake) -> None:
    for path, content in {**FILES, **mistake.files}.items():
        if content is None:
            continue
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, in which commands run as on a pipe of 80 columns."""
    folder = tmp_path / "shop"
    folder.mkdir()
    monkeypatch.chdir(folder)
    for name in ("NO_COLOR", "FORCE_COLOR", "FLOE_PLATFORM_FILE", "FLOE_PLATFORM_ENV"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("HOME", str(tmp_path))
    return folder


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_answered_as_kept(
    name: str, project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    mistake = MISTAKES[name]
    write(project, mistake)
    for variable, value in mistake.variables.items():
        monkeypatch.setenv(variable, value)
    status = main(mistake.words)
    out, err = (text.replace(str(project), "DIR") for text in capsys.readouterr())
    text = f"$ floe {' '.join(mistake.words)}\nexit {status}\n--- out\n{out}--- err\n{err}"
    for pattern, filtered in FILTERS:
        text = pattern.sub(filtered, text)
    assert status in (1, 2)
    assert "Traceback" not in text
    assert "error[FLOE-09" not in text
    snapshot = SNAPSHOTS / f"{name}.txt"
    if UPDATES:
        snapshot.parent.mkdir(exist_ok=True)
        snapshot.write_text(text, encoding="utf-8")
    assert text == snapshot.read_text(encoding="utf-8")


def test_every_snapshot_belongs_to_a_mistake_and_no_two_are_alike() -> None:
    kept = {path.stem: path.read_text(encoding="utf-8") for path in SNAPSHOTS.glob("*.txt")}
    assert sorted(kept) == sorted(MISTAKES)
    assert len(set(kept.values())) == len(kept) >= 60


@pytest.mark.parametrize(
    ("name", "suggestion"),
    [
        ("key_misspelt", "`transforms`"),
        ("key_of_a_source_misspelt", "`layer`"),
        ("option_of_another_format", "`delim`"),
        ("platform_warehouse_property", "`database`"),
        ("mode_misspelt", "'append'"),
        ("type_misspelt", "'python'"),
        ("profile_misspelt", "`default`"),
        ("layer_misspelt", "`bronze`"),
        ("folder_misspelt", "`./models`"),
        ("file_misspelt", "`data/orders.csv`"),
        ("asset_option", "`layer`"),
        ("asset_layer", "`gold`"),
        ("asset_input", "`raw_orders`"),
        ("model_ref", "`orders`"),
        ("command_misspelt", "`validate`"),
        ("option_misspelt", "`--format`"),
        ("option_value_misspelt", "`json`"),
        ("environment_misspelt", "`production`"),
        ("code_misspelt", "`FLOE-0130`"),
    ],
)
def test_what_is_misspelt_is_answered_with_what_was_meant(name: str, suggestion: str) -> None:
    assert f"did you mean {suggestion}" in (SNAPSHOTS / f"{name}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["code_unknown", "key_unknown", "profile_unknown"])
def test_what_is_far_from_everything_gets_a_list_or_the_way_to_one(name: str) -> None:
    text = (SNAPSHOTS / f"{name}.txt").read_text(encoding="utf-8")
    assert "lists them all" in text or "available" in text or "the fields here are" in text
