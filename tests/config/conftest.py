"""A real project folder for the configuration to be read from."""

import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from floe.config.load import Configuration, load_configuration
from floe.diagnostics.diagnostic import Diagnostic
from floe.diagnostics.render import Format, render
from floe.errors import ConfigurationError

FLOE = """
name: shop
version: "1.0.0"
transforms:
  - type: dbt
    path: ./models
"""

PLATFORM = """
version: "1.0.0"
storage:
  default: {type: local, path: warehouse}
catalogs:
  default: {type: sql, uri: "sqlite:///catalog.db", warehouse: lake}
compute:
  default: {type: duckdb}
layers:
  bronze: {namespace: bronze}
"""


class Project:
    """A project folder, and what loading it says; `floe` and `platform` are files without mistakes."""

    floe = FLOE.lstrip("\n")
    platform = PLATFORM.lstrip("\n")

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.write("models/orders.sql", "select 1 as id")
        self.write("data/orders/1.csv", "id\n1\n")
        self.write("assets/elo.py", "import floe\n")

    def write(self, path: str, text: str) -> Path:
        """Write a text file into the project, as it is."""
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode())
        return file

    def load(self, floe: str = FLOE, platform: str | None = None) -> Configuration:
        """Load the project with these files."""
        self.write("floe.yaml", textwrap.dedent(floe).lstrip("\n"))
        if platform is not None:
            self.write("platform.yaml", textwrap.dedent(platform).lstrip("\n"))
        return load_configuration(self.folder)

    def diagnostics(self, floe: str = FLOE, platform: str | None = None) -> tuple[Diagnostic, ...]:
        """Return what is wrong with these files; nothing where they are right."""
        try:
            self.load(floe, platform)
        except ConfigurationError as error:
            return error.diagnostics
        return ()

    def report(self, floe: str = FLOE, platform: str | None = None, output_format: Format = "concise") -> str:
        """Return what the user reads about these files."""
        return render(self.diagnostics(floe, platform), output_format)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project on a machine whose user has an empty home folder and no Floe variables."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("FLOE_PLATFORM_ENV", raising=False)
    monkeypatch.delenv("FLOE_PLATFORM_FILE", raising=False)
    return Project(tmp_path / "shop")


@pytest.fixture
def lines() -> Callable[[str], str]:
    """Turn an indented block into the text it shows."""
    return lambda block: textwrap.dedent(block).strip("\n")
