"""Random graphs, materializations, failures and reruns: the same inputs always end in the same tables (T7)."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from floe.artifact.codec import seal
from floe.artifact.models import Incremental, Query, SourceFiles
from floe.lake.base import TableName
from floe.lake.open import open_catalogs
from floe.lake.read import live_files
from floe.runtime.events import RunStatus
from floe.runtime.request import RunRequest
from floe.runtime.run import run

if TYPE_CHECKING:
    from collections.abc import Callable

    from floe.artifact.models import Asset, CompiledArtifacts

EXAMPLES = int(os.environ.get("FLOE_TORTURE_EXAMPLES", "4"))
KINDS = ("view", "table", "ephemeral", "append", "merge", "delete+insert")


@dataclass(frozen=True)
class Node:
    kind: str
    parents: tuple[int, ...]


@st.composite
def graphs(draw: st.DrawFn) -> list[Node]:
    nodes = []
    for index in range(draw(st.integers(2, 6))):
        parents = draw(st.sets(st.integers(-1, index - 1), min_size=1, max_size=2))
        nodes.append(Node(draw(st.sampled_from(KINDS)), tuple(sorted(parents))))
    return nodes


class Graph:
    """The artifact of a random graph over one source; ephemerals are inlined as dbt would."""

    def __init__(self, nodes: list[Node], make_asset: Callable[..., Asset], make_artifacts: Callable[..., Any]) -> None:
        self._nodes = nodes
        self._asset = make_asset
        self._artifacts = make_artifacts

    def artifacts(self, broken: int | None = None) -> CompiledArtifacts:
        source = SourceFiles(files=("numbers.csv",), format="csv")
        assets = [self._asset("bronze.n0", kind="source", query=None, source=source)]
        assets += [self._model(index, broken == index) for index in range(len(self._nodes))]
        return seal(self._artifacts(assets))

    def _model(self, index: int, broken: bool) -> Asset:
        node = self._nodes[index]
        query = f"select distinct k + {index} as k, v from ({self._inputs(index)})"
        if broken:
            query = f"select no_such_column from ({query})"
        key, depends_on = f"silver.m{index}", [self._key(parent) for parent in node.parents]
        if node.kind in ("view", "table", "ephemeral"):
            plain = Query(sql=query, rendered_path="m.sql")
            return self._asset(key, *depends_on, materialization=node.kind, query=plain)
        increment = query
        if node.kind == "append":
            increment = f"select * from ({query}) where k not in (select k from silver.m{index})"
        how = Incremental(strategy=node.kind, unique_key=() if node.kind == "append" else ("k", "v"))
        both = Query(sql=query, increment=increment, rendered_path="m.sql")
        return self._asset(key, *depends_on, materialization="incremental", incremental=how, query=both)

    def _inputs(self, index: int) -> str:
        return " union all ".join(f"select k, v from {self._relation(parent)}" for parent in self._nodes[index].parents)

    def _relation(self, index: int) -> str:
        if index >= 0 and self._nodes[index].kind == "ephemeral":
            return f"(select distinct k + {index} as k, v from ({self._inputs(index)}))"
        return self._key(index)

    def _key(self, index: int) -> str:
        return "bronze.n0" if index < 0 else f"silver.m{index}"


def run_once(directory: Path, artifacts: CompiledArtifacts) -> RunStatus:
    return run(RunRequest(project_directory=directory, artifacts=artifacts, threads=2)).status


def contents(directory: Path, artifacts: CompiledArtifacts) -> dict[str, list[tuple[Any, ...]]]:
    import duckdb

    catalog = open_catalogs(artifacts, directory)["default"]
    found = {}
    for name in catalog.tables():
        files = [file.path.removeprefix("file://") for file in live_files(catalog.load(TableName(*_split(name)), ""))]
        with duckdb.connect() as connection:
            query = "select * from read_parquet(?) order by all"
            found[str(name)] = connection.execute(query, [files]).fetchall() if files else []
    return found


def _split(name: TableName) -> tuple[str, str]:
    return name.namespace, name.name


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize="FLOE_TORTURE_EXAMPLES" not in os.environ,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(nodes=graphs(), broken=st.integers(0, 5), numbers=st.lists(st.integers(1, 9), min_size=1, max_size=6))
def test_failures_and_reruns_end_in_the_same_tables(
    asset: Callable[..., Asset],
    artifacts: Callable[..., Any],
    nodes: list[Node],
    broken: int,
    numbers: list[int],
) -> None:
    graph = Graph(nodes, asset, artifacts)
    good = graph.artifacts()
    with tempfile.TemporaryDirectory() as once, tempfile.TemporaryDirectory() as often:
        for directory in (once, often):
            rows = "".join(f"{number},v{number}\n" for number in numbers)
            (Path(directory) / "numbers.csv").write_text(f"k,v\n{rows}")
        assert run_once(Path(once), good) is RunStatus.SUCCEEDED
        expected = contents(Path(once), good)

        bad = graph.artifacts(broken=broken % len(nodes))
        run_once(Path(often), bad)
        for _ in range(2):
            assert run_once(Path(often), good) is RunStatus.SUCCEEDED
            assert contents(Path(often), good) == expected
        run_once(Path(often), bad)
        assert run_once(Path(often), good) is RunStatus.SUCCEEDED
        assert contents(Path(often), good) == expected
