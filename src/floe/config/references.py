"""Checks what names something else: profiles, layers, namespaces, and names that would collide."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from floe.config.document import short
from floe.config.fields import PROFILE_PATTERN, WAREHOUSES
from floe.diagnostics.diagnostic import Diagnostic, Note
from floe.diagnostics.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator

    from floe.config.document import Document, Path

_PROFILES = {"storage": "storage", "catalog": "catalogs", "compute": "compute"}
_MOST_LISTED = 20
"""Names that a note lists."""
_LAYER_PROFILES = {"storage_ref": "storage", "catalog_ref": "catalogs"}


def check_pipeline_references(pipeline: Document, platform: Document, *, built_in: bool) -> Iterator[Diagnostic]:
    """Check the profiles and layers that floe.yaml names against the platform."""
    engine = _engine_of(pipeline, platform)
    if engine in WAREHOUSES:
        yield from _check_for_warehouse(pipeline, platform, engine)
    for field, section in _PROFILES.items():
        if engine not in ("", "duckdb") and field != "compute":
            continue  # a warehouse keeps its tables itself
        if field not in pipeline.value or pipeline.text(field) is not None:
            yield from _check_profile(pipeline, (field,), platform, section)
    for name in pipeline.mapping("sources") if engine not in WAREHOUSES else ():
        path = ("sources", name, "layer")
        given = "layer" in pipeline.mapping("sources", name)
        layer = pipeline.text(*path) if given else "bronze"
        layers = platform.mapping("layers")
        if layer is not None and re.match(PROFILE_PATTERN, layer) and layer not in layers:
            yield _unknown("layer", layer, platform, "layers", pipeline, path, given=given)
    if not built_in and "target" in pipeline.mapping("compute"):
        yield Diagnostic(
            code="FLOE-0118",
            message=f"inline `compute` has no place beside `{platform.positions.file}`",
            span=pipeline.positions.key_span("compute"),
            label="name a compute profile of the platform",
            notes=beside("the compute profiles are", platform, "compute"),
            hints=("move the engine and its properties to the platform file, under `compute`",),
        )


def _engine_of(pipeline: Document, platform: Document) -> str:
    """Type of the pipeline's compute as the platform says it; empty where it says none."""
    named = pipeline.text("compute") if "compute" in pipeline.value else "default"
    return (platform.text("compute", named, "type") if named else None) or ""


def _check_for_warehouse(pipeline: Document, platform: Document, warehouse: str) -> Iterator[Diagnostic]:
    """Report what only DuckDB runs: files that Floe lands itself, and Python assets."""
    places: list[tuple[Path, str]] = [(("sources", name), f"source `{name}`") for name in pipeline.mapping("sources")]
    transforms = pipeline.at("transforms")
    profile = pipeline.text("compute") or "default"
    places += [
        (("transforms", index, "type"), "a transform of Python assets")
        for index in range(len(transforms) if isinstance(transforms, list) else 0)
        if pipeline.text("transforms", index, "type") == "python"
    ]
    for path, what in places:
        yield Diagnostic(
            code="FLOE-0121",
            message=f"{what} cannot run on `{warehouse}`",
            span=pipeline.positions.key_span(*path) if path[0] == "sources" else pipeline.positions.span(*path),
            label="only DuckDB runs this",
            notes=beside(f"compute profile `{profile}` is", platform, "compute", profile),
            hints=("load the data into the warehouse, declare it as a dbt source, and write dbt models",),
        )


def check_platform_references(platform: Document) -> Iterator[Diagnostic]:
    """Check the profiles that layers name, and that their namespaces are right and their own."""
    taken: dict[tuple[str, str], Path] = {}
    types = [platform.text("compute", name, "type") for name in platform.mapping("compute")]
    only_warehouses = bool(types) and all(kind in WAREHOUSES for kind in types)
    for name in platform.mapping("layers"):
        for field, section in () if only_warehouses else _LAYER_PROFILES.items():
            yield from _check_profile(platform, ("layers", name, field), platform, section)
        yield from _check_vended(platform, name)
        path: Path = ("layers", name, "namespace")
        namespace = platform.text(*path)
        if namespace:
            catalog = platform.text("layers", name, "catalog_ref") or "default"
            yield from _check_warehouse(platform, path, namespace, catalog)
            yield from _check_shared(platform, path, taken, (catalog, namespace.casefold()))


