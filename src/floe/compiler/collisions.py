"""Two assets may not share a key, a name in the session, or a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from floe.diagnostics.diagnostic import Diagnostic, Note

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from floe.artifact.models import Asset, Relation
    from floe.artifact.settings import Layer
    from floe.diagnostics.span import Span


def find_collisions(
    assets: Sequence[Asset], layers: Mapping[str, Layer], span_of: Callable[[Asset], Span]
) -> Iterator[Diagnostic]:
    """Report each asset that takes what an earlier one has; case does not count, as engines ignore it."""
    keys: dict[tuple[str, ...], Asset] = {}
    relations: dict[tuple[str, ...], Asset] = {}
    tables: dict[tuple[str, ...], Asset] = {}
    for asset in assets:
        other = keys.setdefault((asset.key.casefold(),), asset)
        if other is not asset:
            yield _collision(f"two assets have the key `{asset.key}`", asset, other, span_of)
            continue
        relation = asset.relation
        other = relations.setdefault(_sql_name(relation), asset)
        if other is not asset and asset.materialization != "ephemeral":
            name = f"{relation.schema_name}.{relation.identifier}"
            message = f"`{other.key}` and `{asset.key}` have the same name in SQL, `{name}`"
            yield _collision(message, asset, other, span_of)
        layer = layers.get(asset.layer)
        if layer is not None and asset.publishes:
            other = tables.setdefault((layer.catalog, layer.namespace.casefold(), asset.name.casefold()), asset)
            if other is not asset:
                table = f"{layer.namespace}.{asset.name}"
                yield _collision(
                    f"`{other.key}` and `{asset.key}` publish the same table `{table}`", asset, other, span_of
                )


def _sql_name(relation: Relation) -> tuple[str, ...]:
    return tuple(name.casefold() for name in (relation.database, relation.schema_name, relation.identifier))


def _collision(message: str, asset: Asset, other: Asset, span_of: Callable[[Asset], Span]) -> Diagnostic:
    there = span_of(other)
    return Diagnostic(
        "FLOE-0208",
        message,
        span_of(asset),
        label="defined a second time here",
        notes=(Note(f"the first is in {there.location if there.text else there.file}", there),),
        hints=("rename one of them, or put them in different layers and schemas",),
    )
