"""Where dbt finds a transform: the user's own dbt project, or one that Floe supplies around a bare folder.

Imports no dbt, so that the unchanged project can be recognised without it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from floe.artifact.files import write_if_changed
from floe.artifact.models import SESSION_DATABASE
from floe.artifact.profile import PROFILE
from floe.compiler import bindings
from floe.compiler.dbt.names import (
    BESIDE_FLOE_YAML,
    MODELS_FOLDER,
    PACKAGES_FOLDER,
    PROFILES_FILE,
    PROJECT_FILE,
    TARGET_FOLDER,
)
from floe.compiler.dbt.own_macros import DBT_PACKAGES
from floe.compiler.dbt.profiles import Chosen, ProfileChoice, chosen, own
from floe.errors import CompilationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from floe.artifact.settings import ComputeBinding
    from floe.config.load import Configuration
    from floe.config.pipeline import DbtTransform

PACKAGES = (PACKAGES_FOLDER, "packages.yml", "dependencies.yml", "package-lock.yml")
_PACKAGE_LISTS = ("packages.yml", "dependencies.yml")
_LOCAL_PACKAGE = re.compile(
    r"^(?P<key>[ \t]*(?:-[ \t]*)?local:[ \t]*)(?P<quote>[\"']?)(?P<path>[^/\s\"'#{][^\s\"'#]*)", re.MULTILINE
)
_SETTING = r"^{}:[ \t]*[\"']?([^\s\"'#{{]+)"
_FILE = re.compile(r"(?<![\w./-])[\w-][\w./-]*\.(?:sql|ya?ml|csv|py|md)\b")


@dataclass(frozen=True)
class DbtProject:
    """One dbt transform, laid out so that dbt can read it.

    `links` maps the folders of a supplied project to the user's own, both relative to the project directory.
    """

    name: str
    """Name of its folder under `.floe/dbt/`."""
    directory: Path
    """Folder that holds dbt_project.yml."""
    state: Path
    """Folder of Floe's own for the profile, dbt's target and its log."""
    root: Path
    """The Floe project."""
    wanted_target: str
    """The target that configuration or command line names, else the environment; see `target`."""
    compute: ComputeBinding
    """What runs the SQL: DuckDB, or the warehouse whose adapter renders it."""
    variables: str
    """The transform's `vars` as JSON with sorted keys."""
    supplied: bool
    package: str = ""
    """dbt's project name where Floe supplies the project file."""
    links: tuple[tuple[str, str], ...] = ()
    profile_choice: ProfileChoice | None = None
    """The user's profile; None for Floe's own."""

    @cached_property
    def _chosen(self) -> Chosen:
        if self.profile_choice is None:
            return own(self.wanted_target, self.compute)
        return chosen(self.profile_choice, json.loads(self.variables))

    @property
    def profile(self) -> str:
        """Name of the profile; see `target` for what is raised."""
        return self._chosen.name

    @property
    def target(self) -> str:
        """Name of the profile's output.

        Raises:
            CompilationError: the user's profile cannot be used.
        """
        return self._chosen.target

    @property
    def profile_text(self) -> str:
        """Content of the profiles.yml that dbt gets; see `target` for what is raised."""
        return self._chosen.text

    @property
    def environment(self) -> frozenset[str]:
        """Names of the environment variables that decided for the target; see `target` for what is raised."""
        return self._chosen.environment

    @property
    def target_path(self) -> Path:
        """Folder of dbt's partial parse."""
        return self.state / "target"

    @property
    def database(self) -> str:
        """The database of nodes that name none, as far as the profile says."""
        output = self.compute.output
        named = (output.get(key) for key in ("database", "dbname", "project", "catalog"))
        return next(filter(None, named), "") if self.compute.is_warehouse else SESSION_DATABASE

    @cached_property
    def packages_folder(self) -> str:
        """Folder of installed packages, relative to the project directory unless it was given as absolute."""
        if self.supplied:
            return PACKAGES_FOLDER
        return _folder_setting(self.directory / PROJECT_FILE, "packages-install-path") or PACKAGES_FOLDER

    @cached_property
    def artifacts_folder(self) -> Path:
        """Folder in which dbt's tools look for what dbt writes about the project."""
        if self.supplied:
            return self.root / TARGET_FOLDER
        return self.directory / (_folder_setting(self.directory / PROJECT_FILE, "target-path") or TARGET_FOLDER)

    @property
    def own_roots(self) -> tuple[str, ...]:
        """What a supplied project takes in if it is there, relative to the Floe project."""
        models = tuple(real for link, real in self.links if link == MODELS_FOLDER)
        installed = os.path.relpath(self.directory / PACKAGES_FOLDER, self.root)
        return (*models, *BESIDE_FLOE_YAML, *PACKAGES, installed)

    def file_of(self, resource: Any) -> str:  # noqa: ANN401 - a node, source or macro of dbt's manifest
        """The file, relative to the Floe project, that defines something of this project or of a package."""
        path = str(resource.original_file_path)
        packaged = f"{self.packages_folder}/{resource.package_name}/{path}"
        return self.user_path(packaged if (self.directory / packaged).is_file() else path)

    def user_path(self, path: str) -> str:
        """The user's file, relative to the Floe project, for a path that dbt gives relative to its project."""
        for link, real in self.links:
            if path == link or path.startswith(f"{link}/"):
                return _posix(Path(real + path[len(link) :]))
        return _posix(Path(os.path.relpath(self.directory / path, self.root)))

    def user_text(self, text: str) -> str:
        """Write the user's paths for dbt's into one of dbt's messages."""
        text = text.replace(f"{self.directory}/", "")
        return _FILE.sub(lambda match: self._user_file(match[0]), text).replace(f"{self.root}/", "")

    def _user_file(self, name: str) -> str:
        path = self.user_path(name)
        return path if (self.directory / name).is_file() and not path.startswith(".floe/") else name


