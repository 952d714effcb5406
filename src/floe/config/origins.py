"""What applies, and where each value comes from: a line of a file, a default, a variable or the command line."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from floe.config.fields import OpenProfile
from floe.config.locks import OF_THE_FILE
from floe.config.pipeline import DbtTransform
from floe.config.platform import WarehouseCompute
from floe.config.secrecy import looks_secret
from floe.config.storage import LocalStorage
from floe.config.variables import holds_reference, names_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from floe.config.catalogs import ServerCatalogConfig, SqlCatalogConfig
    from floe.config.document import Document, Path
    from floe.config.fields import Strict
    from floe.config.load import Configuration
    from floe.config.overrides import Overrides
    from floe.config.pipeline import Pipeline
    from floe.config.platform import Platform
    from floe.config.storage import BucketConfig

HIDDEN = "********"
"""What stands for a credential that the command line gave."""


@dataclass(frozen=True)
class Origin:
    """Where a value comes from: `file` and line, else `option`, else the default of the field."""

    file: str = ""
    line: int = 0
    column: int = 0
    variables: tuple[str, ...] = ()
    """Environment variables that were filled in."""
    unset: tuple[str, ...] = ()
    """Those whose default applies, as they are not set."""
    option: str = ""
    """Option of the command line."""
    is_built_in: bool = False
    """Whether it stands in the built-in platform."""


@dataclass(frozen=True)
class Shown:
    """The values of a file, as nested mappings and lists, and the origin of each by its path."""

    value: dict[str, Any]
    origins: dict[Path, Origin] = field(default_factory=dict)


def as_written(document: Document) -> Shown:
    """What is set in a file and those that it extends; `${VAR}` as it is written."""
    value = _written({key: part for key, part in document.value.items() if key not in OF_THE_FILE}, (), document)
    return Shown(value, {path: _origin(document, path, is_resolved=False) for path in leaves(value)})


def _written(value: Any, path: Path, document: Document) -> Any:  # noqa: ANN401 - a file's value
    if isinstance(value, dict):
        return {key: _written(part, (*path, key), document) for key, part in value.items()}
    if isinstance(value, list):
        return [_written(part, (*path, index), document) for index, part in enumerate(value)]
    scalar = document.scalars.get(path)
    return scalar.text if scalar is not None and holds_reference(scalar.text) else value


def resolved_pipeline(configuration: Configuration) -> Shown:
    """floe.yaml with its defaults, and with what the command line says instead."""
    value = _dumped(configuration.pipeline)
    origins = {path: _origin(configuration.document, path) for path in leaves(value)}
    for path, option in _overridden(configuration.pipeline, configuration.overrides):
        origins |= {leaf: Origin(option=option) for leaf in origins if leaf[: len(path)] == path}
    for path, origin in origins.items():
        if origin.option and looks_secret(path, str(_at(value, path))):
            _hide(value, path)
    return Shown(value, origins)


def resolved_platform(platform: Platform, document: Document) -> Shown:
    """The platform with its defaults, as one file would say it that extends no other."""
    value = {
        "version": platform.version,
        "compute": {name: _compute(profile) for name, profile in platform.compute.items()},
        "storage": {name: _storage(profile) for name, profile in platform.storage.items()},
        "catalogs": {name: _catalog(profile) for name, profile in platform.catalogs.items()},
    }
    value |= {name: part for name, part in _dumped(platform).items() if name not in (*value, *OF_THE_FILE)}
    value = {name: part for name, part in value.items() if part not in ({}, [], None)}
    return Shown(value, {path: _origin(document, path) for path in leaves(value)})


def _compute(profile: Any) -> dict[str, Any]:  # noqa: ANN401 - one of the models of a compute profile
    if not isinstance(profile, WarehouseCompute):
        return _dumped(profile)
    from floe.config.warehouses import parts_of

    return {"type": profile.type, **{name: _dumped(part) for name, part in parts_of(profile).items()}}


def _storage(profile: LocalStorage | BucketConfig) -> dict[str, Any]:
    if isinstance(profile, LocalStorage):
        return _dumped(profile)
    from floe.config.buckets import bucket

    return _dumped(bucket(profile))


def _catalog(profile: SqlCatalogConfig | ServerCatalogConfig) -> dict[str, Any]:
    if not isinstance(profile, OpenProfile):
        return _dumped(profile)
    from floe.config.server_catalogs import server_catalog

    return _dumped(server_catalog(profile))


def _dumped(model: Strict) -> dict[str, Any]:
    """The fields that have a value, as files spell them."""
    dumped: dict[str, Any] = model.model_dump(mode="json", by_alias=True, exclude_none=True)
    return dumped


def leaves(value: Any, path: Path = ()) -> Iterator[Path]:  # noqa: ANN401 - any value of a file
    """The paths of all values that hold no others."""
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    if not parts or not value:
        yield path
    for key, part in parts:
        yield from leaves(part, (*path, key))


def _origin(document: Document, path: Path, *, is_resolved: bool = True) -> Origin:
    """Where a value stands; what is in no file is a default. A text may stand for a list of one."""
    place = path
    while place and _is_missing(document, place):
        place = place[:-1]
    if not place or (place != path and isinstance(document.at(*place), (dict, list))):
        return Origin()
    owner = document.positions.owner(*place)
    if not owner.lines:
        return Origin(owner.file, is_built_in=True)
    span = document.positions.span(*place)
    scalar = document.scalars.get(place)
    names = names_in(scalar.text) if is_resolved and scalar is not None and holds_reference(scalar.text) else ()
    given = tuple(name for name in names if os.environ.get(name))
    unset = tuple(name for name in names if name not in given)
    return Origin(span.file, span.line, span.column, given, unset)


def _is_missing(document: Document, path: Path) -> bool:
    above = document.at(*path[:-1])
    return not (
        path[-1] in above if isinstance(above, dict) else isinstance(above, list) and path[-1] in range(len(above))
    )


def _overridden(pipeline: Pipeline, overrides: Overrides) -> Iterator[tuple[Path, str]]:
    """The paths of floe.yaml for which the command line has another value, and the option that gave it."""
    options: Mapping[str, str | None] = {
        "target": overrides.target,
        "profiles_dir": overrides.profiles_dir,
        "profile": overrides.profile,
    }
    for index, transform in enumerate(pipeline.transforms):
        if isinstance(transform, DbtTransform):
            for name in overrides.variables:
                yield ("transforms", index, "vars", name), "--vars"
            for name, value in options.items():
                if value is not None:
                    yield ("transforms", index, name), f"--{name.replace('_', '-')}"


def _at(value: Any, path: Path) -> Any:  # noqa: ANN401 - any value of a file
    for step in path:
        value = value[step]
    return value


def _hide(value: dict[str, Any], path: Path) -> None:
    _at(value, path[:-1])[path[-1]] = HIDDEN
