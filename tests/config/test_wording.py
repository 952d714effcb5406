"""Wrong keys and values of both files, in the words that users read."""

# ruff: noqa: E501 - an expected line stands here as users read it

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Project

HEAD = 'name: shop\nversion: "1.0.0"\n'
TRANSFORMS = "transforms: [{type: dbt, path: models}]\n"

CASES = {
    "unknown key": ("onwer: me\n", "3:1: FLOE-0103 unknown field `onwer` (did you mean `owner`?)"),
    "unknown nested key": (
        "compute: {target: duckdb, properties: {thread: 4}}\n",
        "3:40: FLOE-0103 unknown field `thread` (did you mean `threads`?)",
    ),
    "key of a later version": ("orchestration: {}\n", "3:1: FLOE-0103 unknown field `orchestration` (not a field here)"),
    "boolean for text": ("owner: no\n", '3:8: FLOE-0106 `owner` must be text, found the boolean `no` (write "no")'),
    "nothing for text": ("owner:\n", "3:1: FLOE-0106 `owner` must be text, found nothing (expected text)"),
    "list for text": ("owner: [a]\n", "3:8: FLOE-0106 `owner` must be text, found a list (expected text)"),
    "number for keys": ("sources: 3\n", "3:10: FLOE-0106 `sources` must be keys with values, found the number `3` (expected keys with values)"),
    "empty profile": ('storage: ""\n', "3:10: FLOE-0107 `storage` must begin with a letter and hold only letters, digits, `_` and `-` (at most 100), found an empty text"),
    "unknown word": ("publish: per-aset\n", "3:10: FLOE-0107 unknown value `per-aset` for `publish` (did you mean 'per-asset'?)"),
    "unlike any word": ("publish: never\n", "3:10: FLOE-0107 unknown value `never` for `publish` (expected `all-or-nothing` or `per-asset`)"),
    "boolean for a word": ("publish: off\n", "3:10: FLOE-0106 `publish` must be `all-or-nothing` or `per-asset`, found the boolean `off` (expected `all-or-nothing` or `per-asset`)"),
    "unknown engine": ("compute: {target: dukdb}\n", "3:19: FLOE-0107 unknown value `dukdb` for `compute.target` (did you mean 'duckdb'?)"),
    "no engine": ("compute: {properties: {threads: 4}}\n", "3:1: FLOE-0105 missing field `target` in `compute` (add `target`)"),
    "number for compute": ("compute: 3\n", "3:10: FLOE-0106 `compute` must be the name of a profile, or `target` and `properties`, found the number `3` (expected the name of a profile, or `target` and `properties`)"),
    "text for a number": ("compute: {target: duckdb, properties: {threads: four}}\n", "3:49: FLOE-0106 `compute.properties.threads` must be a whole number, found the text `four` (expected a whole number)"),
    "boolean for a number": ("compute: {target: duckdb, properties: {threads: yes}}\n", "3:49: FLOE-0106 `compute.properties.threads` must be a whole number, found the boolean `yes` (expected a whole number)"),
    "too small": ("compute: {target: duckdb, properties: {threads: 0}}\n", "3:49: FLOE-0107 `compute.properties.threads` must be at least 1 (found the number `0`)"),
    "memory": ("compute: {target: duckdb, properties: {memory_limit: lots}}\n", "3:54: FLOE-0107 `compute.properties.memory_limit` must be an amount of memory, found the text `lots` (write e.g. `4GB`)"),
    "source name": ("sources: {raw-x: {files: data/orders/1.csv}}\n", "3:11: FLOE-0107 the name `raw-x` must hold only letters, digits and `_`, no digit first (at most 100)"),
    "no files": ("sources: {x: {layer: gold}}\n", "3:11: FLOE-0105 missing field `files` in `sources.x` (add `files`)"),
    "empty files": ("sources: {x: {files: []}}\n", "3:22: FLOE-0107 `sources.x.files` must have an entry (found a list)"),
    "number among files": ("sources: {x: {files: [data/orders/1.csv, 3]}}\n", '3:42: FLOE-0106 `sources.x.files[1]` must be text, found the number `3` (write "3")'),
    "empty file": ('sources: {x: {files: [""]}}\n', "3:23: FLOE-0107 `sources.x.files[0]` must not be empty (found an empty text)"),
    "mode": ("sources: {x: {files: data/orders/1.csv, mode: apend}}\n", "3:47: FLOE-0107 unknown value `apend` for `sources.x.mode` (did you mean 'append'?)"),
    "merge without key": ("sources: {x: {files: data/orders/1.csv, mode: merge}}\n", "3:11: FLOE-0105 mode `merge` needs a `unique_key` (add `unique_key`)"),
    "key without merge": ("sources: {x: {files: data/orders/1.csv, unique_key: id}}\n", "3:53: FLOE-0107 `unique_key` has no meaning for mode `replace` (only for mode `merge`)"),
    "option": ("sources: {x: {files: data/orders/1.csv, options: {delimm: ';'}}}\n", "3:51: FLOE-0103 unknown option `delimm` for csv files (did you mean `delim`?)"),
    "option of another format": ("sources: {x: {files: data/orders/1.csv, format: parquet, options: {delim: ';'}}}\n", "3:68: FLOE-0103 unknown option `delim` for parquet files (not an option of the reader)"),
    "boolean for an option of text": ("sources: {x: {files: data/orders/1.csv, options: {nullstr: NO}}}\n", "3:60: FLOE-0106 option `nullstr` must be text (write it in quotes)"),
    "list for an option": ("sources: {x: {files: data/orders/1.csv, options: {skip: [1]}}}\n", "3:57: FLOE-0106 option `skip` must be a whole number (expected a whole number)"),
    "text for options": ("sources: {x: {files: data/orders/1.csv, options: fast}}\n", "3:50: FLOE-0106 `sources.x.options` must be keys with values, found the text `fast` (expected keys with values)"),
    "format": ("sources: {x: {files: data/orders/1.csv, format: cvs}}\n", "3:49: FLOE-0107 unknown value `cvs` for `sources.x.format` (did you mean 'csv'?)"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "line"), CASES.values(), ids=CASES)
