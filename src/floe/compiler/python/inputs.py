"""Which assets a Python asset reads: parameters by name, and `deps`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from floe.artifact.models import Asset, PythonFunction, Relation
from floe.diagnostics.diagnostic import Diagnostic
from floe.diagnostics.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable

    from floe.compiler.python.declaration import Declaration, Input


@dataclass(frozen=True)
class Known:
    """The assets that inputs may name: by key, and by name."""

    keys: frozenset[str]
    by_name: dict[str, tuple[str, ...]]

    @classmethod
    def of(cls, keys: Iterable[str]) -> Known:
        """From asset keys."""
        by_name: dict[str, tuple[str, ...]] = {}
        for key in sorted(set(keys)):
            name = key.partition(".")[2]
            by_name[name] = (*by_name.get(name, ()), key)
        return cls(frozenset(keys), by_name)


def resolve(declaration: Declaration, known: Known) -> tuple[dict[str, str], set[str], list[Diagnostic]]:
    """Match the inputs of one declaration to asset keys: parameters, further dependencies, and mistakes."""
    diagnostics: list[Diagnostic] = []
    provided: dict[str, str] = {}
    depends: set[str] = set()
    for dep in declaration.deps:
        key = _match(dep, known, declaration, diagnostics)
        if key is not None:
            depends.add(key)
            provided[key.partition(".")[2]] = key
    parameters: dict[str, str] = {}
    for parameter in declaration.parameters:
        key = provided.get(parameter.name) or _match(parameter, known, declaration, diagnostics)
        if key is not None:
            parameters[parameter.name] = key
    return parameters, depends | set(parameters.values()), diagnostics


def _match(wanted: Input, known: Known, declaration: Declaration, diagnostics: list[Diagnostic]) -> str | None:
    if wanted.name in known.keys:
        return wanted.name
    candidates = known.by_name.get(wanted.name, ())
    if len(candidates) == 1:
        return candidates[0]
    if candidates:
        keys = " or ".join(f"`{key}`" for key in candidates)
        message = f"the input `{wanted.name}` of `{declaration.name}` is ambiguous: {keys}"
        hint = f'say which: `@floe.asset(deps=["{candidates[0]}"])`'
        diagnostics.append(Diagnostic("FLOE-0212", message, wanted.span, hints=(hint,)))
    elif not wanted.optional:
        message = f"the input `{wanted.name}` of `{declaration.name}` is not an asset"
        names = known.keys if "." in wanted.name else known.by_name
        label = did_you_mean(wanted.name, names)
        hints = ("`floe ls` lists the assets",) if not label else ()
        diagnostics.append(Diagnostic("FLOE-0212", message, wanted.span, label=label, hints=hints))
    return None


def python_asset(
    declaration: Declaration, project: str, parameters: dict[str, str], depends_on: Iterable[str]
) -> Asset:
    """The asset of a declaration whose inputs are matched."""
    layer = str(declaration.layer)
    return Asset(
        key=declaration.key,
        name=declaration.name,
        layer=layer,
        kind="python",
        materialization="table",
        relation=Relation(schema_name=layer, identifier=declaration.name),
        depends_on=tuple(sorted(set(depends_on))),
        description=declaration.description,
        tags=declaration.tags,
        path=declaration.file,
        layout=declaration.layout,
        fqn=(project, *declaration.folders[1:], declaration.name),
        python=PythonFunction(
            file=declaration.file,
            function=declaration.function,
            parameters=parameters,
            sha256=declaration.sha256,
        ),
    )
