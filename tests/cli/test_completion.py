"""What the shell completes, asked as the shell asks."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Floe


@pytest.fixture
def complete(floe: Floe, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], list[str]]:
    """The words that bash is offered after a beginning of a command line."""

    def ask(line: str) -> list[str]:
        with monkeypatch.context() as environment:
            environment.setenv("_FLOE_COMPLETE", "bash_complete")
            environment.setenv("COMP_WORDS", line)
            environment.setenv("COMP_CWORD", str(len(line.split(" ")) - 1))
            found = floe()
        return [word.partition(",")[2] for word in found.out.splitlines() if word]

    return ask


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_its_script(floe: Floe, shell: str) -> None:
    assert "_FLOE_COMPLETE" in floe("completion", shell).out
    assert json.loads(floe("completion", shell, "--json").out)["shell"] == shell


def test_names_of_a_project_are_completed(shop: Path, floe: Floe, complete: Callable[[str], list[str]]) -> None:
    assert complete("floe pro") == ["promote"]
    assert complete("floe rollback main.") == ["main.example", "main.sample"]
    assert complete("floe rollback --run 2") == []
    floe("run", "-q")
    floe("tag", "v1")
    floe("run", "-q", "--branch", "dev")
    assert complete("floe promote ") == ["dev"]
    assert complete("floe show sample --branch d") == ["dev"]
    assert complete("floe tag v") == ["v1"]
    assert complete("floe rollback sample --to ") == ["main", "dev", "v1"]
    assert len(complete("floe rollback --run 2")) == 2


def test_selections_are_completed_behind_their_signs_and_methods(
    shop: Path, complete: Callable[[str], list[str]]
) -> None:
    assert complete("floe run -s exa") == ["example"]
    assert complete("floe run --exclude +main.s") == ["+main.sample"]
    assert complete("floe ls -s tag:none,2+exa") == ["tag:none,2+example"]
    assert complete("floe ls -s resource_type:s") == ["resource_type:seed"]
    assert complete("floe ls -s lay") == ["layer:"]
    assert complete("floe ls -s layer:ma") == ["layer:main"]
    assert complete("floe ls -s nothing:") == []
    assert complete("floe ls --selector n") == []


def test_what_is_known_without_a_project_is_completed(complete: Callable[[str], list[str]]) -> None:
    assert complete("floe explain floe-070") == [f"FLOE-070{digit}" for digit in range(1, 10)]
    assert complete("floe -C sh") == complete("floe run --platform sh") == ["sh"]
    assert complete("floe run -s exa") == []
    assert complete("floe run --resource-type unit") == ["unit_test"]
    assert complete("floe init --template f") == ["football"]


def test_bash_takes_a_method_and_its_value_for_one_word(shop: Path, floe: Floe, tmp_path: Path) -> None:
    script = floe("completion", "bash").out
    typed = "COMP_WORDS=(floe ls -s layer:ma); COMP_CWORD=3; _floe_completion; echo ${COMPREPLY[@]}"
    command = f"{script}\n{typed}".replace("$1", f"{sys.executable} -m floe.cli")
    done = subprocess.run(["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["layer:main"]
    assert "COMP_WORDBREAKS=${COMP_WORDBREAKS//:}" in script


def test_where_there_is_no_project_nothing_is_completed(floe: Floe, complete: Callable[[str], list[str]]) -> None:
    assert complete("floe promote ") == complete("floe rollback ") == []


def test_a_damaged_project_completes_nothing(shop: Path, complete: Callable[[str], list[str]]) -> None:
    (shop / ".floe/state.db").write_text("no journal")
    assert complete("floe rollback --run 2") == []
    (shop / ".floe/catalog.db").write_text("no catalog")
    assert complete("floe promote ") == []
    (shop / ".floe/artifacts.json").write_text("{}")
    assert complete("floe rollback ") == []


def test_commands_of_groups_and_environments_are_completed(
    tmp_path: Path, complete: Callable[[str], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for environment in ("prod", "preview", "test"):
        (tmp_path / "platform" / environment).mkdir(parents=True)
        (tmp_path / "platform" / environment / "platform.yaml").write_text("")
    assert complete("floe platform ") == ["list", "show", "validate", "bootstrap"]
    assert complete("floe config s") == ["show"]
    assert complete("floe run --env pr") == ["preview", "prod"]
    assert complete("floe platform show --env t") == ["test"]