def _setting(project_file: Path, name: str) -> str:
    """What the setting says, empty without one; read as text, since YAML is dbt's to judge and seldom holds it."""
    try:
        text = project_file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
    found = re.search(_SETTING.format(name), text, re.MULTILINE)
    return found[1] if found else ""


def _folder_setting(project_file: Path, name: str) -> str:
    return os.path.expanduser(_setting(project_file, name)).rstrip("/")  # noqa: PTH111 - a relative path stays one


def locate(configuration: Configuration) -> list[DbtProject]:
    """Describe the dbt transforms in the order of floe.yaml; nothing is written.

    Raises:
        CompilationError: a bare folder is the project itself, which would contain what Floe builds.
    """
    from floe.config.pipeline import DbtTransform

    transforms = [item for item in configuration.pipeline.transforms if isinstance(item, DbtTransform)]
    projects: list[DbtProject] = []
    compute = bindings.compute(configuration)
    for transform in transforms:
        first = not any(project.supplied for project in projects)
        projects.append(_describe(configuration, transform, compute, first_bare=first))
    return projects


def _describe(
    configuration: Configuration, transform: DbtTransform, compute: ComputeBinding, *, first_bare: bool
) -> DbtProject:
    root = configuration.project_directory.resolve()
    folder = Path(os.path.normpath(root / transform.path))
    relative = _posix(Path(os.path.relpath(folder, root)))
    name = _slug(relative)
    state = root / ".floe" / "dbt" / name
    supplied = not (folder / PROJECT_FILE).is_file()
    if supplied and root.is_relative_to(folder):
        raise CompilationError(
            "FLOE-0207",
            f"the folder `{transform.path}` of a dbt transform is not a dbt project and contains floe.yaml itself",
            "move the models to a folder of their own, e.g. `models`, or add a dbt_project.yml",
        )
    return DbtProject(
        name=name,
        directory=state if supplied else folder,
        state=state,
        root=root,
        wanted_target=transform.target or configuration.choice.environment,
        compute=compute,
        variables=json.dumps(transform.vars, sort_keys=True, default=str),
        supplied=supplied,
        package=_package(configuration.pipeline.name, name, first_bare=first_bare) if supplied else "",
        links=_links(root, relative, first_bare=first_bare) if supplied else (),
        profile_choice=_profile_choice(root, folder, transform, compute),
    )


def _profile_choice(root: Path, folder: Path, transform: DbtTransform, compute: ComputeBinding) -> ProfileChoice | None:
    if transform.profiles_dir is None:
        return None
    if compute.is_warehouse:
        reason = f"the compute profile says how dbt connects to `{compute.type}`; a profiles.yml has no place beside it"
        raise CompilationError("FLOE-0242", reason, "leave `profiles_dir` out")
    directory = Path(os.path.normpath(root / transform.profiles_dir))
    return ProfileChoice(
        directory=directory,
        shown=_posix(Path(os.path.relpath(directory / PROFILES_FILE, root))),
        profile=transform.profile or _setting(folder / PROJECT_FILE, "profile"),
        target=transform.target or "",
    )


