"""Sets editors up for a project: the schemas as files, a line in each YAML file, and settings of VS Code."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

SCHEMAS = ".schemas"
"""Folder of the schemas in a project; meant to be committed, so that everybody's editor finds them."""
SETTINGS = ".vscode/settings.json"
_YAML_SCHEMAS = "yaml.schemas"
_FILES: Mapping[str, tuple[str, ...]] = {
    "floe": ("floe.yaml",),
    "platform": ("platform.yaml", "platform/*/platform.yaml", ".floe/*/platform.yaml"),
}
"""Schema -> the files of a project that it describes."""
_HEADER = re.compile(r"^#[ \t]*yaml-language-server:[ \t]*\$schema=(?P<schema>\S+)[ \t]*(?=\r?$)", re.MULTILINE)
_LEADING = re.compile(r"(?:[ \t]*(?:#.*)?\r?\n)*")

Outcome = Literal["written", "unchanged", "left"]


@dataclass(frozen=True)
class Change:
    """What became, or would become, of a file; `left` is one that must be changed by hand, as `advice` says."""

    path: str
    outcome: Outcome
    advice: str = ""


def schema_text(schema: Mapping[str, Any]) -> str:
    """A schema as the file of it holds it."""
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"


def with_schema(configuration: str) -> dict[str, str]:
    """floe.yaml with the line that names its schema, and the schema: path in a new project -> text."""
    from floe.config.schemas import pipeline_schema

    path = _schema_path("floe")
    return {path: schema_text(pipeline_schema()), "floe.yaml": with_header(configuration, path)}


def _schema_path(name: str) -> str:
    return f"{SCHEMAS}/{name}.schema.json"


def set_up(project: Path, platform_file: Path | None, *, rehearsal: bool) -> list[Change]:
    """Write the schemas, the line that names them into each file, and the settings; a second call changes nothing.

    Args:
        project: Folder of floe.yaml.
        platform_file: A platform file beside those at the usual places; None without one.
        rehearsal: Whether to change nothing, and only say what would be.

    Raises:
        OSError: a file cannot be read or written.
    """
    write: Callable[[Path, str], None] = _leave if rehearsal else _write
    changes = []
    for name, schema in _schemas().items():
        changes.append(_put(project, project / _schema_path(name), schema, write))
    for name, path in _described(project, platform_file):
        changes.append(_mark(project, path, project / _schema_path(name), write))
    changes.append(_settings(project, write))
    return changes


def _schemas() -> dict[str, str]:
    from floe.config.schemas import pipeline_schema, platform_schema

    return {"floe": schema_text(pipeline_schema()), "platform": schema_text(platform_schema())}


def _described(project: Path, platform_file: Path | None) -> Iterator[tuple[str, Path]]:
    """The files that get a line, each with the schema it fits."""
    found = {path: name for name, patterns in _FILES.items() for pattern in patterns for path in project.glob(pattern)}
    if platform_file is not None and platform_file.resolve().is_relative_to(project):
        found[platform_file.resolve()] = "platform"
    yield from ((name, path) for path, name in sorted(found.items()) if path.is_file())


def _mark(project: Path, path: Path, schema: Path, write: Callable[[Path, str], None]) -> Change:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        return Change(path.relative_to(project).as_posix(), "left", "it is no UTF-8 text")
    marked = with_header(text, Path(os.path.relpath(schema, path.parent)).as_posix())
    return _put(project, path, marked, write, before=text)


def with_header(text: str, schema: str) -> str:
    """The text of a YAML file with the line that names its schema: in place of an older one, or at the top."""
    line = f"# yaml-language-server: $schema={schema}"
    leading = _LEADING.match(text)
    older = _HEADER.search(text, 0, leading.end() if leading else 0)
    if older is not None:
        return text[: older.start()] + line + text[older.end() :]
    line_end = "\r\n" if "\r\n" in text else "\n"
    return f"{line}{line_end}{text}"


def _settings(project: Path, write: Callable[[Path, str], None]) -> Change:
    path = project / SETTINGS
    wanted = {f"./{_schema_path(name)}": list(patterns) for name, patterns in _FILES.items()}
    before = path.read_text(encoding="utf-8") if path.is_file() else ""
    merged = merged_settings(before, wanted)
    if merged is None:
        lines = json.dumps({_YAML_SCHEMAS: wanted}, indent=2)
        return Change(SETTINGS, "left", f"it has comments, or is no JSON: add to it by hand\n{lines}")
    return _put(project, path, merged, write, before=before)


def merged_settings(text: str, wanted: Mapping[str, list[str]]) -> str | None:
    """Settings with the schemas in them; None where the text cannot be changed without losing some of it."""
    try:
        settings = json.loads(text) if text.strip() else {}
    except ValueError:
        return None
    schemas = settings.get(_YAML_SCHEMAS, {}) if isinstance(settings, dict) else None
    if not isinstance(schemas, dict):
        return None
    if all(schemas.get(name) == patterns for name, patterns in wanted.items()):
        return text
    indent = re.search(r"\n([ \t]+)\"", text)
    document = {**settings, _YAML_SCHEMAS: {**schemas, **wanted}}
    return json.dumps(document, indent=indent[1] if indent else 2, ensure_ascii=False) + "\n"


def _put(
    project: Path, path: Path, text: str, write: Callable[[Path, str], None], *, before: str | None = None
) -> Change:
    shown = path.relative_to(project).as_posix()
    if before is None and path.is_file():
        before = path.read_text(encoding="utf-8")
    if before == text:
        return Change(shown, "unchanged")
    write(path, text)
    return Change(shown, "written")


def _write(path: Path, text: str) -> None:
    from floe.artifact.files import write_atomically

    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, text.encode())


def _leave(path: Path, text: str) -> None:
    """Write nothing: it is a rehearsal."""
