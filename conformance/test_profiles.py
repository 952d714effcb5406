"""The profile of each adapter: written from the documentation's examples, parsed by dbt, compiled with, all offline."""

from __future__ import annotations

import json
import os
import re
from argparse import Namespace
from pathlib import Path

import pytest
import yaml
from conformance.harness import floe
from dbt.config.profile import Profile
from dbt.config.renderer import ProfileRenderer
from dbt.flags import set_from_args
from dbt_common.context import set_invocation_context

# What the adapters' drivers warn of while they are imported is not ours to change.
pytestmark = pytest.mark.filterwarnings("default")

PAGE = Path(__file__).parents[1] / "docs" / "warehouses.md"
EXAMPLES = re.findall(r"^```yaml\n(# platform.yaml\n.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
RELATIONS = {
    "bigquery": "`my-project`.`analytics`.`numbers`",
    "databricks": "`main`.`analytics`.`numbers`",
    "postgres": '"shop"."analytics"."numbers"',
    "redshift": '"shop"."analytics"."numbers"',
    "snowflake": "SHOP.ANALYTICS.numbers",
    "spark": "analytics.numbers",
    "trino": '"lake"."analytics"."numbers"',
}


def kind_of(example: str) -> str:
    return str(yaml.safe_load(example)["compute"]["default"]["type"])


def test_the_documentation_has_an_example_of_each_warehouse() -> None:
    assert sorted(map(kind_of, EXAMPLES)) == sorted(RELATIONS)


@pytest.mark.parametrize("example", EXAMPLES, ids=kind_of)
def test_dbt_takes_the_profile_and_compiles_with_the_adapter_without_a_network(example: str, tmp_path: Path) -> None:
    kind = kind_of(example)
    files = {
        "floe.yaml": 'name: shop\nversion: "1.0.0"\ntransforms: [{type: dbt, path: models}]\n',
        "platform/local/platform.yaml": example,
        "models/numbers.sql": "select 1 as id",
        "models/doubled.sql": "{{ config(materialized='table') }} select id * 2 as id from {{ ref('numbers') }}",
        "models/schema.yml": "models: [{name: doubled, columns: [{name: id, data_tests: [unique, not_null]}]}]\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    compiled = floe(tmp_path, "compile", environment={"WAREHOUSE_PASSWORD": ""})
    assert compiled.returncode == 0, compiled.stderr
    artifact = json.loads((tmp_path / ".floe/artifacts.json").read_text())
    asset = next(item for item in artifact["assets"].values() if item["name"] == "doubled")
    assert RELATIONS[kind] in asset["query"]["sql"]
    secrets = {name: f"value of {name}" for name in artifact["compute"].get("secrets", {})}
    credentials = parsed(tmp_path, artifact["compute"]["output"], secrets)
    assert credentials["type"] == kind
    held = json.dumps(credentials["values"])
    assert all(value in held for value in secrets.values())


def parsed(folder: Path, output: dict[str, object], secrets: dict[str, str]) -> dict[str, object]:
    """What dbt's own classes make of the generated profile, with secrets in the environment."""
    (file,) = (folder / ".floe/dbt").glob("*/profiles.yml")
    raw = yaml.safe_load(file.read_text())
    assert raw["floe"]["outputs"]["local"] == output
    set_from_args(Namespace(LOG_CACHE_EVENTS=False), {})
    set_invocation_context({**os.environ, **secrets})
    profile = Profile.from_raw_profiles(raw, "floe", ProfileRenderer({}))
    return {"type": profile.credentials.type, "values": profile.credentials.to_dict()}
