"""The program around the commands: help, global options, exit status, streams."""

from __future__ import annotations

import gc
import json
import re
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import click
import pytest

from floe.cli.group import COMMANDS, build_group

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Floe

NAMES = [name for section in COMMANDS.values() for name in section]


PATHS = [
    *NAMES,
    *(f"platform {name}" for name in ("list", "show", "validate", "bootstrap")),
    "config show",
]


def test_help_lists_every_command_with_one_line(floe: Floe) -> None:
    outcome = floe("--help")
    assert (outcome.status, outcome.err) == (0, "")
    for section in COMMANDS.values():
        for name, line in section.items():
            assert f"  {name} " in outcome.out
            assert line in outcome.out
    assert outcome.out == floe("-h").out


@pytest.mark.parametrize("name", PATHS)
@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_every_command_has_help_with_examples_in_80_columns(floe: Floe, name: str, flag: str) -> None:
    outcome = floe(*name.split(), flag)
    assert (outcome.status, outcome.err) == (0, "")
    assert outcome.out.startswith(f"Usage: floe {name} ")
    assert f"Examples:\n  floe {name}" in outcome.out
    assert max(len(line) for line in outcome.out.splitlines()) <= 80


def test_the_list_of_commands_is_the_folder_of_commands() -> None:
    from floe.cli import commands

    folder = _folder(commands.__file__)
    modules = {path.stem for path in folder.glob("*.py")} - {"__init__"} | {
        path.parent.name for path in folder.glob("*/*.py")
    }
    assert modules == {name.replace("-", "_") for name in NAMES}


def _folder(file: str | None) -> Path:
    from pathlib import Path

    assert file is not None
    return Path(file).parent


def test_help_imports_nothing_heavy(loaded_by: Callable[..., set[str]]) -> None:
    heavy = {"dbt", "duckdb", "pyiceberg", "pyarrow", "rich", "sqlglot", "pydantic", "yaml", "sqlite3"}
    loaded = {name.partition(".")[0] for name in loaded_by("--help")}
    assert "click" in loaded
    assert not heavy & loaded


def test_no_command_is_imported_before_it_is_invoked(loaded_by: Callable[..., set[str]]) -> None:
    commands = {name for name in loaded_by("explain") if name.startswith("floe.cli.commands.")}
    assert commands == {"floe.cli.commands.explain"}


def test_without_a_command_the_help_goes_to_standard_error_and_the_status_is_2(floe: Floe) -> None:
    outcome = floe()
    assert (outcome.status, outcome.out) == (2, "")
    assert outcome.err.startswith("Usage: floe ")


def test_an_unknown_command_is_answered_with_the_nearest(floe: Floe) -> None:
    assert floe("expln").filtered() == (
        "exit 2\n--- out\n--- err\nerror[FLOE-0701]: there is no command `expln`\nhint: did you mean `explain`?\n"
    )
    assert "run `floe --help` for the list of commands" in floe("zzz").err


def test_an_unknown_option_is_answered_with_the_nearest(floe: Floe) -> None:
    assert floe("explain", "--jsn").filtered() == (
        "exit 2\n--- out\n--- err\n"
        "error[FLOE-0701]: `floe explain` has no option `--jsn`\n"
        "hint: did you mean `--json`?\n"
    )
    assert "run `floe --help` for its options" in floe("--zzzz").err
    assert "run `floe run --help` for its options" in floe("run", "--format", "json").err  # not `--platform`


def test_a_usage_error_is_a_document_too_where_one_was_asked_for(floe: Floe) -> None:
    """lesson 10"""
    outcome = floe("explain", "--json", "--bogus")
    assert (outcome.status, json.loads(outcome.out)["error"]["code"]) == (2, "FLOE-0701")


def test_a_value_too_many_is_a_usage_error(floe: Floe) -> None:
    outcome = floe("explain", "one", "two")
    assert outcome.status == 2
    assert outcome.err == (
        "error[FLOE-0701]: `floe explain` takes no further argument `two`\n"
        "hint: run `floe explain --help` for its usage\n"
    )


