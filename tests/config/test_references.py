"""What one file names, the other must define."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Project

TWO_PROFILES = """
version: "1.0.0"
storage:
  default: {type: local, path: warehouse}
  fast: {type: local, path: /ssd/warehouse}
catalogs:
  default: {type: sql, uri: "sqlite:///catalog.db", warehouse: lake}
  other: {type: sql, uri: "sqlite:////srv/other.db", warehouse: other}
compute:
  default: {type: duckdb}
  big: {type: duckdb, properties: {threads: 16, memory_limit: 64GB}}
layers:
  bronze: {namespace: bronze, storage_ref: fast, catalog_ref: other}
  silver: {namespace: analytics.silver}
"""


def test_profiles_other_than_default_and_a_layers_own_are_kept(project: Project):  # lesson 3
    text = project.floe + "storage: fast\ncatalog: other\ncompute: big\n"
    configuration = project.load(text, TWO_PROFILES)
    pipeline, platform = configuration.pipeline, configuration.platform
    assert (pipeline.storage, pipeline.catalog, pipeline.compute) == ("fast", "other", "big")
    assert platform.compute["big"].properties.threads == 16
    assert (platform.layers["bronze"].storage_ref, platform.layers["bronze"].catalog_ref) == ("fast", "other")
    assert (platform.layers["silver"].storage_ref, platform.layers["silver"].catalog_ref) == ("default", "default")


@pytest.mark.parametrize(
    ("field", "name", "kind", "available", "label"),
    [
        ("storage", "fsat", "storage profile", "`default`, `fast`", "did you mean `fast`?"),
        ("catalog", "polaris", "catalog profile", "`default`, `other`", "not in the platform"),
        ("compute", "bigg", "compute profile", "`default`, `big`", "did you mean `big`?"),
    ],
)
def test_an_unknown_profile_names_those_that_exist(
    field: str, name: str, kind: str, available: str, label: str, project: Project
):
    (found,) = project.diagnostics(project.floe + f"{field}: {name}\n", TWO_PROFILES)
    assert (found.code, found.message, found.label) == ("FLOE-0108", f"unknown {kind} `{name}`", label)
    assert (found.span.file, found.span.line) == ("floe.yaml", 6)
    (note,) = found.notes
    section = note.span
    assert note.text == f"available {kind}s: {available}, at {section.location}"
    assert (section.file, section.text.rstrip()) == (
        "platform.yaml",
        f"{kind.split(maxsplit=1)[0].replace('catalog', 'catalogs')}:",
    )


def test_a_profile_that_is_not_given_is_default_and_must_exist(project: Project):
    platform = project.platform.replace("compute:\n  default", "compute:\n  small")
    (found,) = project.diagnostics(project.floe, platform)
    assert found.message == "unknown compute profile `default`"
    assert found.label == "no `compute` is given, so `default` applies"


def test_the_layer_of_a_source_must_exist(project: Project, lines: Callable[[str], str]):  # lesson 1
    text = project.floe + "sources:\n  x: {files: data/orders/*.csv, layer: bronse}\n"
    assert project.report(text, output_format="full") == lines(
        """
        error[FLOE-0108]: unknown layer `bronse`
          --> floe.yaml:7:40
           |
         7 |   x: {files: data/orders/*.csv, layer: bronse}
           |                                        ^^^^^^ did you mean `bronze`?
           |
        note: available layers: `bronze`, `silver`, `gold`
        hint: run `floe explain FLOE-0108`

        found 1 error in 1 file
        """
    )


def test_a_source_without_a_layer_needs_the_layer_bronze(project: Project):
    text = project.floe + "sources: {x: {files: data/orders/*.csv}}\n"
    assert project.report(text, project.platform) == "found no errors"
    (found,) = project.diagnostics(text, project.platform.replace("bronze: {namespace", "raw: {namespace"))
    assert found.message == "unknown layer `bronze`"
    assert found.label == "no `layer` is given, so `bronze` applies"


@pytest.mark.parametrize("field", ["storage_ref", "catalog_ref"])
def test_the_profiles_of_a_layer_must_exist(field: str, project: Project):
    platform = project.platform.replace("namespace: bronze", f"namespace: bronze, {field}: defualt")
    (found,) = project.diagnostics(project.floe, platform)
    assert (found.code, found.span.file, found.span.line) == ("FLOE-0108", "platform.yaml", 9)
    assert found.label == "did you mean `default`?"


@pytest.mark.parametrize(("namespace", "label"), [("lake.bronze", "write `bronze`"), ("lake", "choose another name")])
def test_a_namespace_does_not_begin_with_the_warehouse(namespace: str, label: str, project: Project):  # lesson 7
    (found,) = project.diagnostics(
        project.floe, project.platform.replace("namespace: bronze", f"namespace: {namespace}")
    )
    assert found.code == "FLOE-0115"
    assert found.message == f"namespace `{namespace}` begins with the name of the warehouse, `lake`"
    assert found.label == label
    assert "the warehouse is a parameter of the catalog, not a part of a namespace" in found.notes[0].text


@pytest.mark.parametrize("namespace", ["lakehouse", "bronze.lake", "lake_bronze", "analytics.bronze"])
def test_a_namespace_may_be_like_the_warehouse(namespace: str, project: Project):  # lesson 7
    platform = project.platform.replace("namespace: bronze", f"namespace: {namespace}")
    assert project.report(project.floe, platform) == "found no errors"


def test_two_layers_do_not_share_a_namespace_of_one_catalog(project: Project):  # lesson 19
    platform = project.platform + "  silver: {namespace: Bronze}\n"
    (found,) = project.diagnostics(project.floe, platform)
    assert found.message == "layers `bronze` and `silver` have the same namespace in the same catalog"
    assert found.notes[0].text == "the namespace of `bronze` is at platform.yaml:9"


def test_two_layers_may_have_one_namespace_in_two_catalogs(project: Project):
    platform = TWO_PROFILES.replace("analytics.silver", "bronze")
    assert project.report(project.floe, platform) == "found no errors"


def test_sources_that_differ_by_case_only_are_one_to_the_engine(project: Project):  # lesson 19
    text = project.floe + "sources:\n  orders: {files: data/orders/1.csv}\n  Orders: {files: data/orders/1.csv}\n"
    (found,) = project.diagnostics(text)
    assert (found.code, found.span.line) == ("FLOE-0104", 8)
    assert found.message == "sources `orders` and `Orders` differ by upper and lower case only"


def test_inline_compute_is_for_projects_without_a_platform_file(project: Project):
    text = project.floe + "compute: {target: duckdb, properties: {threads: 4}}\n"
    assert project.load(text).pipeline.compute.properties.threads == 4
    (found,) = project.diagnostics(text, project.platform)
    assert (found.code, found.message) == ("FLOE-0118", "inline `compute` has no place beside `platform.yaml`")
