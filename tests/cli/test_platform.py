"""`floe platform list`, `show` and `validate`: the platforms of a project, looked at and checked."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import yaml

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Floe

BASE = """\
version: "1.0.0"
locked: {layers.*.retention_days: at_least}
storage:
  default:
    type: s3
    bucket: shop-lake
    endpoint: "${LAKE_ENDPOINT:-https://minio.example.com}"
    credentials:
      mode: static
      access_key_id: {secret_ref: s3, key: access_key_id}
      secret_access_key: {secret_ref: s3, key: secret_access_key}
catalogs:
  default: {type: polaris, uri: "https://polaris.example.com/api/catalog", warehouse: lake, credentials: {mode: oauth2,
    client_id: floe, client_secret: {secret_ref: polaris}, scope: "PRINCIPAL_ROLE:ALL"}}
compute:
  default: {type: duckdb, properties: {memory_limit: 4GB}}
layers:
  bronze: {namespace: bronze, retention_days: 30}
  gold: {namespace: gold, retention_days: 90}
"""
PROD = "extends: ../base.yaml\nlayers:\n  gold: {retention_days: 365}\n"


@pytest.fixture
def platforms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Write platform files into the test's folder, where there is no floe.yaml."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("LAKE_ENDPOINT", raising=False)

    def write(**files: str) -> Path:
        (tmp_path / "platform").mkdir(exist_ok=True)
        (tmp_path / "platform/base.yaml").write_text(BASE)
        for environment, text in files.items():
            (tmp_path / "platform" / environment).mkdir(exist_ok=True)
            (tmp_path / "platform" / environment / "platform.yaml").write_text(text)
        return tmp_path

    return write


def test_list_says_what_there_is_and_what_applies(platforms: Callable[..., Path], floe: Floe) -> None:
    platforms(prod=PROD, test=PROD)
    assert floe("platform", "list").out.splitlines() == [
        "environment  file                         applies",
        "-----------  ---------------------------  -------------------------------",
        "prod         platform/prod/platform.yaml  with `--env prod`",
        "test         platform/test/platform.yaml  with `--env test`",
        "local        built-in                     now: no platform file was found",
    ]
    asked = floe("--env", "prod", "platform", "list").out
    assert "now: the first that is found" in asked
    assert "for `local`, if there is no file" in asked


def test_list_names_files_that_are_hidden_general_or_given(platforms: Callable[..., Path], floe: Floe) -> None:
    folder = platforms(prod=PROD)
    for name in (".floe/prod/platform.yaml", "platform.yaml", "home/.floe/qa/platform.yaml"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(BASE)
    document = json.loads(floe("platform", "list", "--json").out)
    assert [(row["environment"], row["file"], row["applies"]) for row in document["platforms"]] == [
        ("prod", "platform/prod/platform.yaml", False),
        ("prod", ".floe/prod/platform.yaml", False),
        ("qa", "~/.floe/qa/platform.yaml", False),
        (None, "platform.yaml", True),
        ("local", "built-in", False),
    ]
    assert document["platforms"][1]["why"] == "never: the one above comes first"
    assert document["searched"][:4] == [
        *("--platform", "FLOE_PLATFORM_FILE", "platform/local/platform.yaml", ".floe/local/platform.yaml"),
    ]
    given = json.loads(floe("platform", "list", "--platform", "platform/base.yaml", "--json").out)["platforms"][0]
    assert (given["file"], given["applies"], given["why"]) == ("platform/base.yaml", True, "`--platform` names it")


def test_list_tells_the_order_of_discovery_with_v(platforms: Callable[..., Path], floe: Floe) -> None:
    platforms(prod=PROD)
    said = [line.strip() for line in floe("platform", "list", "-v", "--env", "prod").err.splitlines()]
    assert said[:5] == [
        *("looked for, in this order:", "--platform", "FLOE_PLATFORM_FILE"),
        *("platform/prod/platform.yaml", ".floe/prod/platform.yaml"),
    ]


def test_an_environment_that_is_misspelled_is_suggested(platforms: Callable[..., Path], floe: Floe) -> None:
    platforms(prod=PROD)
    assert "did you mean `prod`?" in floe("platform", "show", "--env", "prdo").err


def test_show_prints_one_file_that_means_the_same(platforms: Callable[..., Path], floe: Floe) -> None:
    folder = platforms(prod=PROD)
    outcome = floe("platform", "show", "--env", "prod")
    assert (outcome.status, outcome.err) == (0, "")
    shown = yaml.safe_load(outcome.out)
    assert shown["layers"]["gold"] == {
        "namespace": "gold",
        "storage_ref": "default",
        "catalog_ref": "default",
        "retention_days": 365,
        "keep_snapshots": 10,
        "properties": {},
    }
    assert shown["storage"]["default"]["endpoint"] == "https://minio.example.com"
    assert shown["storage"]["default"]["credentials"]["access_key_id"] == {"secret_ref": "s3", "key": "access_key_id"}
    assert shown["catalogs"]["default"]["properties"]["timeout_seconds"] == 60
    assert "extends" not in shown
    (folder / "flat.yaml").write_text(outcome.out)
    assert floe("platform", "show", "--platform", "flat.yaml").out == outcome.out
    assert json.loads(floe("platform", "show", "--env", "prod", "--json").out)["platform"] == shown


WAREHOUSE = """\
version: "1.0.0"
compute:
  default:
    type: postgres
    properties: {host: db.example.com, database: shop, schema: public}
    credentials: {user: floe, password: {secret_ref: db}}
