"""Every YAML in the documentation is valid, and every command shown there runs."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from floe.config.load import load_configuration

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").glob("*/README.md")])
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
PROJECT = re.compile(r"<!-- project: (\w+) -->")
MINIMAL_PIPELINE = 'name: documented\nversion: "1.0.0"\nsources: {things: {files: data/*.csv, layer: bronze}}\n'


def blocks(page: Path, language: str) -> list[str]:
    return [text for found, text in BLOCK.findall(page.read_text(encoding="utf-8")) if found == language]


def yaml_cases() -> list[object]:
    return [
        pytest.param(text, id=f"{page.relative_to(ROOT)}-{number}")
        for page in PAGES
        for number, text in enumerate(blocks(page, "yaml"))
        if text.startswith(("# floe.yaml", "# platform.yaml"))
    ]


def lay_out(folder: Path, text: str) -> None:
    """Write the block as the file its first line names, with the folders and files it speaks of."""
    name = text.split()[1]
    (folder / "floe.yaml").write_text(MINIMAL_PIPELINE)
    (folder / name).write_text(text)
    for child in ("dbt", "models", "assets", "data/orders"):
        (folder / child).mkdir(parents=True)
    (folder / "dbt/dbt_project.yml").write_text("name: documented\nversion: '1.0'\nprofile: documented\n")
    (folder / "models/example.sql").write_text("select 1 as id\n")
    (folder / "assets/example.py").write_text("")
    for child in ("data", "data/orders"):
        (folder / child / "day.csv").write_text("id\n1\n")
        (folder / child / "day.parquet").write_bytes(b"")
        (folder / child / "day.json").write_text("{}")


@pytest.mark.parametrize("text", yaml_cases())
def test_every_yaml_in_the_documentation_is_valid(text: str, tmp_path: Path) -> None:
    lay_out(tmp_path, text)
    load_configuration(tmp_path)


def test_every_yaml_block_says_which_file_it_is() -> None:
    nameless = [
        (str(page.relative_to(ROOT)), text.splitlines()[0])
        for page in PAGES
        for text in blocks(page, "yaml")
        if not text.startswith(("# floe.yaml", "# platform.yaml", "# models/", "# dbt/"))
    ]
    assert nameless == []


def commands(page: Path) -> list[str]:
    lines = [line for text in blocks(page, "console") for line in text.splitlines()]
    return [line[2:] for line in lines if line.startswith("$ ")]


def command_pages() -> list[object]:
    return [
        pytest.param(page, id=str(page.relative_to(ROOT)))
        for page in PAGES
        if any(command.startswith("floe") for command in commands(page))
    ]


@pytest.mark.parametrize("page", command_pages())
def test_every_floe_command_in_the_documentation_runs(page: Path, tmp_path: Path) -> None:
    """A page says `<!-- project: NAME -->`: its commands run in order in a new project of that template.

    A comment after a command, `# exit 1`, says that it is meant to fail with that status.
    """
    found = PROJECT.search(page.read_text(encoding="utf-8"))
    folder = tmp_path
    if found:
        run(tmp_path, f"floe init project --template {found[1]}")
        folder = tmp_path / "project"
    for line in commands(page):
        command, _, comment = line.partition("  # ")
        if command.startswith("cd "):
            folder = folder / command[3:].strip()
        elif command.startswith("floe"):
            expected = int(comment.removeprefix("exit ")) if comment.startswith("exit ") else 0
            run(folder, command, expected)


def run(folder: Path, command: str, expected: int = 0) -> None:
    words = shlex.split(command)
    assert words[0] == "floe", command
    done = subprocess.run(
        [sys.executable, "-m", "floe.cli.main", *words[1:]], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == expected, f"$ {command}\n{done.stdout}\n{done.stderr}"
