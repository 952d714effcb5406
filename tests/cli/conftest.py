"""How the tests of the command line run it, and what they filter out of its output."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import pytest

from floe.cli.main import main

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FILTERS = (
    (re.compile(r"\b\d+(\.\d+)? ?(ms|s|min)\b"), "TIME"),
    (re.compile(r"\b\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(\.\d+)?(\+\d{2}:\d{2}|Z)?"), "MOMENT"),
    (re.compile(r"\b\d{8}T\d{9}(-[0-9a-f]{6})?\b"), "RUN"),
    (re.compile(r"\b\d{14,19}\b"), "SNAPSHOT"),
    (re.compile(r"\b[0-9a-f]{12,64}\b"), "DIGEST"),
)


@dataclass(frozen=True)
class Outcome:
    """What a command left: exit status and the two streams, with the folder of the test named DIR."""

    status: int
    out: str
    err: str

    def filtered(self) -> str:
        """All of it as one text, with what differs from run to run replaced."""
        text = f"exit {self.status}\n--- out\n{self.out}--- err\n{self.err}"
        for pattern, name in FILTERS:
            text = pattern.sub(name, text)
        return text


class Floe(Protocol):
    def __call__(self, *words: str) -> Outcome: ...


@pytest.fixture(autouse=True)
def plain_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", *(name for name in os.environ if name.startswith("FLOE_"))):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def floe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Floe:
    """Run the command line in this process, in the test's own folder."""
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> Outcome:
        status = main(words)
        out, err = (text.replace(str(tmp_path), "DIR") for text in capsys.readouterr())
        return Outcome(status, out, err)

    return run


@pytest.fixture
def floe_process(tmp_path: Path) -> Floe:
    """Run the command line as a process of its own, in the test's own folder."""

    def run(*words: str) -> Outcome:
        command = [sys.executable, "-m", "floe.cli", *words]
        environment = dict(os.environ)  # a library that loads readline leaves COLUMNS where only children see it
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=120
        )
        out, err = (text.replace(str(tmp_path), "DIR") for text in (done.stdout, done.stderr))
        return Outcome(done.returncode, out, err)

    return run


@pytest.fixture(scope="session")
def compiled_shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The basic template as `floe init shop` writes it, compiled once for all tests."""
    folder = tmp_path_factory.mktemp("compiled")
    assert main(["-q", "-C", str(folder), "init", "shop"]) == 0
    for _ in range(2):  # files that are younger than the clock's grain are not remembered the first time
        assert main(["-q", "-C", str(folder / "shop"), "compile"]) == 0
    return folder / "shop"


@pytest.fixture
def shop(compiled_shop: Path, tmp_path: Path) -> Path:
    """A copy of the compiled basic project, in the folder where `floe` runs."""
    shutil.copytree(compiled_shop, tmp_path, symlinks=True, dirs_exist_ok=True)
    return tmp_path


@pytest.fixture
def loaded_by(tmp_path: Path) -> Callable[..., set[str]]:
    """The modules that a command imports, beside those that any Python program has."""

    def modules(*words: str) -> set[str]:
        script = (
            "import sys; before = set(sys.modules); from floe.cli.main import main;"
            f"main({list(words)!r}); print(*(set(sys.modules) - before))"
        )
        done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True)
        return set(done.stdout.splitlines()[-1].split())

    return modules
