"""A project in a temporary folder, and the compiler on it, as the command line uses them."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from floe.compiler.compile import CompileOutcome, compile_project
from floe.config.load import Configuration, load_configuration
from floe.errors import CompilationError, ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

    from floe.artifact.models import CompiledArtifacts
    from floe.diagnostics.diagnostic import Diagnostic

BARE = """
name: shop
version: "1.0.0"
transforms:
  - {type: dbt, path: models}
"""
DBT_PROJECT = """
name: shop_dbt
version: "1.0.0"
profile: any
"""


@dataclass(frozen=True)
class Project:
    """A project folder and what a test does with it."""

    directory: Path

    def write(self, files: dict[str, str]) -> Project:
        for name, text in files.items():
            path = self.directory / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text).lstrip("\n"))
        return self

    def configuration(self, environment: str | None = None) -> Configuration:
        return load_configuration(self.directory, environment=environment)

    def compile(self, *, force: bool = False) -> CompileOutcome:
        return compile_project(self.configuration(), force=force)

    def artifacts(self) -> CompiledArtifacts:
        return self.compile().artifacts

    def artifact_bytes(self) -> bytes:
        return (self.directory / ".floe/artifacts.json").read_bytes()

    def refused(self) -> CompilationError:
        """The one error of a project that dbt or the compiler refuses."""
        with pytest.raises(CompilationError) as caught:
            self.compile()
        return caught.value

    def mistakes(self) -> tuple[Diagnostic, ...]:
        """Every diagnostic of a project whose declarations are wrong."""
        with pytest.raises(ConfigurationError) as caught:
            self.compile()
        return caught.value.diagnostics


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    for name in ("FLOE_PLATFORM_FILE", "FLOE_PLATFORM_ENV", "FLOE_ENVIRONMENT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    directory = tmp_path / "project"
    directory.mkdir()
    return Project(directory)


@pytest.fixture
def bare(project: Project) -> Project:
    """A bare folder of models, with one model that reads a seed."""
    return project.write(
        {
            "floe.yaml": BARE,
            "models/silver/orders.sql": "select * from {{ ref('raw_orders') }}",
            "seeds/bronze/raw_orders.csv": "id,amount\n1,9.5\n2,3.0\n",
        }
    )


@pytest.fixture
def full(project: Project) -> Project:
    """A dbt project of the user's own, in `dbt/`, with one model."""
    return project.write(
        {
            "floe.yaml": BARE.replace("path: models", "path: dbt"),
            "dbt/dbt_project.yml": DBT_PROJECT,
            "dbt/models/orders.sql": "select 1 as id",
        }
    )
