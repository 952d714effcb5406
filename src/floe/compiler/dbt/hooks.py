"""Hooks of a run (`on-run-start`, `on-run-end`) of a dbt project and its packages, in dbt's order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from dbt.hooks import get_hook_dict

from floe.artifact.models import Hook
from floe.compiler.dbt.cache import content_hash

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from floe.compiler.dbt.cache import Entry
    from floe.compiler.dbt.project import DbtProject

_PHASES: tuple[tuple[Literal["start", "end"], str], ...] = (("start", "on-run-start"), ("end", "on-run-end"))
_RENDERED = ".floe/rendered/hooks"


def hooks_of(
    manifest: Any,  # noqa: ANN401 - dbt's Manifest
    project: DbtProject,
    package: str,
    entries: Mapping[str, Entry],
) -> list[Hook]:
    """The hooks with their SQL, where it is fixed. `package` is the name of the dbt project."""
    nodes = [node for node in manifest.nodes.values() if str(node.resource_type) == "operation"]
    return [
        _hook(node, f"{node.package_name}.{tag}.{number}", phase, project, entries[node.unique_id])
        for phase, tag in _PHASES
        for number, node in enumerate(_ordered(nodes, tag, package))
    ]


def _ordered(nodes: Sequence[Any], tag: str, package: str) -> Iterator[Any]:
    """The project itself, then packages by name, as `dbt.task.run.RunTask.get_hooks_by_type` orders them."""
    found = [node for node in nodes if tag in node.tags]
    return iter(sorted(found, key=lambda node: (node.package_name != package, node.package_name, node.index)))


def _hook(node: Any, name: str, phase: Literal["start", "end"], project: DbtProject, entry: Entry) -> Hook:  # noqa: ANN401
    late = {
        "rendering": "late",
        "rendering_reason": entry.late,
        "source_digest": content_hash([node.raw_code, node.config.to_dict()]),
    }
    return Hook(
        id=node.unique_id,
        name=name,
        phase=phase,
        transform=project.name,
        rendered_path=f"{_RENDERED}/{project.name}/{name}.sql",
        sql="" if entry.late else get_hook_dict(entry.sql).get("sql") or "",
        depends_on=tuple(sorted(set(node.depends_on.nodes))),
        path=project.file_of(node),
        **(late if entry.late else {}),
    )
