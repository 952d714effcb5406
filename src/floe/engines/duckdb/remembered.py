"""Which queries an earlier run has looked at, so that the next one need not: by what they are and what they read."""

from __future__ import annotations

import json
from contextlib import suppress
from functools import cached_property
from graphlib import TopologicalSorter
from hashlib import sha256
from typing import TYPE_CHECKING

import duckdb

from floe.artifact.files import write_atomically

if TYPE_CHECKING:
    from floe.artifact.models import Asset
    from floe.engines.base import SessionRequest


class Remembered:
    """What was looked at in one environment: a file below `.floe/`, which may be missing or lost at any time."""

    def __init__(self, request: SessionRequest) -> None:
        self._request = request
        self._assets = request.artifacts.assets
        environment = request.artifacts.platform.environment
        self._path = request.project_directory / ".floe" / "cache" / f"types-{environment}.json"
        self._known = self._read()

    def unknown(self) -> frozenset[str]:
        """The tables that the run builds and that were not looked at as they are now."""
        marks = self._marks
        return frozenset(key for key, mark in marks.items() if self._known.get(key) != mark)

    def keep(self) -> None:
        """Remember the tables that the run builds; where nothing can be written, nothing is remembered."""
        known = {key: mark for key, mark in self._known.items() if key in self._assets} | self._marks
        document = {"session": self._session, "assets": known}
        # What is lost is a little time of the next run.
        with suppress(OSError):
            write_atomically(self._path, json.dumps(document, sort_keys=True).encode())

    @cached_property
    def _marks(self) -> dict[str, str]:
        """Table that is built -> hash of what decides its columns: its own text, and that of all it reads."""
        nodes = [key for key, asset in self._assets.items() if asset.publishes and key in self._request.nodes]
        reads: dict[str, tuple[str, ...]] = {}
        pending = [*nodes]
        while pending:
            key = pending.pop()
            if key not in reads:
                reads[key] = self._assets[key].depends_on
                pending += reads[key]
        marks: dict[str, str] = {}
        for key in TopologicalSorter(reads).static_order():
            text = "\0".join((self._text(self._assets[key]), *(marks[name] for name in reads[key])))
            marks[key] = sha256(text.encode()).hexdigest()[:32]
        return {key: marks[key] for key in nodes}

    def _text(self, asset: Asset) -> str:
        is_built = asset.key in self._request.nodes
        if asset.query is not None and asset.rendering == "compiled":
            refreshed = self._request.full_refresh if asset.full_refresh is None else asset.full_refresh
            how = f"{asset.materialization} {refreshed}" if asset.incremental else asset.materialization
            return f"{asset.relation!r} {how} {asset.query.sql}"
        # Where the columns are known only from the published table, they are not known when it is built.
        made_of = (asset.source, asset.seed, asset.python, asset.source_digest)
        return f"{asset.relation!r} {is_built} {made_of!r}"

    @cached_property
    def _session(self) -> str:
        """Hash of what else decides how SQL is understood."""
        artifacts = self._request.artifacts
        parts = (
            duckdb.__version__,
            artifacts.floe_version,
            sorted(artifacts.compute.properties.items()),
            artifacts.search_path,
            [hook.sql for hook in artifacts.hooks],
        )
        return sha256(repr(parts).encode()).hexdigest()

    def _read(self) -> dict[str, str]:
        try:
            document = json.loads(self._path.read_bytes())
            return dict(document["assets"]) if document["session"] == self._session else {}
        except (OSError, ValueError, KeyError, TypeError):
            return {}
