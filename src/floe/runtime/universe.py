"""Everything that a selection can name: assets, tests, and what dbt knows beside them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from floe.artifact.dbt_project import Exposure, Resource
from floe.artifact.models import Asset, Test

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from floe.artifact.models import CompiledArtifacts

Node = Asset | Test | Exposure | Resource
_SOURCE = "source"


@dataclass(frozen=True)
class History:
    """What was before: an earlier artifact, what became of each node in the last run, how old sources were."""

    artifacts: CompiledArtifacts | None = None
    results: Callable[[], Mapping[str, str] | None] | None = None
    """Gives asset key or test id -> status; None when nothing has run."""
    newest_rows: Callable[[], tuple[Mapping[str, datetime], Mapping[str, datetime]]] | None = None
    """Gives the moment of each dbt source's newest row, by unique id, as it was earlier and as it is now.

    It raises SelectionError where that was never judged.
    """


class Universe:
    """Everything that can be selected, with the names under which it is found."""

    def __init__(self, artifacts: CompiledArtifacts, history: History) -> None:
        self.artifacts = artifacts
        self.history = history
        self.exposures = artifacts.exposures
        self.assets = artifacts.assets
        self.tests = artifacts.tests
        self.resources = {key: item for key, item in artifacts.resources.items() if not item.asset}
        """What is neither built nor an asset under another name."""

    def nodes(self) -> Iterator[tuple[str, Node]]:
        """Every asset, test, exposure and other resource with its identifier."""
        yield from self.assets.items()
        yield from self.tests.items()
        yield from self.exposures.items()
        yield from self.resources.items()

    def sources(self) -> Iterator[tuple[str, Resource]]:
        """The sources of dbt, with the key of the asset that each is, or else their own id."""
        return ((key, resource) for key, resource in self.all_resources() if resource.kind == _SOURCE)

    def all_resources(self) -> Iterator[tuple[str, Resource]]:
        """What dbt knows beside assets, tests and exposures; a source that is an asset has the asset's key."""
        return ((item.asset or key, item) for key, item in self.artifacts.resources.items())

    def is_source(self, key: str) -> bool:
        """Whether a resource is a source."""
        return key in self.resources and self.resources[key].kind == _SOURCE

    def source_keys(self) -> set[str]:
        """Assets and resources that are sources."""
        landed = {key for key, asset in self.assets.items() if asset.kind == _SOURCE}
        return landed | {key for key, _ in self.sources()}

    def configured(self) -> Iterator[tuple[str, Asset | Test | Resource]]:
        """What has settings: assets, data tests and sources."""
        yield from self.assets.items()
        yield from ((key, test) for key, test in self.tests.items() if test.unit is None)
        yield from self.sources()

    def names(self) -> list[str]:
        """Names a user may have meant: asset keys, asset names, test names."""
        keys = [name for asset in self.assets.values() for name in (asset.key, asset.name)]
        return sorted({*keys, *(test.name for test in self.tests.values())})

    def paths(self) -> Iterator[tuple[str, str]]:
        """Identifier and defining file of everything that has one."""
        yield from ((key, asset.path) for key, asset in self.assets.items() if asset.path)
        yield from ((key, test.path) for key, test in self.tests.items() if test.path)
        yield from ((key, exposure.path) for key, exposure in self.exposures.items())
        yield from ((key, resource.path) for key, resource in self.all_resources() if resource.path)
