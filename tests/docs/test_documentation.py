"""The documentation is true: its commands run and print what it shows, its YAML is valid, its names and links exist."""

from __future__ import annotations

import ast
import json
import re
import shlex
import tomllib
from typing import TYPE_CHECKING

import click
import pytest
import yaml

from floe.cli.group import COMMANDS, build_group
from floe.cli.pages import codes
from floe.config.load import load_configuration

from .pages import PAGES, ROOT, anchors, blocks, inline_code, links, name_of, said_commands, sections, text_of
from .walk import READ_ONLY, Walk, is_shown, settled

if TYPE_CHECKING:
    from pathlib import Path

    from .pages import Section

CONFIGURATION = ("# floe.yaml", "# platform.yaml")
OF_ENVIRONMENTS = ("# platform/",)
"""Platform files of environments: the commands of their page check them."""
DBT = ("# models/", "# dbt/")
DBT_KEYS = {"version", "models", "sources", "seeds", "snapshots", "unit_tests", "data_tests", "exposures", "macros"}
DBT_PROJECT_KEYS = {"name", "version", "profile", "vars", "models", "seeds", "snapshots", "data_tests", "flags"}
DBT_PROJECT_KEYS |= {"on-run-start", "on-run-end"}
MINIMAL_PIPELINE = 'name: documented\nversion: "1.0.0"\ntransforms: [{type: dbt, path: models}]\n'
ROOMS = (
    *(
        "artifact",
        "cli",
        "compiler",
        "config",
        "dbt",
        "deploy",
        "diagnostics",
        "docs",
        "doctor",
        "engines",
        "lake",
        "observe",
    ),
    *("runtime", "secrets"),
)
OTHER_ROOMS = {"authoring": ["authoring.py"], "errors": ["errors.py"]}
MACHINE_PATH = re.compile(r"(?<![\w.])/(?:work|tmp|root|home)/\w")


def by_page(pages: list[Path]) -> list[object]:
    return [pytest.param(page, id=name_of(page)) for page in pages]


def yaml_cases(beginnings: tuple[str, ...]) -> list[object]:
    return [
        pytest.param(block.text, id=f"{name_of(page)}-{number}")
        for page in PAGES
        for number, block in enumerate(blocks(page, "yaml"))
        if block.text.startswith(beginnings)
    ]


# Commands and what they print


def football_sections() -> list[Section]:
    return [part for page in PAGES for part in sections(page) if part.project == "football" and part.runs_floe]


def other_sections() -> list[object]:
    found = [part for page in PAGES for part in sections(page) if part.project != "football" and part.runs_floe]
    return [pytest.param(part, id=f"{name_of(part.page)}-{number}") for number, part in enumerate(found)]


@pytest.mark.parametrize("section", other_sections())
def test_the_commands_of_a_page_run_and_print_what_it_shows(section: Section, tmp_path: Path) -> None:
    """A page says `<!-- project: NAME -->`: what follows happens in order in a new project of that template.

    `# exit 1` after a command says that it is meant to fail with that status.
    """
    walk = Walk(tmp_path)
    if section.project not in ("none", "empty"):
        walk._command(f"floe init project --template {section.project}", 0)
        walk.folder = tmp_path / "project"
    walk.follow(section)


def test_the_pages_about_the_football_example_show_what_it_prints(tmp_path: Path) -> None:
    walk = Walk(tmp_path, runs_once=True)
    walk._command("floe init football --template football", 0)
    walk.folder = tmp_path / "football"
    assert len(football_sections()) >= 3
    for section in football_sections():
        walk.follow(section)


def test_shown_output_is_compared_but_for_times_ids_and_what_is_left_out() -> None:
    output = [
        settled("    Landed  101ms  bronze.results  source  49,520 rows"),
        settled("run 20260101T000000000-abcdef"),
    ]
    assert is_shown("    Landed   2.31s  bronze.results   source  49,520 rows", output)
    assert is_shown("    Landed … rows", output)
    assert is_shown("run 20261121T042730874-73cb2c", output)
    assert not is_shown("    Landed   2.31s  bronze.results   source  49,521 rows", output)
    assert not is_shown("    Landed …", ["nothing"])


def test_every_program_that_a_page_calls_is_known() -> None:
    unknown = [
        (name_of(page), command)
        for page in PAGES
        for command in said_commands(page)
        if shlex.split(command)[0] not in ("floe", "cd", "rm", *READ_ONLY)
    ]
    assert unknown == []


# Code in the pages


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


@pytest.mark.parametrize("text", yaml_cases(CONFIGURATION))
def test_every_configuration_in_the_documentation_is_valid(text: str, tmp_path: Path) -> None:
    # lesson 5
    lay_out(tmp_path, text)
    load_configuration(tmp_path)


@pytest.mark.parametrize("text", yaml_cases(DBT))
def test_every_yaml_for_dbt_in_the_documentation_holds_what_dbt_knows(text: str) -> None:
    document = yaml.safe_load(text)
    known = DBT_PROJECT_KEYS if text.split()[1].endswith("dbt_project.yml") else DBT_KEYS
    assert set(document) <= known
    assert document.get("version", 2) is not None


def test_every_yaml_block_says_which_file_it_is() -> None:
    nameless = [
        (name_of(page), block.first_line)
        for page in PAGES
        for block in blocks(page, "yaml")
        if not block.text.startswith((*CONFIGURATION, *DBT, *OF_ENVIRONMENTS))
    ]
    assert nameless == []