def test_a_wrong_key_or_value_of_floe_yaml_is_one_clear_line(text: str, line: str, project: Project):  # lesson 4
    assert project.report(HEAD + text + TRANSFORMS).splitlines() == [f"floe.yaml:{line}", "found 1 error in 1 file"]


TRANSFORM_CASES = {
    "not a list": ("transforms: {type: dbt}\n", "3:1: FLOE-0106 `transforms` must be a list, found keys with values (expected a list)"),
    "unknown type": ("transforms: [{type: dtb, path: models}]\n", "3:21: FLOE-0107 unknown value `dtb` for `transforms[0].type` (did you mean 'dbt'?)"),
    "boolean type": ("transforms: [{type: on, path: models}]\n", "3:21: FLOE-0106 `transforms[0].type` must be `dbt` or `python`, found the boolean `on` (expected `dbt` or `python`)"),
    "no type": ("transforms: [{path: models}]\n", "3:15: FLOE-0105 missing field `type` in `transforms[0]` (add `type: dbt` or `type: python`)"),
    "no path": ("transforms: [{type: dbt}]\n", "3:15: FLOE-0105 missing field `path` in `transforms[0]` (add `path`)"),
    "not keys": ("transforms: [models]\n", "3:14: FLOE-0106 `transforms[0]` must be keys with values, found the text `models` (expected keys with values)"),
    "unknown key": ("transforms: [{type: python, path: assets, vars: {}}]\n", "3:43: FLOE-0103 unknown field `vars` (not a field here)"),
    "none": ("transforms: []\n", "1:1: FLOE-0105 a pipeline needs `transforms` or `sources` (add one of them)"),
    "neither": ("owner: me\n", "1:1: FLOE-0105 a pipeline needs `transforms` or `sources` (add one of them)"),
    "misspelt": ("transfroms: []\n", "3:1: FLOE-0103 unknown field `transfroms` (did you mean `transforms`?)"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "line"), TRANSFORM_CASES.values(), ids=TRANSFORM_CASES)