"""


def test_a_warehouse_is_shown_with_its_defaults(platforms: Callable[..., Path], floe: Floe) -> None:
    platforms(prod=WAREHOUSE)
    outcome = floe("platform", "show", "--env", "prod", "--provenance")
    compute = yaml.safe_load(outcome.out)["compute"]["default"]
    assert compute["properties"] == {"host": "db.example.com", "port": 5432, "database": "shop", "schema": "public"}
    assert compute["credentials"] == {"user": "floe", "password": {"secret_ref": "db"}}
    origins = {words[0].strip(): words[1] for line in outcome.out.splitlines() if len(words := line.split("  # ")) == 2}
    assert origins["schema: public"] == "platform/prod/platform.yaml:5"
    assert origins["port: 5432"] == "default"


def test_validate_checks_files_without_a_floe_yaml(platforms: Callable[..., Path], floe: Floe) -> None:
    folder = platforms(prod=PROD, test=PROD.replace("365", "7"))
    assert floe("platform", "validate").filtered() == (
        "exit 0\n--- out\n--- err\nok: `the built-in platform` is valid\n"
    )
    assert floe("platform", "validate", "--env", "prod").err == "ok: `platform/prod/platform.yaml` is valid\n"
    named = floe("platform", "validate", "platform/test/platform.yaml")
    assert named.status == 1
    assert "`layers.gold.retention_days` is locked by `platform/base.yaml`" in named.err
    assert "platform/base.yaml:2" in named.err
    assert not (folder / "floe.yaml").exists()


def test_validate_all_tells_a_mistake_of_a_shared_file_once(platforms: Callable[..., Path], floe: Floe) -> None:
    folder = platforms(prod=PROD, test=PROD)
    assert floe("platform", "validate", "--all").err.count("is valid") == 2
    (folder / "platform/base.yaml").write_text(BASE.replace("bucket:", "buckt:"))
    outcome = floe("platform", "validate", "--all", "--format", "concise")
    assert outcome.status == 1
    assert outcome.out.count("platform/base.yaml:6:5: FLOE-0103") == 1
    document = json.loads(floe("platform", "validate", "--all", "--json").out)
    assert document["errors"] == 1


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("platform", "validate", "nowhere.yaml"), "FLOE-0116"),
        (("platform", "validate", "--all", "platform/base.yaml"), "FLOE-0137"),
        (("platform", "lst"), "FLOE-0701"),
        (("platform", "show", "--env", "nowhere"), "FLOE-0116"),
    ],
)
def test_wrong_use_is_told(platforms: Callable[..., Path], floe: Floe, words: tuple[str, ...], code: str) -> None:
    platforms(prod=PROD)
    outcome = floe(*words)
    assert (outcome.status, outcome.out) == (2, "")
    assert code in outcome.err


def test_platform_alone_shows_its_help(floe: Floe) -> None:
    outcome = floe("platform")
    assert outcome.status == 2
    assert "bootstrap  Create what the platform needs" in outcome.err


def test_no_platform_command_imports_an_engine(
    platforms: Callable[..., Path], loaded_by: Callable[..., set[str]]
) -> None:
    platforms(prod=PROD)
    heavy = {"dbt", "duckdb", "pyiceberg", "pyarrow", "requests", "boto3", "rich"}
    for words in (("list",), ("show",), ("validate", "--all")):
        assert not heavy & {name.partition(".")[0] for name in loaded_by("platform", *words)}
