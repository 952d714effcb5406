"""Platform files that extend others: what applies in the end, and where each value stands."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from conftest import Project
    from floe.config.platform import Platform

BASE = """version: "1.0.0"
storage:
  default: {type: local, path: warehouse}
catalogs:
  default: {type: sql, uri: "sqlite:///catalog.db", warehouse: lake}
compute:
  default: {type: duckdb, properties: {threads: 4, memory_limit: 4GB}}
layers:
  bronze: {namespace: bronze}
  gold:
    namespace: gold
    retention_days: 90
"""
S3 = """
version: "1.0.0"
extends: base.yaml
storage:
  default:
    type: s3
    bucket: shop-lake
    region: eu-west-1
    credentials: {mode: iam_role, role_arn: "arn:aws:iam::123456789012:role/lake"}
"""


def applying(project: Project, child: str, base: str = BASE) -> Platform:
    project.write("base.yaml", base)
    return project.load(platform=child).platform


def report(project: Project, child: str, base: str = BASE) -> str:
    project.write("base.yaml", base)
    return project.report(platform=child, output_format="full")


def test_what_a_file_does_not_say_comes_from_the_one_it_extends(project: Project):
    platform = applying(
        project, "extends: base.yaml\nlayers:\n  gold: {retention_days: 365}\n  silver: {namespace: silver}"
    )
    assert platform.version == "1.0.0"
    assert platform.layers["gold"].namespace == "gold"
    assert platform.layers["gold"].retention_days == 365
    assert sorted(platform.layers) == ["bronze", "gold", "silver"]


def test_each_value_knows_the_file_and_line_where_it_stands(project: Project):
    project.write("base.yaml", BASE)
    positions = project.load(platform="extends: base.yaml\nlayers:\n  gold: {retention_days: 365}").platform_positions
    assert positions.span("layers", "gold", "retention_days").location == "platform.yaml:3"
    assert positions.span("layers", "gold", "namespace").location == "base.yaml:11"
    assert positions.span("layers", "gold").location == "platform.yaml:3"
    assert positions.span("layers", "bronze").location == "base.yaml:9"
    assert positions.key_span("storage", "default").location == "base.yaml:3"
    assert positions.span("layers", "bronze", "storage_ref").location == "base.yaml:9"


def test_several_levels_are_merged_from_the_top(project: Project):
    project.write("platform/company/base.yaml", BASE)
    project.write(
        "platform/europe.yaml",
        "extends: company/base.yaml\ncompute:\n  default: {properties: {threads: 8}}\n"
        "layers:\n  gold: {keep_snapshots: 50}",
    )
    project.write("platform/prod/platform.yaml", "extends: ../europe.yaml\nlayers: {gold: {retention_days: 365}}")
    project.write("floe.yaml", project.floe)
    from floe.config.load import load_configuration

    configuration = load_configuration(project.folder, environment="prod")
    gold, compute = configuration.platform.layers["gold"], configuration.platform.compute["default"]
    assert (gold.namespace, gold.keep_snapshots, gold.retention_days) == ("gold", 50, 365)
    assert compute.properties.model_dump(exclude_none=True) == {"threads": 8, "memory_limit": "4GB"}
    spans = [
        configuration.platform_positions.span(*path).location
        for path in (
            ("compute", "default", "properties", "memory_limit"),
            ("compute", "default", "properties", "threads"),
            ("layers", "gold", "retention_days"),
        )
    ]
    assert spans == ["platform/company/base.yaml:7", "platform/europe.yaml:3", "platform/prod/platform.yaml:2"]
    assert [document.positions.file for document in configuration.platform_document.files] == [
        "platform/prod/platform.yaml",
        "platform/europe.yaml",
        "platform/company/base.yaml",
    ]


def test_what_an_alias_brings_keeps_its_place_and_its_use_in_both_files(project: Project):
    base = BASE.replace("{namespace: bronze}", "&layer {namespace: bronze}").replace(
        "    retention_days: 90", "    retention_days: 90\n  more: {<<: *layer, namespce: more}"
    )
    shown = report(project, "extends: base.yaml", base)
    assert "--> base.yaml:13:" in shown
    assert "unknown field `namespce`" in shown
    project.write("base.yaml", BASE)
    own = "extends: base.yaml\nlayers:\n  a: &a {namespace: a, retention_days: 1}\n  b: {<<: *a, namespace: b}"
    span = project.load(platform=own).platform_positions.span("layers", "b", "retention_days")
    assert span.location == "platform.yaml:3"
    assert span.used_at is not None
    assert span.used_at.location == "platform.yaml:4"


def test_a_list_takes_the_place_of_the_other_list(project: Project):
    properties = "host: h, database: d, schema: s, db_groups: [a, b]"
    warehouse = f"type: redshift, properties: {{{properties}}}, credentials: {{user: u, password: {{secret_ref: p}}}}"
    base = BASE.replace("type: duckdb, properties: {threads: 4, memory_limit: 4GB}", warehouse)
    platform: Any = applying(project, "extends: base.yaml\ncompute: {default: {properties: {db_groups: [c]}}}", base)
    assert platform.compute["default"].properties["db_groups"] == ["c"]


def test_a_profile_of_another_type_takes_the_place_of_the_whole_profile(project: Project):
    storage: Any = applying(project, S3).storage["default"]
    assert storage.settings["bucket"] == "shop-lake"
    assert "path" not in storage.settings


def test_credentials_of_another_mode_take_the_place_of_the_others(project: Project):
    project.write("s3.yaml", S3.lstrip("\n"))
    keys = "mode: static, access_key_id: {secret_ref: s3, key: id}, secret_access_key: {secret_ref: s3, key: secret}"
    storage: Any = applying(
        project, f"extends: s3.yaml\nstorage:\n  default:\n    prefix: test\n    credentials: {{{keys}}}"
    ).storage["default"]
    assert storage.settings["bucket"] == "shop-lake"
    assert storage.settings["prefix"] == "test"
    assert sorted(storage.settings["credentials"]) == ["access_key_id", "mode", "secret_access_key"]


def test_a_reference_to_a_secret_is_one_value(project: Project):
    credentials = "{user: lake, password: {secret_ref: db, key: password}}"
    catalog = f'type: sql, uri: "postgresql://db:5432/lake", credentials: {credentials}'
    base = BASE.replace('type: sql, uri: "sqlite:///catalog.db", warehouse: lake', catalog)
    child = "extends: base.yaml\ncatalogs: {default: {credentials: {password: {secret_ref: db-test}}}}"
    catalogs: Any = applying(project, child, base).catalogs
    found = catalogs["default"].credentials
    assert (found.user, found.password.secret_ref, found.password.key) == ("lake", "db-test", None)


def test_null_takes_an_inherited_value_away(project: Project):
    platform = applying(project, "extends: base.yaml\nlayers: {gold: {retention_days: null}, bronze: null}")
    assert platform.layers["gold"].retention_days == 30
    assert sorted(platform.layers) == ["gold"]


def test_the_built_in_platform_can_be_extended(project: Project):
    platform: Any = project.load(
        platform="extends: built-in\ncompute: {default: {properties: {memory_limit: 2GB}}}"
    ).platform
    assert platform.compute["default"].properties.memory_limit == "2GB"
    assert sorted(platform.layers) == ["bronze", "gold", "silver"]
    assert platform.storage["default"].path == ".floe/warehouse"


def test_a_path_may_begin_at_the_root_or_in_the_home_folder_and_hold_variables(
    project: Project, monkeypatch: pytest.MonkeyPatch
):
    elsewhere = project.folder.parent / "shared" / "base.yaml"
    elsewhere.parent.mkdir()
    elsewhere.write_text(BASE)
    (Path.home() / "base.yaml").write_text(BASE)
    monkeypatch.setenv("SHARED", str(elsewhere.parent))
    for named in (str(elsewhere), "~/base.yaml", "${SHARED}/base.yaml", "../shared/base.yaml"):
        assert "gold" in project.load(platform=f'extends: "{named}"').platform.layers, named


def test_the_inherited_platform_and_the_same_written_in_one_file_are_equal(project: Project):
    from floe.compiler import bindings

    project.write("base.yaml", BASE)
    inherited = project.load(platform="extends: base.yaml\nlayers: {gold: {keep_snapshots: 5}}")
    whole = project.load(platform=BASE.replace("retention_days: 90", "retention_days: 90\n    keep_snapshots: 5"))
    for section in (bindings.storage, bindings.catalogs, bindings.compute):
        assert section(inherited) == section(whole)
    assert bindings.layers(inherited).declared == bindings.layers(whole).declared


def test_variables_are_filled_in_where_they_stand_and_matter_only_where_they_apply(project: Project):
    base = BASE.replace("path: warehouse", 'path: "${LAKE_THAT_NOBODY_SETS}"')
    assert "LAKE_THAT_NOBODY_SETS" in report(project, "extends: base.yaml", base)
    storage: Any = applying(project, "extends: base.yaml\nstorage: {default: {path: mine}}", base).storage["default"]
    assert storage.path == "mine"


def test_a_mistake_in_the_other_file_is_shown_there_and_says_who_extends_it(project: Project):
    base = BASE.replace("retention_days", "retenton_days")
    assert report(project, "extends: base.yaml", base).splitlines()[:10] == [
        "error[FLOE-0103]: unknown field `retenton_days`",
        "   --> base.yaml:12:5",
        "    |",
        " 12 |     retenton_days: 90",
        "    |     ^^^^^^^^^^^^^ did you mean `retention_days`?",
        "    |",
        "note: `platform.yaml` extends this file at platform.yaml:1",
        " 1 | extends: base.yaml",
        "   |          ---------",
        "hint: run `floe explain FLOE-0103`",
    ]


def test_what_two_files_make_wrong_together_names_both(project: Project):
    project.write("s3.yaml", S3.lstrip("\n"))
    shown = report(project, "extends: s3.yaml\nstorage: {default: {credentials: {access_key_id: {secret_ref: s3}}}}")
    assert "error[FLOE-0107]: `access_key_id` has no meaning with mode `iam_role`" in shown
    assert "--> platform.yaml:2:" in shown
    assert "note: `storage.default.credentials` is also given at s3.yaml:8" in shown


def test_a_layer_that_names_an_inherited_profile_is_checked_against_the_merged_platform(project: Project):
    shown = report(project, "extends: base.yaml\nlayers: {silver: {namespace: bronze, storage_ref: defualt}}")
    assert "unknown storage profile `defualt`" in shown
    assert "did you mean `default`?" in shown
    assert "layers `bronze` and `silver` have the same namespace" in shown
    assert "the namespace of `bronze` is at base.yaml:9" in shown


@pytest.mark.parametrize(
    ("extends", "message"),
    [
        ("bsae.yaml", "`extends` names `bsae.yaml`, which does not exist\n  --> platform.yaml:1:10"),
        ("bsae.yaml", "did you mean `base.yaml`?"),
        ("nowhere/at/all.yaml", "the nearest that exists is the folder of this file"),
        ("shared", "`extends` names the folder `shared`, not a file"),
        ("shared", "write `shared/platform.yaml`"),
        ("models", "name the file in it"),
        ("platform.yaml", "`platform.yaml` extends itself"),
        ("[base.yaml]", "`extends` must be text, found a list"),
        ('""', "`extends` must not be empty"),
        ("${NOT_SET_ANYWHERE}/base.yaml", "environment variable `NOT_SET_ANYWHERE` is not set"),
        ("broken.yaml", "--> broken.yaml:1:"),
    ],
)
def test_a_file_that_cannot_be_extended_is_a_mistake_with_its_place(project: Project, extends: str, message: str):
    project.write("shared/platform.yaml", BASE)
    project.write("broken.yaml", "a: [\n")
    shown = report(project, f"extends: {extends}\nversion: '1.0.0'")
    assert message in shown
    assert "1 error" in shown


def test_a_circle_shows_every_step(project: Project):
    project.write("a.yaml", "extends: b.yaml")
    project.write("b.yaml", 'version: "1.0.0"\nextends: c.yaml')
    project.write("c.yaml", "extends: a.yaml")
    shown = project.report(platform="extends: a.yaml", output_format="full")
    assert "error[FLOE-0131]: `a.yaml` extends itself through `b.yaml` and `c.yaml`" in shown
    assert "--> c.yaml:1:10" in shown
    assert [line for line in shown.splitlines() if line.startswith("note")] == [
        "note: platform.yaml:1 extends `a.yaml`",
        "note: a.yaml:1 extends `b.yaml`",
        "note: b.yaml:2 extends `c.yaml`",
        "note: c.yaml:1 extends `a.yaml`",
    ]


def test_ten_files_may_extend_one_another_and_no_more(project: Project):
    for number in range(1, 9):
        project.write(f"{number}.yaml", f"extends: {number + 1}.yaml")
    project.write("9.yaml", BASE)
    assert project.diagnostics(platform="extends: 1.yaml") == ()
    project.write("9.yaml", "extends: base.yaml")
    assert "FLOE-0132" in report(project, "extends: 1.yaml")


def test_a_credential_in_the_other_file_is_refused_and_never_shown(project: Project):
    base = BASE.replace("warehouse: lake}", "credentials: {password: hunter2secret}}")
    for extending in ("extends: base.yaml", "extends: base.yaml\ncatalogs: {default: {credentials: null}}"):
        shown = report(project, extending, base)
        assert "plaintext credential in `password`" in shown
        assert "hunter2secret" not in shown


def test_floe_yaml_extends_nothing(project: Project):
    assert "unknown field `extends`" in project.report(f"{project.floe}extends: other.yaml\n")