def test_a_wrong_transform_is_one_clear_line(text: str, line: str, project: Project):
    assert project.report(HEAD + text).splitlines() == [f"floe.yaml:{line}", "found 1 error in 1 file"]


@pytest.mark.parametrize(
    ("version", "line"),
    [
        ("1.0", '2:10: FLOE-0106 `version` must be text, found the number `1.0` (write "1.0.0")'),
        ("2", '2:10: FLOE-0106 `version` must be text, found the number `2` (write "2.0.0")'),
        ('"1.0"', '2:10: FLOE-0107 `version` must be a semantic version, found the text `1.0` (write "1.0.0")'),
        ("v1.0.0", '2:10: FLOE-0107 `version` must be a semantic version, found the text `v1.0.0` (write e.g. "1.0.0")'),
        ("1.02.0", '2:10: FLOE-0107 `version` must be a semantic version, found the text `1.02.0` (write e.g. "1.0.0")'),
    ],
)  # fmt: skip
def test_a_version_is_a_semantic_version_in_quotes(version: str, line: str, project: Project):  # lesson 4
    report = project.report(f"name: shop\nversion: {version}\n{TRANSFORMS}")
    assert report.splitlines() == [f"floe.yaml:{line}", "found 1 error in 1 file"]


PLATFORM_CASES = {
    "days without end": ("namespace: bronze", "namespace: bronze, retention_days: 99999", "9:47: FLOE-0107 `layers.bronze.retention_days` must be at most 36500 (found the number `99999`)"),
    "days of text": ("namespace: bronze", 'namespace: bronze, retention_days: ""', "9:47: FLOE-0106 `layers.bronze.retention_days` must be a whole number, found an empty text (expected a whole number)"),
    "missing section": ("compute:\n  default: {type: duckdb}\n", "", "1:1: FLOE-0105 missing field `compute` (add `compute`)"),
    "unknown key": ("path: warehouse", "pth: warehouse", "3:26: FLOE-0103 unknown field `pth` (did you mean `path`?)"),
    "key of a later version": ("path: warehouse", "path: warehouse, bucket: b", "3:43: FLOE-0103 unknown field `bucket` (not a field here)"),
    "unknown type": ("type: local", "type: locl", "3:19: FLOE-0107 unknown value `locl` for `storage.default.type` (did you mean 'local'?)"),
    "uri": ("sqlite:///catalog.db", "mysql://host/db", "5:29: FLOE-0107 `catalogs.default.uri` must be `sqlite:///` and a file, or `postgresql://` and host, port and database, without user and password, found the text `mysql://host/db` (write e.g. `sqlite:///.floe/catalog.db`, or `postgresql://db.example.com:5432/lake`)"),
    "profile name": ("  default: {type: duckdb}", "  my engine: {type: duckdb}\n  default: {type: duckdb}", "7:3: FLOE-0107 the name `my engine` must begin with a letter and hold only letters, digits, `_` and `-` (at most 100)"),
    "namespace": ("namespace: bronze", "namespace: a..b", "9:23: FLOE-0107 `layers.bronze.namespace` must be names of letters, digits, `_` and `-`, joined by `.`, found the text `a..b` (write e.g. `bronze`)"),
    "version": ('version: "1.0.0"', "version: 1.0", '1:10: FLOE-0106 `version` must be text, found the number `1.0` (write "1.0.0")'),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "line"), PLATFORM_CASES.values(), ids=PLATFORM_CASES)
def test_a_wrong_key_or_value_of_platform_yaml_is_one_clear_line(old: str, new: str, line: str, project: Project):
    assert old in project.platform
    report = project.report(project.floe, project.platform.replace(old, new)).splitlines()
    assert report[-2] == f"platform.yaml:{line}"
    assert len(report) == 2 or "unknown compute profile" in report[0]