@pytest.mark.parametrize("page", by_page([page for page in PAGES if blocks(page, "python") or blocks(page, "json")]))
def test_python_and_json_in_the_documentation_can_be_read(page: Path) -> None:
    for block in blocks(page, "python"):
        ast.parse(block.text)
    for block in blocks(page, "json"):
        json.loads(block.text)


def test_every_code_block_says_its_language() -> None:
    nameless = [(name_of(page), block.first_line) for page in PAGES for block in blocks(page) if not block.language]
    assert nameless == []


# Names in the pages


@pytest.mark.parametrize("page", by_page([page for page in PAGES if links(page)]))
def test_every_link_to_a_file_leads_somewhere(page: Path) -> None:
    broken = []
    for target in links(page):
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.exists() or (anchor and anchor not in anchors(file)):
            broken.append(target)
    assert broken == []


def test_every_page_is_reached_from_the_readme() -> None:
    reached, border = set(), [ROOT / "README.md"]
    while border:
        page = border.pop()
        if page in reached or page.suffix != ".md" or not page.is_file():
            continue
        reached.add(page)
        border += [(page.parent / target.partition("#")[0]).resolve() for target in links(page) if target[0] != "#"]
    assert [name_of(page) for page in PAGES if page not in reached] == []


def test_every_error_code_in_the_documentation_has_a_page() -> None:
    named = {(name_of(page), code) for page in PAGES for code in re.findall(r"FLOE-\d{4}", text_of(page))}
    known = set(codes())
    assert sorted((page, code) for page, code in named if code not in known) == []


def command_named(name: str) -> click.Command | None:
    group = build_group()
    return group.get_command(click.Context(group), name)


def below(command: click.Command | None, words: list[str]) -> click.Command | None:
    """The command of a group that the words name; of another command, itself."""
    if not isinstance(command, click.Group):
        return command
    found = (command.get_command(click.Context(command), word) for word in words)
    return next((part for part in found if part is not None), command)


def options_of(command: click.Command | None) -> set[str]:
    parameters = command.params if command else build_group().params
    return {"--help", "-h", *(name for parameter in parameters for name in parameter.opts)}


@pytest.mark.parametrize("page", by_page([page for page in PAGES if said_commands(page)]))
def test_every_floe_command_and_option_in_the_documentation_exists(page: Path) -> None:
    wrong = []
    for said in said_commands(page):
        words = shlex.split(said)
        if words[0] != "floe":
            continue
        name = next((word for word in words[1:] if word == "run-operation" or (word.isalpha() and word.islower())), "")
        command = below(command_named(name) if name else None, words)
        if name and command is None:
            wrong.append(said)
        known = options_of(command) | options_of(None)
        wrong += [
            f"{said}: {word}" for word in words[1:] if re.fullmatch(r"--?[a-z][a-z-]*", word) and word not in known
        ]
    assert [text for text in wrong if not re.search(r" -vv?$", text)] == []


def test_every_command_of_floe_is_documented() -> None:
    said = {tuple(shlex.split(command)[:2]) for page in PAGES for command in said_commands(page)}
    names = [name for part in COMMANDS.values() for name in part]
    assert [name for name in names if ("floe", name) not in said] == []


def test_every_make_target_in_the_documentation_is_one_of_the_makefile() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    said = {command.split()[1] for page in PAGES for command in said_commands(page) if command.startswith("make ")}
    assert {"demo", "test", "bench", "torture"} <= said <= targets


def test_no_page_names_a_path_of_somebody_s_machine() -> None:
    found = [(name_of(page), match[0]) for page in PAGES for match in MACHINE_PATH.finditer(text_of(page))]
    assert found == []


# The pages about the code


def modules_of(room: str) -> list[str]:
    folder = ROOT / "src/floe" / room
    paths = (path.relative_to(folder).as_posix() for path in folder.rglob("*.py") if path.name != "__init__.py")
    return OTHER_ROOMS.get(room) or sorted(paths)


@pytest.mark.parametrize("room", [*ROOMS, *OTHER_ROOMS])
def test_the_page_of_a_room_names_each_of_its_modules_and_no_other(room: str) -> None:
    page = ROOT / "docs/rooms" / f"{room}.md"
    first_column = re.findall(r"^\| `([\w/]+\.py)` \|", text_of(page), re.MULTILINE)
    assert sorted(first_column) == modules_of(room)


def test_every_room_has_a_page() -> None:
    folder = ROOT / "src/floe"
    packages = {path.parent.name for path in folder.glob("*/__init__.py")}
    assert packages == set(ROOMS)
    assert {path.stem for path in (ROOT / "docs/rooms").glob("*.md")} == {"README", *ROOMS, *OTHER_ROOMS}


def test_every_file_of_the_repository_that_the_documentation_names_exists() -> None:
    named = {
        (name_of(page), code)
        for page in PAGES
        for code in inline_code(page)
        if re.fullmatch(r"(?:src/floe|tests/\w+|examples|benchmarks|docs)/[\w./-]+", code)
    }
    assert sorted((page, path) for page, path in named if not (ROOT / path).exists()) == []


def test_the_changelog_begins_with_the_version_that_is_built() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    headings = re.findall(r"^## \[?([^\]\s]+)", text_of(ROOT / "CHANGELOG.md"), re.MULTILINE)
    assert next(heading for heading in headings if heading != "Unreleased") == version