def test_global_options_are_accepted_before_and_after_the_command(floe: Floe, tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    assert floe("-C", "here", "-q", "init", "one").err == ""
    assert floe("init", "two", "-q", "--directory", "here").err == ""
    assert {path.name for path in (tmp_path / "here").iterdir()} == {"one", "two"}


def test_a_missing_directory_is_named(floe: Floe) -> None:
    assert floe("-C", "shpo", "init").filtered() == (
        "exit 2\n--- out\n--- err\nerror[FLOE-0709]: there is no folder `shpo`\n"
        "hint: check the path after `-C`, or in `FLOE_DIRECTORY`\n"
    )


def test_the_version_is_that_of_the_distribution(floe: Floe) -> None:
    from importlib.metadata import version

    assert floe("--version").out == f"floe {version('floe-runtime')}\n"


def test_an_unexpected_error_is_one_line_and_its_trace_comes_with_vv(
    floe: Floe, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = build_group()
    command = group.get_command(None, "explain")  # type: ignore[arg-type]
    assert command is not None
    monkeypatch.setattr(command, "callback", lambda **_: 1 // 0)
    assert floe("explain").filtered() == (
        "exit 2\n--- out\n--- err\n"
        "error[FLOE-0901]: internal error: ZeroDivisionError: integer division or modulo by zero\n"
        "hint: run the command again with `-vv` to see where it happened\n"
    )
    assert "Traceback (most recent call last)" in floe("-vv", "explain").err
    assert "Traceback" not in floe("-v", "explain").err
    document = json.loads(floe("explain", "--json").out)
    assert document["error"]["code"] == "FLOE-0901"


def test_an_interrupt_ends_with_130(floe: Floe, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(**_: object) -> None:
        raise KeyboardInterrupt

    command = build_group().get_command(None, "explain")  # type: ignore[arg-type]
    monkeypatch.setattr(command, "callback", interrupt)
    outcome = floe("explain")
    assert (outcome.status, outcome.err) == (130, "interrupted\n")


def test_a_reader_that_goes_away_is_no_error_message(tmp_path: Path) -> None:
    script = f"{sys.executable} -m floe.cli explain | true; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert done.stdout.strip() in ("0", "141")  # 0 where the pipe took everything before it was closed


def test_characters_that_the_terminal_lacks_do_not_fail(tmp_path: Path) -> None:
    (tmp_path / "floe.yaml").write_text("")
    done = subprocess.run(
        [sys.executable, "-m", "floe.cli", "init", "Łódź"],
        cwd=tmp_path,
        env={"PYTHONIOENCODING": "ascii", "PATH": ""},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 2
    assert b"`\\u0141\\xf3d\\u017a` is not a project name" in done.stderr


def test_a_variable_of_the_environment_stands_in_for_an_option(
    floe: Floe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    floe("init", "shop")
    monkeypatch.setenv("FLOE_DIRECTORY", str(tmp_path / "shop"))
    monkeypatch.setenv("FLOE_VERBOSE", "1")
    outcome = floe("validate")
    assert outcome.status == 0
    assert outcome.err.startswith("platform: ")


@pytest.mark.parametrize("words", [("-C", "shop", "validate"), ("validate", "-C", "shop")])
def test_an_option_wins_over_its_variable_before_and_after_the_command(
    floe: Floe, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    floe("init", "shop")
    monkeypatch.setenv("FLOE_DIRECTORY", "elsewhere")
    assert floe(*words).status == 0
    assert "there is no folder `elsewhere`" in floe("validate").err


def test_a_variable_counts_once_though_the_command_has_the_option_too(
    floe: Floe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLOE_VERBOSE", "1")
    assert "Traceback" not in floe("validate").err
    monkeypatch.setenv("FLOE_VERBOSE", "2")
    assert "Traceback" in floe("validate").err


def test_a_wrong_value_of_a_variable_is_said_with_its_name(floe: Floe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLOE_THREADS", "many")
    assert "`--threads` (env var: `FLOE_THREADS`): `many` is not" in floe("run").err


def test_every_variable_of_an_option_is_in_the_documentation() -> None:
    page = (_folder(__file__).parents[1] / "docs" / "running.md").read_text(encoding="utf-8")
    group = build_group()
    commands = [group.get_command(click.Context(group), name) for name in NAMES]
    every = [option for command in (group, *commands) if command for option in command.params]
    variables = {option.envvar for option in every if isinstance(option.envvar, str)}
    assert variables == set(re.findall(r"^\| `(FLOE_[A-Z_]+)` \|", page, re.MULTILINE))


def test_python_looks_for_garbage_as_it_did_before_once_a_command_has_ended(floe: Floe) -> None:
    before = gc.get_threshold()
    assert floe("explain", "FLOE-0101").status == 0
    assert gc.get_threshold() == before


def test_an_interrupt_while_the_program_still_imports_itself_ends_it_without_a_word() -> None:
    script = """
import os, signal, sys
from importlib.abc import MetaPathFinder

class Impatient(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == "floe.cli.main":
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Impatient())
from floe.cli.entry import main
main()
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGINT, "", "")
