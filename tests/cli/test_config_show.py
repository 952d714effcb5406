"""`floe config show`: what applies, and where each value comes from."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
import yaml

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Floe

FILES = {
    "floe.yaml": """\
name: shop
version: "1.0.0"
transforms:
  - {type: dbt, path: ./models, vars: {first_year: 2020}}
sources:
  raw_orders: {files: "data/*.csv"}
""",
    "platform/base.yaml": """\
version: "1.0.0"
storage:
  default: {type: local, path: "${WAREHOUSE:-warehouse}"}
catalogs:
  default: {type: sql, uri: "postgresql://${DATABASE}:5432/lake", credentials: {user: lake, password: {secret_ref: db}}}
compute:
  default: {type: duckdb}
layers:
  bronze: {namespace: bronze}
  gold: {namespace: gold, retention_days: 90}
""",
    "platform/prod/platform.yaml": "extends: ../base.yaml\nlayers:\n  gold: {retention_days: 365}\n",
    "models/orders.sql": "select 1 as id\n",
    "data/1.csv": "id\n1\n",
}


@pytest.fixture
def shop_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DATABASE", "db.example.com")
    monkeypatch.delenv("WAREHOUSE", raising=False)
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.mark.usefixtures("shop_files")
def test_without_resolved_only_what_is_written_is_shown(floe: Floe) -> None:
    outcome = floe("config", "show", "--env", "prod")
    assert (
        outcome.filtered()
        == """\