def _check_vended(platform: Document, layer: str) -> Iterator[Diagnostic]:
    """A storage without keys of its own needs a catalog that vends them."""
    storage, catalog = (platform.text("layers", layer, field) or "default" for field in _LAYER_PROFILES)
    if platform.text("storage", storage, "credentials", "mode") != "vended":
        return
    kind = platform.text("catalogs", catalog, "type")
    if kind is None or platform.text("catalogs", catalog, "access_delegation") == "vended-credentials":
        return
    there = platform.positions.key_span("storage", storage)
    yield Diagnostic(
        code="FLOE-0107",
        message=f"the storage of layer `{layer}` has credentials of mode `vended`, and its catalog vends none",
        span=platform.positions.key_span("layers", layer),
        label=f"catalog `{catalog}` needs `access_delegation: vended-credentials`",
        notes=(Note(f"storage profile `{storage}` is at {there.location}", there),),
    )


def check_source_names(pipeline: Document) -> Iterator[Diagnostic]:
    """Check that no two sources differ by upper and lower case only: engines take them for one."""
    seen: dict[str, str] = {}
    for name in pipeline.mapping("sources"):
        first = seen.setdefault(name.casefold(), name)
        if first != name:
            there = pipeline.positions.key_span("sources", first)
            yield Diagnostic(
                code="FLOE-0104",
                message=f"sources `{first}` and `{name}` differ by upper and lower case only",
                span=pipeline.positions.key_span("sources", name),
                label="the engine takes them for one",
                notes=(Note(f"`{first}` is at {there.location}", there),),
            )


def _check_profile(document: Document, path: Path, platform: Document, section: str) -> Iterator[Diagnostic]:
    given = document.at(*path) is not None
    name = document.text(*path) if given else "default"
    profiles = platform.mapping(section)
    if not given and not profiles:
        return  # the platform lacks the section, and has been told so
    if name is not None and re.match(PROFILE_PATTERN, name) and name not in profiles:
        kind = section.removesuffix("s")
        yield _unknown(f"{kind} profile", name, platform, section, document, path, given=given)


def beside(text: str, platform: Document, *path: str | int) -> tuple[Note, ...]:
    """A note about a place of the platform file; the built-in platform has no file to show."""
    there = platform.positions.span(*path)
    return (Note(f"{text} at {there.location}", there),) if there.text else ()


def _unknown(
    kind: str, name: str, platform: Document, section: str, document: Document, path: Path, *, given: bool
) -> Diagnostic:
    available = list(platform.mapping(section))
    label = did_you_mean(name, available)
    if not given:
        label = f"no `{path[-1]}` is given, so `{name}` applies"
    listed = ", ".join(f"`{short(other)}`" for other in available[:_MOST_LISTED]) or "none"
    listed += f" and {len(available) - _MOST_LISTED} more" if len(available) > _MOST_LISTED else ""
    there = platform.positions.span(section) if available else None
    is_shown = there is not None and bool(there.text)
    where = f", at {there.location}" if there is not None and is_shown else ""
    return Diagnostic(
        code="FLOE-0108",
        message=f"unknown {kind} `{short(name)}`",
        span=document.positions.span(*path),
        label=label or "not in the platform",
        notes=(Note(f"available {kind}s: {listed}{where}", there if is_shown else None),),
    )


def _check_warehouse(platform: Document, path: Path, namespace: str, catalog: str) -> Iterator[Diagnostic]:
    """A warehouse is a parameter of the catalog; in the Iceberg REST specification no namespace begins with it."""
    if catalog not in platform.mapping("catalogs"):
        return
    warehouse = platform.text("catalogs", catalog, "warehouse")
    if warehouse is None and platform.text("catalogs", catalog, "type") == "sql":
        warehouse = "floe"
    first, _, rest = namespace.partition(".")
    if first != warehouse:
        return
    label = f"write `{rest}`" if rest else "choose another name"
    yield Diagnostic(
        code="FLOE-0115",
        message=f"namespace `{namespace}` begins with the name of the warehouse, `{warehouse}`",
        span=platform.positions.span(*path),
        label=label,
        notes=(
            Note(
                "the warehouse is a parameter of the catalog, not a part of a namespace: "
                f"clients would look for `{warehouse}` inside the warehouse `{warehouse}`"
            ),
            *beside(f"the warehouse of catalog profile `{catalog}` is", platform, "catalogs", catalog, "warehouse"),
        ),
    )


def _check_shared(
    platform: Document, path: Path, taken: dict[tuple[str, str], Path], place: tuple[str, str]
) -> Iterator[Diagnostic]:
    first = taken.setdefault(place, path)
    if first == path:
        return
    there = platform.positions.span(*first)
    yield Diagnostic(
        code="FLOE-0107",
        message=f"layers `{first[1]}` and `{path[1]}` have the same namespace in the same catalog",
        span=platform.positions.span(*path),
        label="tables of one name would overwrite each other",
        notes=(Note(f"the namespace of `{first[1]}` is at {there.location}", there),),
    )
