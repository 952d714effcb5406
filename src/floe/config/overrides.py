"""What the command line says instead of floe.yaml, for one call: dbt's variables and target."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from floe.config.pipeline import DbtTransform
from floe.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from floe.config.load import Configuration

_FORM = "write a YAML mapping, e.g. `--vars '{days: 7}'`"


@dataclass(frozen=True)
class Overrides:
    """What goes to every dbt transform. A variable replaces that of the same name only."""

    variables: Mapping[str, Any] = field(default_factory=dict)
    target: str | None = None
    profiles_dir: str | None = None
    """Relative to the project."""
    profile: str | None = None

    def __bool__(self) -> bool:
        return bool(self.option)

    @property
    def option(self) -> str:
        """The first option that was given; empty where none was."""
        given = {
            "--vars": bool(self.variables),
            "--target": self.target is not None,
            "--profiles-dir": self.profiles_dir is not None,
            "--profile": self.profile is not None,
        }
        return next((name for name, is_given in given.items() if is_given), "")


def read_variables(text: str, option: str = "--vars", code: str = "FLOE-0712") -> dict[str, Any]:
    """The variables of `--vars`, or what `option` gives: a YAML or JSON mapping, as dbt takes it.

    Raises:
        UsageError: it cannot be read, or is no mapping of names.
    """
    import yaml

    form = _FORM.replace("--vars", option)
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise UsageError(code, f"`{option}` cannot be read: {_place(error)}", form, details=(text,)) from error
    if value is None:
        return {}
    if not isinstance(value, dict):
        missing_space = isinstance(value, str) and ":" in value
        way_out = f"put a space behind the colon: `{value.replace(':', ': ', 1)}`" if missing_space else form
        reason = f"`{option}` is {_article(value)}, not a mapping of names to values"
        raise UsageError(code, reason, way_out, details=(text,))
    plain: dict[str, Any] = json.loads(json.dumps(value, default=str))
    return plain


def _place(error: Exception) -> str:
    mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None)
    where = f" in line {mark.line + 1}, column {mark.column + 1}" if mark is not None else ""
    return f"{problem or 'it is no YAML'}{where}"


def _article(value: object) -> str:
    kind = {str: "a text", list: "a list", bool: "a truth value", int: "a number", float: "a number"}
    return kind.get(type(value), f"a {type(value).__name__}")


def override(configuration: Configuration, overrides: Overrides) -> Configuration:
    """The configuration as the command line changes it.

    Raises:
        UsageError: there is no dbt transform that the options could go to, or a profile without its file.
    """
    if not overrides:
        return configuration
    pipeline = configuration.pipeline
    if not any(isinstance(transform, DbtTransform) for transform in pipeline.transforms):
        option = overrides.option
        reason = f"`{option}` has no effect: floe.yaml has no dbt transform"
        raise UsageError("FLOE-0713", reason, f"leave `{option}` out")
    transforms = tuple(
        _overridden(item, overrides) if isinstance(item, DbtTransform) else item for item in pipeline.transforms
    )
    changed = pipeline.model_copy(update={"transforms": transforms})
    return replace(configuration, pipeline=changed, overrides=overrides)


def _overridden(transform: DbtTransform, overrides: Overrides) -> DbtTransform:
    update: dict[str, Any] = {"vars": {**transform.vars, **overrides.variables}}
    for name in ("target", "profiles_dir", "profile"):
        if (value := getattr(overrides, name)) is not None:
            update[name] = value
    if update.get("profile") and not update.get("profiles_dir", transform.profiles_dir):
        reason = "`--profile` names a profile of a profiles.yml, but there is none"
        raise UsageError("FLOE-0744", reason, "name its folder with `--profiles-dir`")
    return transform.model_copy(update=update)