def test_every_mistake_of_both_files_is_found_in_one_pass(project: Project, lines: Callable[[str], str]):
    floe = """
        name: 1shop
        version: 1.0
        storage: defualt
        transforms:
          - type: dbt
            path: ./modles
          - type: python
            path: ./assets
            target: prod
        sources:
          raw_orders:
            files: data/orders/*.parquet
            layer: bronce
            mode: mergee
          raw_orders: {}
        """
    platform = """
        version: "1.0.0"
        storage:
          default: {type: local}
        catalogs:
          default: {type: sql, uri: "sqlite:///${NOT_SET_ANYWHERE}"}
        compute: {default: {type: duckdb}}
        layers:
          bronze: {namespace: floe.bronze, storage_ref: other}
        """
    assert project.report(floe, platform) == lines(
        """
        floe.yaml:1:7: FLOE-0107 `name` must begin with a letter and hold only letters, digits, `_` and `-` (at most 100), found the text `1shop`
        floe.yaml:2:10: FLOE-0106 `version` must be text, found the number `1.0` (write "1.0.0")
        floe.yaml:3:10: FLOE-0108 unknown storage profile `defualt` (did you mean `default`?)
        floe.yaml:6:11: FLOE-0109 folder `./modles` does not exist (did you mean `./models`?)
        floe.yaml:9:5: FLOE-0103 unknown field `target` (not a field here)
        floe.yaml:12:12: FLOE-0111 no file matches `data/orders/*.parquet` (`data/orders` holds none)
        floe.yaml:13:12: FLOE-0108 unknown layer `bronce` (did you mean `bronze`?)
        floe.yaml:14:11: FLOE-0107 unknown value `mergee` for `sources.raw_orders.mode` (did you mean 'merge'?)
        floe.yaml:15:3: FLOE-0104 duplicate key `raw_orders` (given again here)
        platform.yaml:3:3: FLOE-0105 missing field `path` in `storage.default` (add `path`)
        platform.yaml:5:29: FLOE-0114 environment variable `NOT_SET_ANYWHERE` is not set (set it, or write `${NOT_SET_ANYWHERE:-default}`)
        platform.yaml:8:23: FLOE-0115 namespace `floe.bronze` begins with the name of the warehouse, `floe` (write `bronze`)
        platform.yaml:8:49: FLOE-0108 unknown storage profile `other` (not in the platform)
        found 13 errors in 2 files
        """
    )


def test_the_layout_for_people_is_the_agreed_one(project: Project, lines: Callable[[str], str]):
    assert project.report("\nname: shop\nversion: '1.0.0'\ntransfroms:\n  - a\n", output_format="full") == lines(
        """
        error[FLOE-0103]: unknown field `transfroms`
          --> floe.yaml:3:1
           |
         3 | transfroms:
           | ^^^^^^^^^^ did you mean `transforms`?
           |
        hint: run `floe explain FLOE-0103`

        found 1 error in 1 file
        """
    )


@pytest.mark.parametrize("key", ["<dbt>", "[key]", "<x", "[0]"])
def test_keys_that_look_like_marks_of_the_validator_are_ordinary_keys(key: str, project: Project):
    text = (
        project.floe + f'    "{key}": 1\n"{key}": 2\nsources: {{"{key}": {{files: data/orders/1.csv, "{key}": 3}}}}\n'
    )
    found = project.diagnostics(text)
    unknown = [(d.span.line, d.message) for d in found if d.code == "FLOE-0103"]
    assert unknown == [(line, f"unknown field `{key}`") for line in (6, 7, 8)]
    assert [d.span.line for d in found if d.code == "FLOE-0107"] == [8]


def test_unlike_keys_get_the_list_of_those_that_exist(project: Project):
    (found,) = project.diagnostics(project.floe + "sources: {x: {files: data/orders/1.csv, zzz: 1}}\n")
    assert found.hints == ("the fields here are `files`, `layer`, `mode`, `unique_key`, `format` and `options`",)
