"""One platform applies, found in one order, and the reason is known."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from floe.config.discovery import choose_platform, shown_path
from floe.errors import EXIT_ENVIRONMENT, ConfigurationError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Project
    from floe.config.load import Configuration

ORDER = [
    ("platform/local/platform.yaml", "found at `platform/local/platform.yaml`"),
    (".floe/local/platform.yaml", "found at `.floe/local/platform.yaml`"),
    ("~/.floe/local/platform.yaml", "found at `~/.floe/local/platform.yaml`"),
    ("platform/platform.yaml", "found at `platform/platform.yaml`, which serves every environment"),
    (".floe/platform.yaml", "found at `.floe/platform.yaml`, which serves every environment"),
    ("~/.floe/platform.yaml", "found at `~/.floe/platform.yaml`, which serves every environment"),
    ("platform.yaml", "found at `platform.yaml`, which serves every environment"),
]


def place(project: Project, path: str) -> Path:
    return project.write(str(Path(path).expanduser()), project.platform)


def load(project: Project, environment: str | None = None, platform_file: Path | None = None) -> Configuration:
    from floe.config.load import load_configuration

    project.write("floe.yaml", project.floe)
    return load_configuration(project.folder, environment=environment, platform_file=platform_file)


@pytest.mark.parametrize(("path", "reason"), ORDER)
def test_the_first_place_in_the_order_wins(path: str, reason: str, project: Project):
    position = [known for known, _ in ORDER].index(path)
    for later, _ in ORDER[position:]:
        file = place(project, later)
        if later == path:
            expected = file
    choice = load(project).choice
    assert (choice.environment, choice.reason, choice.file) == ("local", reason, expected.resolve())
    assert choice.source == ("platform.yaml" if path.startswith("~") else path)


def test_without_any_file_the_built_in_platform_serves(project: Project):
    configuration = load(project)
    assert (configuration.choice.source, configuration.choice.file) == ("built-in", None)
    assert configuration.choice.reason == "no platform file was found"
    assert list(configuration.platform.layers) == ["bronze", "silver", "gold"]
    assert configuration.platform.storage["default"].path == ".floe/warehouse"
    assert configuration.platform.catalogs["default"].uri == "sqlite:///.floe/catalog.db"


def test_an_option_goes_before_the_variable_and_both_before_the_search(
    project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    place(project, "platform/local/platform.yaml")
    by_variable = project.write("../variable.yaml", project.platform)
    by_option = project.write("../option.yaml", project.platform)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FLOE_PLATFORM_FILE", "variable.yaml")
    found = load(project).choice
    assert (found.file, found.source) == (by_variable.resolve(), "variable.yaml")
    assert found.reason == "`FLOE_PLATFORM_FILE` names it"
    found = load(project, platform_file=Path("option.yaml")).choice
    assert (found.file, found.reason) == (by_option.resolve(), "`--platform` names it")


def test_an_empty_variable_counts_as_unset(project: Project, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("FLOE_PLATFORM_FILE", "")
    monkeypatch.setenv("FLOE_PLATFORM_ENV", "")
    assert load(project).choice.source == "built-in"


def test_the_environment_comes_from_the_option_then_the_variable(project: Project, monkeypatch: pytest.MonkeyPatch):
    place(project, "platform/prod/platform.yaml")
    place(project, "platform/dev/platform.yaml")
    monkeypatch.setenv("FLOE_PLATFORM_ENV", "prod")
    assert load(project).choice.source == "platform/prod/platform.yaml"
    assert load(project, environment="dev").choice.source == "platform/dev/platform.yaml"


def test_an_environment_without_a_file_names_every_place_that_was_looked_at(project: Project):
    with pytest.raises(UsageError) as caught:
        load(project, environment="prod")
    assert caught.value.code == "FLOE-0116"
    assert caught.value.exit_status == EXIT_ENVIRONMENT
    assert caught.value.reason == "environment `prod` has no platform file (asked for by `--env`)"
    assert caught.value.instruction == "write `platform/prod/platform.yaml`"
    assert [detail.removeprefix("looked for ") for detail in caught.value.details] == [
        path.replace("local", "prod") for path, _ in ORDER
    ]


def test_an_environment_of_the_variable_without_a_file_says_who_asked(
    project: Project, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("FLOE_PLATFORM_ENV", "prod")
    with pytest.raises(UsageError, match="asked for by `FLOE_PLATFORM_ENV`"):
        load(project)


def test_environment_local_needs_no_file(project: Project):
    assert load(project, environment="local").choice.source == "built-in"


@pytest.mark.parametrize("name", ["../prod", "a/b", "", ".", " "])
def test_an_environment_is_a_name_and_no_path(name: str, project: Project):
    if not name:
        assert choose_platform(project.folder, name, None).environment == "local"
        return
    with pytest.raises(UsageError, match="is not the name of an environment"):
        choose_platform(project.folder, name, None)


@pytest.mark.parametrize("option", ["--platform", "FLOE_PLATFORM_FILE"])
def test_a_file_that_was_asked_for_must_exist(option: str, project: Project, monkeypatch: pytest.MonkeyPatch):
    missing = project.folder / "missing.yaml"
    if option.startswith("FLOE"):
        monkeypatch.setenv(option, str(missing))
    with pytest.raises(UsageError) as caught:
        load(project, platform_file=missing if option == "--platform" else None)
    assert caught.value.code == "FLOE-0116"
    assert caught.value.reason == f"platform file `{missing}` does not exist"
    assert caught.value.instruction == f"correct `{option}` or leave it out"


def test_a_folder_without_floe_yaml_is_no_project(tmp_path: Path):
    from floe.config.load import load_configuration

    with pytest.raises(UsageError) as caught:
        load_configuration(tmp_path)
    assert caught.value.code == "FLOE-0101"
    assert caught.value.exit_status == EXIT_ENVIRONMENT
    (tmp_path / "floe.yml").write_text("name: x")
    with pytest.raises(UsageError) as caught:
        load_configuration(tmp_path)
    assert caught.value.instruction == "rename `floe.yml`"


def make_folder(path: Path) -> None:
    path.mkdir()


def make_pipe(path: Path) -> None:
    os.mkfifo(path)


def make_dead_link(path: Path) -> None:
    path.symlink_to("../moved/floe.yaml")


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (make_folder, "is a folder"),
        (make_pipe, "is a pipe or a device, not a file"),
        (make_dead_link, "is a link to `../moved/floe.yaml`, which is not there"),
    ],
)
def test_what_is_no_file_is_named_and_never_waited_for(make: Callable[[Path], None], said: str, project: Project):
    from floe.config.load import load_configuration

    project.folder.mkdir(exist_ok=True)
    make(project.folder / "floe.yaml")
    with pytest.raises(UsageError) as caught:
        load_configuration(project.folder)
    assert (caught.value.code, caught.value.details) == ("FLOE-0101", (f"`floe.yaml` {said}",))
    with pytest.raises(UsageError) as caught:
        choose_platform(project.folder, None, project.folder / "floe.yaml")
    assert (caught.value.code, caught.value.details) == ("FLOE-0116", (f"`floe.yaml` {said}",))


def test_a_link_to_a_file_is_as_good_as_the_file(project: Project):
    project.write("elsewhere.yaml", project.floe)
    (project.folder / "floe.yaml").symlink_to("elsewhere.yaml")
    from floe.config.load import load_configuration

    assert load_configuration(project.folder).pipeline.name == "shop"


def test_diagnostics_name_a_file_by_the_shortest_way_to_it(project: Project):
    home = Path.home().resolve()
    folder = project.folder.resolve()
    assert shown_path(folder, folder / "platform" / "platform.yaml") == "platform/platform.yaml"
    assert shown_path(folder, home / ".floe" / "platform.yaml") == "~/.floe/platform.yaml"
    assert shown_path(folder, Path("/etc/floe.yaml")) == "/etc/floe.yaml"


def test_mistakes_in_a_chosen_file_are_shown_under_its_own_name(project: Project):
    project.write("platform/local/platform.yaml", project.platform.replace("storage:", "storag:"))
    with pytest.raises(ConfigurationError) as caught:
        load(project)
    assert {diagnostic.span.file for diagnostic in caught.value.diagnostics if diagnostic.code == "FLOE-0103"} == {
        "platform/local/platform.yaml"
    }
