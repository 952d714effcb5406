"""Settings of warehouses in platform.yaml: checked by name and type, secrets by reference only."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from floe.compiler.bindings import compute
from floe.config.load import load_configuration
from floe.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

    from floe.artifact.settings import ComputeBinding
    from floe.diagnostics.diagnostic import Diagnostic

PIPELINE = 'name: shop\nversion: "1.0.0"\ntransforms: [{type: dbt, path: models}]\n'
POSTGRES = """
type: postgres
properties: {host: db.example.com, database: shop, schema: analytics, threads: 8}
credentials: {user: loader, password: {secret_ref: warehouse, key: pass-word}}
"""


def write(folder: Path, profile: str, pipeline: str = PIPELINE) -> None:
    lines = "\n".join(f"    {line}" for line in profile.strip().splitlines())
    (folder / "platform/local").mkdir(parents=True)
    (folder / "platform/local/platform.yaml").write_text(f'version: "1.0.0"\ncompute:\n  default:\n{lines}\n')
    (folder / "floe.yaml").write_text(pipeline)
    for child in ("models", "assets", "data"):
        (folder / child).mkdir()
    (folder / "models/one.sql").write_text("select 1 as id")
    (folder / "assets/one.py").write_text("")
    (folder / "data/one.csv").write_text("id\n1\n")


def binding(folder: Path, profile: str) -> ComputeBinding:
    write(folder, profile)
    return compute(load_configuration(folder))


def mistakes(folder: Path, profile: str, pipeline: str = PIPELINE) -> tuple[Diagnostic, ...]:
    write(folder, profile, pipeline)
    with pytest.raises(ConfigurationError) as caught:
        load_configuration(folder)
    return caught.value.diagnostics


def only(folder: Path, profile: str, pipeline: str = PIPELINE) -> tuple[str, str, str]:
    """Code, message and label of the one mistake."""
    (mistake,) = mistakes(folder, profile, pipeline)
    return mistake.code, mistake.message, mistake.label


def test_secrets_become_variables_that_dbt_masks(tmp_path: Path) -> None:
    bound = binding(tmp_path, POSTGRES)
    assert bound.output["password"] == "{{ env_var('DBT_ENV_SECRET_WAREHOUSE_PASS_WORD') }}"
    assert {name: (item.name, item.key) for name, item in bound.secrets.items()} == {
        "DBT_ENV_SECRET_WAREHOUSE_PASS_WORD": ("warehouse", "pass-word")
    }


def test_a_profile_holds_dbt_s_keys_with_their_defaults_and_nothing_that_was_left_out(tmp_path: Path) -> None:
    bound = binding(tmp_path, POSTGRES)
    assert bound.output | {"password": ""} == {
        "type": "postgres",
        "host": "db.example.com",
        "port": 5432,
        "database": "shop",
        "schema": "analytics",
        "user": "loader",
        "password": "",
    }
    assert (bound.type, bound.properties, bound.is_warehouse) == ("postgres", {"threads": 8}, True)


def test_secrets_inside_mappings_are_found(tmp_path: Path) -> None:
    profile = """
type: bigquery
properties: {method: service-account-json, project: shop, dataset: analytics, scopes: [a, b]}
credentials:
  keyfile_json: {type: service_account, private_key: {secret_ref: bigquery-key}}
