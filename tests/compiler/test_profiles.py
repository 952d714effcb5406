"""A profiles.yml of the user's says what models see as `target`, and never how Floe connects."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from floe.cli.main import main
from floe.errors import UsageError

if TYPE_CHECKING:
    from .conftest import Project

FILES = {
    "floe.yaml": """
        name: shop
        version: "1.0.0"
        transforms: [{type: dbt, path: dbt, profiles_dir: dbt}]
        """,
    "dbt/dbt_project.yml": "name: shop\nversion: '1.0'\nprofile: shop\n",
    "dbt/models/orders.sql": "select 1 as id",
    "dbt/models/placed.sql": "{{ config(schema='mart') }} select * from {{ ref('orders') }}",
    "dbt/models/told.sql": """
        select '{{ target.name }}/{{ target.schema }}/{{ target.profile_name }}/{{ target.type }}' as t
        """,
    "dbt/models/late.sql": """
        {% if execute %}{% set x = run_query('select 1') %}{% endif %} select '{{ target.schema }}' as s
        """,
    "dbt/profiles.yml": """
        shop:
          target: "{{ env_var('SHOP_TARGET', 'dev') }}"
          outputs:
            dev:
              type: duckdb
              path: "{{ env_var('SHOP_DATABASE') }}"
              schema: "{{ env_var('SHOP_SCHEMA', 'analytics') }}"
              threads: 8
              extensions: [parquet]
              settings: {memory_limit: 1GB}
            prod: {type: duckdb, schema: served}
            attached: {type: duckdb, attach: [{path: x}], extensions: [httpfs], settings: {TimeZone: UTC}}
            elsewhere: {type: postgres, schema: served}
        other: {outputs: {default: {type: duckdb, schema: others}}}
        """,
}


@pytest.fixture
def shop(project: Project) -> Project:
    return project.write(FILES)


def with_transform(shop: Project, text: str) -> Project:
    line = f'name: shop\nversion: "1.0.0"\ntransforms: [{{type: dbt, path: dbt, {text}}}]\n'
    return shop.write({"floe.yaml": line})


def told(shop: Project) -> str:
    query = next(asset.query for asset in shop.artifacts().assets.values() if asset.name == "told")
    assert query is not None
    return query.sql.split("'")[1]


def test_models_see_the_target_of_the_profile(shop: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    assert set(shop.artifacts().assets) == {
        "analytics.orders",
        "analytics_mart.placed",
        "analytics.told",
        "analytics.late",
    }
    assert told(shop) == "dev/analytics/shop/duckdb"
    monkeypatch.setenv("SHOP_SCHEMA", "own")
    assert told(shop) == "dev/own/shop/duckdb"
    monkeypatch.setenv("SHOP_TARGET", "prod")
    assert told(shop) == "prod/served/shop/duckdb"
    monkeypatch.delenv("SHOP_SCHEMA")
    assert told(with_transform(shop, "profiles_dir: dbt, target: dev")) == "dev/analytics/shop/duckdb"
    assert told(with_transform(shop, "profiles_dir: dbt, profile: other")) == "default/others/other/duckdb"


def test_relations_are_named_as_dbt_names_them(shop: Project, tmp_path: Path) -> None:
    dbt = [
        str(Path(sys.executable).with_name("dbt")),
        "--quiet",
        "ls",
        "--output",
        "json",
        "--output-keys",
        "schema name",
    ]
    options = ["--project-dir", "dbt", "--profiles-dir", "dbt", "--target-path", str(tmp_path / "t")]
    done = subprocess.run(
        [*dbt, *options, "--log-path", str(tmp_path)],
        cwd=shop.directory,
        env={**os.environ, "SHOP_DATABASE": str(tmp_path / "shop.duckdb")},
        capture_output=True,
        text=True,
        check=True,
    )
    theirs = {(item["schema"], item["name"]) for item in map(json.loads, done.stdout.splitlines())}
    relations = [asset.relation for asset in shop.artifacts().assets.values()]
    assert {(relation.schema_name, relation.identifier) for relation in relations} == theirs


def test_an_edit_of_the_profile_is_noticed(shop: Project) -> None:
    assert told(shop) == "dev/analytics/shop/duckdb"
    shop.write({"dbt/profiles.yml": FILES["dbt/profiles.yml"].replace("'analytics'", "'reports'")})
    assert told(shop) == "dev/reports/shop/duckdb"


def test_no_value_of_a_secret_is_in_any_file(shop: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    # lesson 8
    monkeypatch.setenv("SHOP_DATABASE", "md:shop?motherduck_token=hidden-token")
    monkeypatch.setenv("DBT_ENV_SECRET_ROOT", "hidden-root")
    text = FILES["dbt/profiles.yml"].replace("threads: 8", "external_root: \"{{ env_var('DBT_ENV_SECRET_ROOT') }}\"")
    shop.write({"dbt/profiles.yml": text})
    shop.artifacts()
    found = [
        path
        for path in (shop.directory / ".floe").rglob("*")
        if path.is_file() and path.suffix != ".msgpack" and b"hidden-" in path.read_bytes()
    ]
    assert found == []


def test_a_run_with_late_nodes_sees_the_same_target_and_a_retry_too(
    shop: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    with_transform(shop, "vars: {}")
    shop.write({"dbt/models/broken.sql": "select nothing as id"})
    options = ["--profiles-dir", str(shop.directory / "dbt"), "--target", "prod"]
    assert main(["-q", "-C", str(shop.directory), "run", *options]) == 1
    shop.write({"dbt/models/broken.sql": "select 1 as id"})
    assert main(["-q", "-C", str(shop.directory), "retry"]) == 0
    capsys.readouterr()
    assert main(["-C", str(shop.directory), "show", "--json", "--sql", "select s from served.late"]) == 0
    assert json.loads(capsys.readouterr().out)["rows"] == [["served"]]


@pytest.mark.parametrize(
    ("settings", "code", "reason"),
    [
        ("profiles_dir: nowhere", "FLOE-0241", "there is no `nowhere/profiles.yml`"),
        (
            "profiles_dir: dbt, target: devel",
            "FLOE-0241",
            "`dbt/profiles.yml` has no output of the profile `shop` `devel`",
        ),
        ("profiles_dir: dbt, profile: shops", "FLOE-0241", "`dbt/profiles.yml` has no profile `shops`"),
        ("profiles_dir: dbt, target: elsewhere", "FLOE-0242", "is for `postgres`"),
        ("profiles_dir: dbt, target: attached", "FLOE-0242", "`attach`, `settings.TimeZone`, `extensions: httpfs`"),
    ],
)
def test_what_floe_cannot_render_with_is_refused(shop: Project, settings: str, code: str, reason: str) -> None:
    error = with_transform(shop, settings).refused()
    assert error.code == code
    assert reason in error.reason


@pytest.mark.parametrize("content", ["[a, b]", "shop: {", "\xff"])
def test_a_file_that_is_no_mapping_is_refused(shop: Project, content: str) -> None:
    (shop.directory / "dbt/profiles.yml").write_bytes(content.encode("latin-1"))
    assert shop.refused().code == "FLOE-0241"


def test_a_bare_folder_takes_the_only_profile(project: Project) -> None:
    project.write(
        {
            "floe.yaml": 'name: shop\nversion: "1.0.0"\ntransforms: [{type: dbt, path: models, profiles_dir: .}]\n',
            "models/told.sql": FILES["dbt/models/told.sql"],
            "profiles.yml": "only: {target: a, outputs: {a: {type: duckdb, schema: bare}}}\n",
        }
    )
    assert told(project) == "a/bare/only/duckdb"
    project.write({"profiles.yml": "one: {outputs: {}}\ntwo: {outputs: {}}\n"})
    assert "has several profiles" in project.refused().reason


def test_a_profile_needs_its_file(shop: Project) -> None:
    from floe.config.overrides import Overrides, override

    configuration = with_transform(shop, "vars: {}").configuration()
    with pytest.raises(UsageError) as caught:
        override(configuration, Overrides(profile="shop"))
    assert caught.value.code == "FLOE-0744"
    assert override(configuration, Overrides(profile="shop", profiles_dir="dbt")).pipeline.transforms
