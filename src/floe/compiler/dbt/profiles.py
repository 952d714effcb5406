"""The profile with which dbt renders a transform: Floe's own, or what a profiles.yml of the user's says of `target`.

Values stay as they are written, Jinja and all, so that no secret that `env_var` names is ever in a file of Floe's.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from floe.artifact.models import SESSION_DATABASE
from floe.artifact.profile import PROFILE, profile_text
from floe.compiler.dbt.names import PROFILES_FILE
from floe.diagnostics.suggest import did_you_mean
from floe.errors import CompilationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from floe.artifact.settings import ComputeBinding

SCHEMA = "main"
_CONNECTION = frozenset({"path", "database", "catalog", "threads", "retries", "keep_open", "flights", "is_ducklake"})
"""How dbt-duckdb reaches its database file: Floe has a session of its own."""
_NOT_TAKEN = (
    "attach",
    "config_options",
    "filesystems",
    "module_paths",
    "motherduck_token",
    "plugins",
    "remote",
    "secrets",
    "use_credential_provider",
)
"""What makes data or functions reachable that a session of Floe's would not have."""
_RESOURCES = frozenset(
    {"max_memory", "max_temp_directory_size", "memory_limit", "preserve_insertion_order", "temp_directory", "threads"}
)
"""Settings of DuckDB that change how fast a query is, not what it gives."""
_BUILT_IN = frozenset({"autocomplete", "core_functions", "icu", "json", "parquet"})
"""Extensions that every DuckDB has."""


@dataclass(frozen=True)
class ProfileChoice:
    """Where the user's profile is."""

    directory: Path
    """Folder of profiles.yml."""
    shown: str
    """The file as messages name it."""
    profile: str
    """Name of the profile; empty where there is only one."""
    target: str
    """Name of the output; empty for the profile's own default."""


@dataclass(frozen=True)
class Chosen:
    """A profile that is written for dbt."""

    name: str
    target: str
    output: Mapping[str, Any]
    environment: frozenset[str] = frozenset()
    """Names of the environment variables that decided for this output."""

    @property
    def text(self) -> str:
        """The content of profiles.yml."""
        return profile_text(self.target, self.output, self.name)


def own(target: str, compute: ComputeBinding) -> Chosen:
    """The profile of a project that names none: for DuckDB, or for the warehouse of the compute profile."""
    return Chosen(PROFILE, target, compute.output if compute.is_warehouse else _output({}))


def chosen(choice: ProfileChoice, variables: Mapping[str, Any]) -> Chosen:
    """The user's output with Floe's session for its database.

    Raises:
        CompilationError: there is no such file, profile or output, it is for another adapter, or has what a session of
            Floe's has not.
    """
    profiles = _read(choice)
    name = choice.profile or (next(iter(profiles)) if len(profiles) == 1 else "")
    if not isinstance(profiles.get(name), dict):
        raise _unknown(choice, "profile", name, profiles)
    profile = profiles[name]
    outputs = profile.get("outputs") or {}
    jinja = _Jinja(variables)
    target = choice.target or str(jinja.rendered(profile.get("target", "default")))
    if not isinstance(outputs.get(target), dict):
        raise _unknown(choice, f"output of the profile `{name}`", target, outputs)
    output = outputs[target]
    _refuse(choice, f"{name}.{target}", output, str(jinja.rendered(output.get("type"))))
    return Chosen(name, target, _output(output), frozenset(jinja.environment))


def _output(given: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in given.items() if key not in _CONNECTION | {"extensions", "settings"}}
    return {
        "schema": SCHEMA,
        **kept,
        "type": "duckdb",
        "path": ":memory:",
        "database": SESSION_DATABASE,
        "threads": 1,
        "attach": [{"path": ":memory:", "alias": SESSION_DATABASE}],
    }


def _read(choice: ProfileChoice) -> dict[str, Any]:
    import yaml

    file = choice.directory / PROFILES_FILE
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    except FileNotFoundError:
        reason = f"there is no `{choice.shown}`"
        raise CompilationError("FLOE-0241", reason, "name the folder of profiles.yml with `--profiles-dir`") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = f"`{choice.shown}` cannot be read"
        raise CompilationError("FLOE-0241", reason, details=tuple(str(error).splitlines())) from error
    if not isinstance(content, dict):
        raise CompilationError("FLOE-0241", f"`{choice.shown}` is no mapping of profiles")
    return {str(name): value for name, value in content.items() if name != "config"}


def _unknown(choice: ProfileChoice, kind: str, name: str, known: Iterable[str]) -> CompilationError:
    names = [str(item) for item in known]
    available = ", ".join(f"`{item}`" for item in names) or "none"
    reason = f"`{choice.shown}` has no {kind} `{name}`" if name else f"`{choice.shown}` has several profiles"
    way_out = did_you_mean(name, names) or f"there are {available}"
    return CompilationError("FLOE-0241", reason, way_out if name else f"name one with `--profile`: {available}")


class _Jinja:
    """Renders values of the file as dbt does, and notes the environment variables that they use."""

    def __init__(self, variables: Mapping[str, Any]) -> None:
        self._variables = variables
        self.environment: set[str] = set()

    def rendered(self, value: Any) -> Any:  # noqa: ANN401 - what YAML holds
        if not (isinstance(value, str) and "{{" in value):
            return value
        from dbt.config.renderer import ProfileRenderer
        from dbt_common.context import set_invocation_context

        set_invocation_context(os.environ)
        renderer = ProfileRenderer(dict(self._variables))
        result = renderer.render_value(value)
        self.environment.update(renderer.ctx_obj.env_vars)
        return result


def _refuse(choice: ProfileChoice, name: str, output: Mapping[str, Any], adapter: str) -> None:
    if adapter != "duckdb":
        reason = f"the output `{name}` of `{choice.shown}` is for `{adapter}`; Floe renders for DuckDB here"
        way_out = (
            "name a duckdb output with `--target`, or leave `--profiles-dir` out and choose the engine by `compute`"
        )
        raise CompilationError("FLOE-0242", reason, way_out)
    settings, extensions = output.get("settings") or {}, output.get("extensions") or []
    found = [key for key in _NOT_TAKEN if output.get(key)]
    found += [f"settings.{key}" for key in settings if key not in _RESOURCES]
    found += [f"extensions: {item}" for item in extensions if not (isinstance(item, str) and item in _BUILT_IN)]
    if found:
        listed = ", ".join(f"`{item}`" for item in found)
        reason = f"the output `{name}` of `{choice.shown}` has what a session of Floe's has not: {listed}"
        raise CompilationError("FLOE-0242", reason, "name an output without it with `--target`")