"""
    bound = binding(tmp_path, profile)
    assert bound.output["keyfile_json"]["private_key"] == "{{ env_var('DBT_ENV_SECRET_BIGQUERY_KEY') }}"
    assert bound.output["scopes"] == ["a", "b"]


def test_a_platform_of_warehouses_needs_no_storage_catalogs_or_layers(tmp_path: Path) -> None:
    write(tmp_path, POSTGRES)
    platform = load_configuration(tmp_path).platform
    assert (platform.storage, platform.catalogs, platform.layers) == ({}, {}, {})


def test_duckdb_needs_them_all(tmp_path: Path) -> None:
    found = mistakes(tmp_path, "type: duckdb", PIPELINE)
    assert {f"missing field `{name}`" for name in ("storage", "catalogs", "layers")} <= {item.message for item in found}


def test_layers_of_a_platform_of_warehouses_name_no_storage(tmp_path: Path) -> None:
    write(tmp_path, POSTGRES)
    file = tmp_path / "platform/local/platform.yaml"
    file.write_text(file.read_text() + "layers: {gold: {namespace: gold}}\n")
    assert set(load_configuration(tmp_path).platform.layers) == {"gold"}


def test_an_unknown_type_gets_a_suggestion(tmp_path: Path) -> None:
    code, message, label = only(tmp_path, POSTGRES.replace("type: postgres", "type: postgress"))
    assert (code, message) == ("FLOE-0107", "unknown value `postgress` for `compute.default.type`")
    assert "did you mean 'postgres'" in label


def test_a_profile_without_a_type_says_which_there_are(tmp_path: Path) -> None:
    found = {item.message: item.label for item in mistakes(tmp_path, "properties: {}")}
    assert found["missing field `type` in `compute.default`"] == "add `type: duckdb` or `type: bigquery`"


def test_an_unknown_key_gets_a_suggestion(tmp_path: Path) -> None:
    found = mistakes(tmp_path, POSTGRES.replace("schema:", "shcema:"))
    assert [(item.code, item.label) for item in found] == [("FLOE-0103", "did you mean `schema`?")]


@pytest.mark.parametrize(
    ("before", "after", "code", "message"),
    [
        ("threads: 8", "threads: many", "FLOE-0106", "`compute.default.properties.threads` must be a whole number"),
        ("threads: 8", "port: 0", "FLOE-0107", "`compute.default.properties.port` must be at least 1"),
        ("host: db.example.com", "host: 5", "FLOE-0106", "`compute.default.properties.host` must be text"),
        ("secret_ref: warehouse", "secret_ref: Ware_House", "FLOE-0107", "must be the name of a secret"),
        ("key: pass-word", "key: 'a b'", "FLOE-0107", "must be letters, digits"),
        ("host: db.example.com", "host: \"{{ env_var('H') }}\"", "FLOE-0122", "`host` holds a Jinja template"),
        ("database: shop, ", "", "FLOE-0124", "compute profile `default` needs `database` or `dbname`"),
        ("user: loader, ", "", "FLOE-0105", "missing field `user` in `compute.default.credentials`"),
    ],
)
def test_each_setting_is_checked(tmp_path: Path, before: str, after: str, code: str, message: str) -> None:
    found = only(tmp_path, POSTGRES.replace(before, after))
    assert found[0] == code
    assert message in found[1]


def test_a_password_in_plain_text_is_reported_once_and_never_shown(tmp_path: Path) -> None:
    # lesson 8
    profile = POSTGRES.replace("{secret_ref: warehouse, key: pass-word}", "canary")
    (mistake,) = mistakes(tmp_path, profile)
    assert mistake.code == "FLOE-0112"
    assert "canary" not in repr(mistake)


def test_a_template_of_dbt_s_in_place_of_a_secret_is_refused(tmp_path: Path) -> None:
    profile = POSTGRES.replace("{secret_ref: warehouse, key: pass-word}", "\"{{ env_var('PW') }}\"")
    assert only(tmp_path, profile)[::2] == ("FLOE-0123", "write `{secret_ref: name}`")


def test_the_name_of_a_schema_cannot_be_a_secret(tmp_path: Path) -> None:
    assert only(tmp_path, POSTGRES.replace("schema: analytics", "schema: {secret_ref: s}"))[0] == "FLOE-0106"


@pytest.mark.parametrize(
    ("profile", "needed"),
    [
        ("type: redshift\nproperties: {host: h, dbname: d, schema: s}", "`user`"),
        ("type: redshift\nproperties: {host: h, dbname: d, schema: s, method: iam}", "`cluster_id` or"),
        ("type: snowflake\nproperties: {account: a, database: d, schema: s}", "`password` or `private_key`"),
        ("type: bigquery\nproperties: {method: service-account, project: p, dataset: d}", "`keyfile`"),
        ("type: databricks\nproperties: {host: h, http_path: p, schema: s}", "`token` or"),
        ("type: trino\nproperties: {host: h, port: 1, database: d, schema: s}", "`user` with method `none`"),
        ("type: spark\nproperties: {method: http, host: h, schema: s}", "`token` with method `http`"),
    ],
)
def test_what_a_way_to_connect_needs_is_asked_for(tmp_path: Path, profile: str, needed: str) -> None:
    found = mistakes(tmp_path, profile)
    assert {item.code for item in found} == {"FLOE-0124"}
    assert any(needed in item.message for item in found)


def test_a_warehouse_has_no_place_in_floe_yaml(tmp_path: Path) -> None:
    pipeline = PIPELINE + "compute: {target: postgres, properties: {port: 5432, hots: db}}\n"
    (tmp_path / "models").mkdir()
    (tmp_path / "models/one.sql").write_text("select 1 as id")
    (tmp_path / "floe.yaml").write_text(pipeline)
    with pytest.raises(ConfigurationError) as caught:
        load_configuration(tmp_path)
    (mistake,) = caught.value.diagnostics
    assert (mistake.code, mistake.span and mistake.span.line) == ("FLOE-0120", 4)
    assert "platform.yaml" in mistake.label


def test_what_only_duckdb_runs_is_refused_on_a_warehouse_with_its_line(tmp_path: Path) -> None:
    pipeline = (
        'name: shop\nversion: "1.0.0"\ntransforms:\n  - {type: dbt, path: models}\n  - {type: python, path: assets}\n'
        "sources:\n  landed: {files: data/*.csv}\n"
    )
    found = mistakes(tmp_path, POSTGRES, pipeline)
    assert [(item.code, item.span and item.span.line) for item in found if item.code == "FLOE-0121"] == [
        ("FLOE-0121", 5),
        ("FLOE-0121", 7),
    ]