exit 0
--- out
# environment: prod (--env)
# platform: platform/prod/platform.yaml extends platform/base.yaml
pipeline:
  name: shop
  version: 1.0.0
  transforms:
    - type: dbt
      path: ./models
      vars:
        first_year: 2020
  sources:
    raw_orders:
      files: data/*.csv
platform:
  version: 1.0.0
  storage:
    default:
      type: local
      path: '${WAREHOUSE:-warehouse}'
  catalogs:
    default:
      type: sql
      uri: 'postgresql://${DATABASE}:5432/lake'
      credentials:
        user: lake
        password: {secret_ref: db}
  compute:
    default:
      type: duckdb
  layers:
    bronze:
      namespace: bronze
    gold:
      namespace: gold
      retention_days: 365
--- err
"""
    )


@pytest.mark.usefixtures("shop_files")
def test_resolved_with_provenance_names_the_place_of_each_value(floe: Floe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLOE_PLATFORM_ENV", "prod")
    outcome = floe("config", "show", "--resolved", "--provenance", "--vars", "{days: 7}", "--target", "ci")
    assert (
        outcome.filtered()
        == """\
exit 0
--- out
# environment: prod (FLOE_PLATFORM_ENV)
# platform: platform/prod/platform.yaml extends platform/base.yaml
pipeline:
  name: shop                                # floe.yaml:1
  version: 1.0.0                            # floe.yaml:2
  description: ''                           # default
  owner: ''                                 # default
  storage: default                          # default
  catalog: default                          # default
  compute: default                          # default
  transforms:
    - type: dbt                             # floe.yaml:4
      path: ./models                        # floe.yaml:4
      target: ci                            # command line: --target
      vars:
        first_year: 2020                    # floe.yaml:4
        days: 7                             # command line: --vars
  sources:
    raw_orders:
      files: [data/*.csv]                   # floe.yaml:6
      layer: bronze                         # default
      mode: replace                         # default
      unique_key: []                        # default
      options: {}                           # default
  publish: all-or-nothing                   # default
platform:
  version: 1.0.0                            # platform/base.yaml:1
  compute:
    default:
      type: duckdb                          # platform/base.yaml:7
      properties: {}                        # default
  storage:
    default:
      type: local                           # platform/base.yaml:3
      path: warehouse                       # platform/base.yaml:3, WAREHOUSE is not set
  catalogs:
    default:
      type: sql                             # platform/base.yaml:5
      uri: 'postgresql://db.example.com:5432/lake'  # platform/base.yaml:5, variable DATABASE
      warehouse: floe                       # default
      credentials:
        user: lake                          # platform/base.yaml:5
        password: {secret_ref: db}          # platform/base.yaml:5
  layers:
    bronze:
      namespace: bronze                     # platform/base.yaml:9
      storage_ref: default                  # default
      catalog_ref: default                  # default
      retention_days: 30                    # default
      keep_snapshots: 10                    # default
      properties: {}                        # default
    gold:
      namespace: gold                       # platform/base.yaml:10
      storage_ref: default                  # default
      catalog_ref: default                  # default
      retention_days: 365                   # platform/prod/platform.yaml:3
      keep_snapshots: 10                    # default
      properties: {}                        # default
  secrets:
    backends:
      - type: env                           # default
      - type: mount                         # default
        path: /var/run/secrets              # default
--- err
"""
    )


@pytest.mark.usefixtures("shop_files")
def test_json_has_the_same_facts(floe: Floe) -> None:
    words = ("config", "show", "--resolved", "--provenance", "--env", "prod")
    document = json.loads(floe(*words, "--json").out)
    text = yaml.safe_load(floe(*words).out)
    assert {name: document[name] for name in ("pipeline", "platform")} == text
    assert document["environment"] == {"name": "prod", "from": "--env"}
    assert document["platform_files"] == ["platform/prod/platform.yaml", "platform/base.yaml"]
    origins = document["provenance"]["platform"]
    assert origins["layers.gold.retention_days"] == {
        "from": "file",
        "file": "platform/prod/platform.yaml",
        "line": 3,
        "column": 26,
    }
    assert origins["layers.gold.keep_snapshots"] == {"from": "default"}
    assert origins["catalogs.default.uri"]["variables"] == ["DATABASE"]
    assert origins["storage.default.path"]["unset_variables"] == ["WAREHOUSE"]
    assert document["provenance"]["pipeline"]["transforms[0].path"]["line"] == 4
    assert sorted(origins) == sorted(_leaves(document["platform"]))


def _leaves(value: object, path: str = "") -> list[str]:
    if isinstance(value, dict) and value:
        return [leaf for key, part in value.items() for leaf in _leaves(part, f"{path}.{key}".removeprefix("."))]
    if isinstance(value, list) and value:
        return [leaf for index, part in enumerate(value) for leaf in _leaves(part, f"{path}[{index}]")]
    return [path]


def test_the_built_in_platform_is_named_as_the_origin(shop_files: Path, floe: Floe) -> None:
    out = floe("config", "show", "--provenance").out
    assert "# platform: built-in" in out
    assert "# environment: local (default)" in out
    assert re.search("path: .floe/warehouse +# built-in platform", out)
    (shop_files / "platform.yaml").write_text("extends: built-in\nlayers: {gold: {retention_days: 7}}\n")
    origins = json.loads(floe("config", "show", "--provenance", "--json").out)["provenance"]["platform"]
    assert origins["layers.gold.namespace"] == {"from": "built-in platform"}
    assert origins["layers.gold.retention_days"]["file"] == "platform.yaml"


@pytest.mark.usefixtures("shop_files")
def test_no_credential_is_shown(floe: Floe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DB", "hunter2secret")
    given = ("--vars", "{password: hunter2secret, api: AKIAIOSFODNN7EXAMPLE, days: 7}")
    for extra in ((), ("--json",)):
        outcome = floe("config", "show", "--resolved", "--provenance", "--env", "prod", *given, *extra)
        assert outcome.status == 0
        assert "hunter2secret" not in outcome.out + outcome.err
        assert "AKIAIOSFODNN7EXAMPLE" not in outcome.out + outcome.err
        assert "********" in outcome.out


@pytest.mark.usefixtures("shop_files")
def test_an_option_that_would_change_nothing_is_refused(floe: Floe) -> None:
    outcome = floe("config", "show", "--vars", "{days: 7}")
    assert outcome.status == 2
    assert "FLOE-0136" in outcome.err


def test_texts_read_back_as_they_are(shop_files: Path, floe: Floe) -> None:
    odd = ["no", "1.0", "a: b", "#x", "two\nlines", "ümlaut 日本", "", " blank ", "[x]", "null", "'q'", '"', "\u2028"]
    variables = {f"v{number}": text for number, text in enumerate(odd)} | {"deep": [1, {"a": odd}, None, True, 1.5]}
    floe_yaml = FILES["floe.yaml"].replace("{first_year: 2020}", json.dumps(variables))
    (shop_files / "floe.yaml").write_text(floe_yaml)
    shown = yaml.safe_load(floe("config", "show", "--provenance", "--resolved").out)
    assert shown["pipeline"]["transforms"][0]["vars"] == variables


def test_what_is_wrong_is_told_as_validate_does(shop_files: Path, floe: Floe) -> None:
    (shop_files / "floe.yaml").write_text("nmae: shop\n")
    assert floe("config", "show").err == floe("validate").err
