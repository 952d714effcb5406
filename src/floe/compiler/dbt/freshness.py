"""What a dbt source says about its freshness."""

from __future__ import annotations

from typing import Any

from dbt.adapters.capability import Capability
from dbt.adapters.factory import get_adapter
from dbt.clients import jinja
from dbt.context.providers import RuntimeProvider, SourceContext
from dbt_common.exceptions import DbtBaseException

from floe.artifact.dbt_project import Freshness
from floe.compiler.dbt.watch import GraphView, NotFixedError, QueryGuard, Watch, prepare_context
from floe.errors import CompilationError

_SECONDS = {"minute": 60, "hour": 3600, "day": 86400}
_OF_DBT = ("dbt", "dbt_duckdb")


def freshness_of(source: Any, config: Any, manifest: Any, watch: Watch) -> Freshness | None:  # noqa: ANN401 - dbt's own
    """The freshness of a source that has a threshold, and a field, a query or a warehouse's metadata to judge it by.

    `watch` gets the environment variables that the query uses.

    Raises:
        CompilationError: the query cannot be rendered without the database, or asks for the run's clock.
        dbt_common.exceptions.DbtBaseException: dbt cannot render the query.
    """
    threshold = source.freshness
    told = source.loaded_at_field or source.loaded_at_query
    if threshold is None or not (told or get_adapter(config).supports(Capability.TableLastModifiedMetadata)):
        return None
    warn_after, error_after = _seconds(threshold.warn_after), _seconds(threshold.error_after)
    if warn_after is None and error_after is None:
        return None
    return Freshness(
        name=f"{source.source_name}.{source.name}",
        asset="",
        loaded_at="" if source.loaded_at_query else source.loaded_at_field or "",
        query=_rendered(source, config, manifest, watch) if source.loaded_at_query else "",
        reads=_external(source, config),
        filter=threshold.filter or "",
        warn_after=warn_after,
        error_after=error_after,
    )


def freshness_warnings(manifest: Any) -> list[str]:  # noqa: ANN401 - dbt's Manifest
    """What `floe freshness` does not heed."""
    own = {macro.name for macro in manifest.macros.values() if macro.package_name not in _OF_DBT}
    return [f"`floe freshness` does not use the macro `{name}`" for name in sorted(own) if "collect_freshness" in name]


def _external(source: Any, config: Any) -> str:  # noqa: ANN401 - dbt's own
    """What SQL selects from for a source that reads files itself; empty for others."""
    relation = get_adapter(config).Relation.create_from(config, source)
    return str(relation) if getattr(relation, "external", None) else ""


def _rendered(source: Any, config: Any, manifest: Any, watch: Watch) -> str:  # noqa: ANN401 - dbt's own
    context = SourceContext(source, config, manifest, RuntimeProvider(), None).to_dict()
    QueryGuard(get_adapter(config).connections, watch)
    prepare_context(context, watch, GraphView(watch, manifest, {}), increment=False)
    try:
        return str(jinja.get_rendered(source.loaded_at_query, context, source)).strip()
    except (DbtBaseException, NotFixedError):
        if not watch.not_fixed:
            raise
        reason = f"`loaded_at_query` of the source `{source.source_name}.{source.name}` {watch.not_fixed[0]}"
        raise CompilationError("FLOE-0240", reason, "write it so that compiling can render it") from None


def _seconds(limit: Any) -> int | None:  # noqa: ANN401 - dbt's Time
    if limit is None or limit.count is None or limit.period is None:
        return None
    return int(limit.count) * _SECONDS[str(limit.period.value)]
