"""`floe docs` writes what `dbt docs generate` and `dbt build` write, so that dbt's tools read it as theirs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from dbt.artifacts.schemas.catalog import CatalogArtifact
from dbt.artifacts.schemas.manifest import WritableManifest
from dbt.artifacts.schemas.run import RunResultsArtifact
from dbt_artifacts_parser import parser

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from .compare import BuiltTwins
    from .harness import Twins

ARTIFACTS = ("manifest", "semantic_manifest", "catalog", "run_results")
NOT_COMPARED = {"compiled_code", "compiled_path", "created_at", "checksum", "macros"}
"""Of a node: dbt keeps blank lines around SQL, names other folders, and notes macros only while it renders."""


@dataclass(frozen=True)
class Documented:
    """A project with the artifacts of both."""

    twins: Twins
    ours: Path
    theirs: Path

    def both(self, name: str) -> tuple[dict[str, Any], dict[str, Any]]:
        ours, theirs = (json.loads((folder / f"{name}.json").read_text("utf-8")) for folder in (self.ours, self.theirs))
        return ours, theirs

    def dbt(self, *arguments: str) -> str:
        return dbt(self.twins, *arguments)


def dbt(twins: Twins, *arguments: str) -> str:
    folders = ["--project-dir", str(twins.project / "dbt"), "--profiles-dir", str(twins.work)]
    folders += ["--log-path", str(twins.work / "logs"), "--target-path", str(twins.work / "docs")]
    variables = next((t["vars"] for t in twins.settings["transforms"] if t.get("vars")), {})
    command = ["--quiet", *arguments, *folders, "--vars", json.dumps(variables)]
    result = twins.programs.run("dbt", command, twins.project, {"DBT_SEND_ANONYMOUS_USAGE_STATS": "0"})
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.fixture(scope="module")
def documented(built_kitchen_sink: BuiltTwins, tmp_path_factory: pytest.TempPathFactory) -> Documented:
    twins = built_kitchen_sink.twins
    ours = tmp_path_factory.mktemp("docs")
    done = twins.floe("docs", "--target-path", str(ours), "--static")
    assert done.returncode == 0, done.stderr
    dbt(twins, "docs", "generate")
    theirs = twins.work / "docs"
    (theirs / "run_results.json").write_bytes((twins.work / "target" / "run_results.json").read_bytes())
    return Documented(twins, ours, theirs)


def without(node: Mapping[str, Any]) -> dict[str, Any]:
    plain = {name: value for name, value in node.items() if name not in NOT_COMPARED}
    plain["depends_on"] = sorted(node.get("depends_on", {}).get("nodes", ()))
    plain["sources"] = sorted(node.get("sources", ()))
    return plain


def squeezed(sql: str | None) -> str | None:
    return None if sql is None else " ".join(sql.split())


def test_dbt_itself_reads_every_file(documented: Documented) -> None:
    manifest = WritableManifest.read_and_check_versions(str(documented.ours / "manifest.json"))
    assert manifest.metadata.project_name == "kitchen_sink"
    RunResultsArtifact.read_and_check_versions(str(documented.ours / "run_results.json"))
    CatalogArtifact.from_dict(json.loads((documented.ours / "catalog.json").read_text()))


def test_another_program_reads_every_file(documented: Documented) -> None:
    ours = documented.ours
    manifest = parser.parse_manifest(json.loads((ours / "manifest.json").read_text()))
    catalog = parser.parse_catalog(json.loads((ours / "catalog.json").read_text()))
    results = parser.parse_run_results(json.loads((ours / "run_results.json").read_text()))
    assert set(catalog.nodes) <= set(manifest.nodes)
    assert {result.unique_id for result in results.results} <= set(manifest.nodes)


@pytest.mark.parametrize("name", ARTIFACTS)
def test_files_have_the_keys_of_dbts(documented: Documented, name: str) -> None:
    ours, theirs = documented.both(name)
    assert set(ours) == set(theirs)
    assert set(ours.get("metadata", {})) == set(theirs.get("metadata", {}))


def test_the_manifest_holds_the_nodes_of_dbts_with_their_sql(documented: Documented) -> None:
    ours, theirs = documented.both("manifest")
    for part in ("nodes", "sources", "exposures", "docs", "groups", "metrics", "disabled", "parent_map", "child_map"):
        assert set(ours[part]) == set(theirs[part]), part
    for name, node in theirs["nodes"].items():
        assert without(ours["nodes"][name]) == without(node), name
        assert squeezed(ours["nodes"][name].get("compiled_code")) == squeezed(node.get("compiled_code")), name
    assert ours["child_map"] == theirs["child_map"]


def test_the_catalog_holds_the_relations_and_columns_of_dbts(documented: Documented) -> None:
    ours, theirs = documented.both("catalog")
    for part in ("nodes", "sources"):
        assert set(ours[part]) == set(theirs[part])
        for name, table in theirs[part].items():
            assert {**ours[part][name], "stats": None} == {**table, "stats": None}, name
    stats = ours["nodes"]["seed.kitchen_sink.customers"]["stats"]
    expected = documented.twins.rows("bronze.customers").num_rows
    assert (stats["row_count"]["value"], stats["has_stats"]["value"]) == (expected, True)
    assert stats["bytes"]["value"] > 0


def test_results_are_those_of_dbt_build(documented: Documented) -> None:
    ours, theirs = documented.both("run_results")
    results = {result["unique_id"]: result for result in ours["results"]}
    expected = {result["unique_id"]: result for result in theirs["results"]}
    assert set(results) == {name for name in expected if not name.startswith("exposure.")}
    for name, result in results.items():
        other = expected[name]
        assert set(result) == set(other)
        for key in ("status", "failures", "message", "compiled", "relation_name"):
            assert result[key] == other[key], (name, key)
        assert squeezed(result["compiled_code"]) == squeezed(other["compiled_code"]), name
        assert [step["name"] for step in result["timing"]] == [step["name"] for step in other["timing"]]
        assert result["thread_id"].startswith("floe-worker-")
    assert ours["args"]["which"] == "build"


def test_a_dbt_that_compares_with_these_files_finds_nothing_modified(documented: Documented) -> None:
    folder = str(documented.ours)
    everything = documented.dbt("ls", "--resource-type", "model", "--state", folder, "--select", "state:unmodified")
    assert "kitchen_sink.silver.paid" in everything
    assert documented.dbt("ls", "--state", folder, "--select", "state:modified").strip().splitlines()[-1:] in (
        [],
        ["No nodes selected!"],
    )


def test_a_dbt_that_defers_to_these_files_reads_the_relations_they_name(documented: Documented) -> None:
    shown = documented.dbt(
        "show", "--defer", "--favor-state", "--state", str(documented.ours), "--select", "view_on_view", "--limit", "1"
    )
    assert "|" in shown


def test_the_static_page_holds_manifest_and_catalog(documented: Documented) -> None:
    page = (documented.ours / "static_index.html").read_text("utf-8")
    assert "model.kitchen_sink.paid" in page
    assert "INLINE DATA" not in page.replace('"INLINE DATA"', "")