def _links(root: Path, models: str, *, first_bare: bool) -> tuple[tuple[str, str], ...]:
    beside = BESIDE_FLOE_YAML if first_bare else ("macros",)
    taken = [name for name in (*beside, *PACKAGES) if (root / name).exists() and name != models]
    return ((MODELS_FOLDER, models), *((name, name) for name in taken))


def _package(pipeline: str, folder: str, *, first_bare: bool) -> str:
    name = re.sub(r"\W", "_", pipeline)
    if not first_bare:
        return f"{name}_{re.sub(r'[^A-Za-z0-9]', '_', folder)}"
    return f"{name}_project" if name in DBT_PACKAGES else name


def prepare(project: DbtProject) -> None:
    """Write the profile, and for a bare folder the project around it.

    Raises:
        OSError: `.floe/` cannot be written.
    """
    project.state.mkdir(parents=True, exist_ok=True)
    write_if_changed(project.state / PROFILES_FILE, project.profile_text)
    if project.supplied:
        write_if_changed(project.state / PROJECT_FILE, _project_file(project))
        _link_folders(project)


def _project_file(project: DbtProject) -> str:
    document = {
        "name": project.package,
        "version": "1.0.0",
        "config-version": 2,
        "profile": PROFILE,
        "model-paths": [MODELS_FOLDER],
    }
    return json.dumps(document, indent=1) + "\n"


def _link_folders(project: DbtProject) -> None:
    wanted = {link: project.root / real for link, real in project.links}
    for name in {*BESIDE_FLOE_YAML, *PACKAGES, MODELS_FOLDER}:
        target = wanted.get(name)
        if name in _PACKAGE_LISTS:
            _place_package_list(project.state / name, target)
            continue
        relative = None if target is None else os.path.relpath(target, project.state)
        _link(project.state / name, relative, keep_real=name in PACKAGES)


def _place_package_list(link: Path, target: Path | None) -> None:
    """Link the list, or keep a copy of it where packages lie at paths relative to floe.yaml."""
    if target is None:
        _link(link, None, keep_real=False)
        return

    def moved(match: re.Match[str]) -> str:
        path = os.path.relpath(target.parent / match["path"], link.parent)
        return f"{match['key']}{match['quote']}{path}"

    text = target.read_text(encoding="utf-8")
    if _LOCAL_PACKAGE.search(text):
        write_if_changed(link, _LOCAL_PACKAGE.sub(moved, text))
    else:
        _link(link, os.path.relpath(target, link.parent), keep_real=False)


def _link(link: Path, target: str | None, *, keep_real: bool) -> None:
    """Make `link` point to `target`, or be gone; `dbt deps` may have put a real file or folder in its place."""
    if link.is_symlink():
        if target is not None and os.readlink(link) == target:  # noqa: PTH115
            return
        link.unlink()
    elif link.exists():
        if keep_real and target is None:
            return
        # Copying a project with its links followed leaves copies, which would hide the user's edits.
        shutil.rmtree(link) if link.is_dir() else link.unlink()
    if target is not None:
        link.symlink_to(target, target_is_directory=True)


def search_path(projects: Sequence[DbtProject]) -> tuple[str, ...]:
    """Folders against which relative paths in SQL are resolved: the user's dbt projects, then the project."""
    own = [_posix(Path(os.path.relpath(item.directory, item.root))) for item in projects if not item.supplied]
    return tuple(dict.fromkeys((*own, ".")))


def artifacts_folder(project: DbtProject, projects: Sequence[DbtProject], chosen: str | None) -> Path:
    """Where dbt's artifacts of a project go: to its own folder for them, or to the chosen one.

    Where several projects would share a folder, each gets one of its own in it.
    """
    folder = project.artifacts_folder if chosen is None else Path(chosen).resolve()
    others = [item.artifacts_folder for item in projects if item is not project]
    return folder / project.name if others and (chosen or folder in others) else folder


def _slug(relative: str) -> str:
    from hashlib import sha256

    slug = re.sub(r"[^A-Za-z0-9_]+", "-", relative).strip("-")
    return slug if slug == relative else f"{slug}-{sha256(relative.encode()).hexdigest()[:8]}"


def _posix(path: Path) -> str:
    return path.as_posix()
