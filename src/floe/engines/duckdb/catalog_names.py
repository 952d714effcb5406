"""Names under which published tables and views can be read: the table's own, and the one dbt gives the relation."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

from floe.artifact.models import SESSION_DATABASE
from floe.lake.base import TableName

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from floe.artifact.models import CompiledArtifacts, Query, Relation
    from floe.lake.base import Catalog


@dataclass(frozen=True)
class Readable:
    """Something to read: a table of a catalog profile, or a view of the artifact."""

    name: TableName
    catalog: str = ""
    view: Query | None = None


class PublishedNames:
    """Everything that can be read, by qualified name; case does not matter, as in SQL."""

    def __init__(self, artifacts: CompiledArtifacts, catalogs: Mapping[str, Catalog]) -> None:
        """Ask the catalogs for their tables.

        Raises:
            LakeError: a catalog cannot be read.
        """
        self._readable: dict[tuple[str, str], Readable] = {}
        self.databases = {asset.relation.database for asset in artifacts.assets.values()} - {SESSION_DATABASE}
        """Names of the databases, beside the session's own, in which dbt has relations."""
        self._tables: dict[TableName, Readable] = {}
        self._add_views(artifacts)
        for profile, catalog in catalogs.items():
            for name in catalog.tables():
                # A model that became a view is that view; the table that it was is its past.
                self._tables[name] = Readable(name, profile)
                self._readable.setdefault(_key(name.namespace, name.name), self._tables[name])
        self._add_relations(artifacts)

    def find(self, namespace: str, name: str) -> Readable | None:
        """What the qualified name means; with an empty namespace, the only one of that name."""
        if namespace:
            return self._readable.get(_key(namespace, name))
        found = {readable.name: readable for key, readable in self._readable.items() if key[1] == name.lower()}
        return next(iter(found.values())) if len(found) == 1 else None

    def table(self, name: TableName) -> Readable | None:
        """The table of a catalog, also where a view has its name now."""
        return self._tables.get(name)

    def mentioned_in(self, text: str) -> Iterable[tuple[str, str]]:
        """Names that occur somewhere in the text."""
        lowered = text.lower()
        return [key for key in self._readable if key[1] in lowered]

    def suggestion(self, namespace: str, name: str) -> str:
        """What to do about a name that means nothing."""
        known = sorted({str(readable.name) for readable in self._readable.values()})
        if not known:
            return "nothing was published yet: run `floe run`"
        wanted = f"{namespace}.{name}" if namespace else name
        same_name = [text for text in known if text.rpartition(".")[2] == name]
        close = same_name or get_close_matches(wanted, known, n=3, cutoff=0.5)
        if close:
            return f"did you mean {' or '.join(f'`{text}`' for text in close)}?"
        return f"there are {', '.join(f'`{text}`' for text in known[:10])}"

    def _add_views(self, artifacts: CompiledArtifacts) -> None:
        for asset in artifacts.assets.values():
            if asset.materialization == "view" and asset.query is not None:
                name = TableName(*artifacts.table_name(asset))
                self._readable[_key(name.namespace, name.name)] = Readable(name, view=asset.query)

    def _add_relations(self, artifacts: CompiledArtifacts) -> None:
        for asset in artifacts.assets.values():
            readable = self._readable.get(_key(*artifacts.table_name(asset)))
            if readable is not None:
                self._readable.setdefault(_relation_key(asset.relation), readable)


def _key(namespace: str, name: str) -> tuple[str, str]:
    return namespace.lower(), name.lower()


def _relation_key(relation: Relation) -> tuple[str, str]:
    if relation.database == SESSION_DATABASE:
        return _key(relation.schema_name, relation.identifier)
    return _key(f"{relation.database}.{relation.schema_name}", relation.identifier)
