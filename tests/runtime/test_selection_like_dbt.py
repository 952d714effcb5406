"""The same selectors, given to dbt itself and to Floe, select the same nodes."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from floe.artifact import codec
from floe.runtime.selection import of_types, select
from floe.runtime.selectors import RESOURCE_TYPES

if TYPE_CHECKING:
    from pathlib import Path

    from floe.artifact.models import CompiledArtifacts
    from floe.runtime.selection import Selection

SELECTORS = """
selectors:
  - name: nightly
    description: What runs at night.
    definition: "tag:nightly+1"
  - name: both
    definition: {union: [{method: selector, value: nightly}, {method: fqn, value: stg_customers, children: true}]}
  - name: without
    definition:
      union:
        - {method: path, value: models}
        - exclude: ["tag:nightly", {method: fqn, value: joined, parents: true, parents_depth: 1}]
  - name: common
    definition: {intersection: ["tag:nightly", {method: config.materialized, value: table, parents: true}]}
  - name: cautious
    definition: {method: fqn, value: stg_orders, indirect_selection: cautious}
  - name: cautious_union
    definition:
      union:
        - {method: fqn, value: stg_orders, indirect_selection: cautious}
        - {method: fqn, value: stg_customers, indirect_selection: cautious}
  - name: buildable
    definition: {method: fqn, value: joined, children: true, indirect_selection: buildable}
  - name: empty
    definition: {method: fqn, value: stg_orders, indirect_selection: empty}
  - name: severe
    definition: {method: config.severity, value: warn}
  - name: around
    definition: {method: fqn, value: stg_customers, childrens_parents: true}
  - name: told_mode
    definition: {method: fqn, value: stg_orders, indirect_selection: eager}
  - name: numbered
    definition: {method: config.meta.level, value: 3}
  - name: inherited
    definition: {union: [{method: selector, value: empty}, {exclude: [{method: selector, value: severe}]}]}
  - name: unmatched
    definition: {union: ["tag:nowhere", stg_orders]}
"""
NAMED = re.findall(r"- name: (\w+)", SELECTORS)
FILES = {
    "floe.yaml": 'name: like-dbt\nversion: "1.0.0"\ntransforms: [{type: dbt, path: ./dbt}]\n',
    "dbt/dbt_project.yml": "name: shop\nversion: 1.0.0\nprofile: floe\nseeds: {shop: {+tags: [raw]}}\n",
    "dbt/seeds/raw/orders.csv": "id,customer_id\n1,1\n",
    "dbt/seeds/raw/customers.csv": "id\n1\n",
    "dbt/models/staging/stg_orders.sql": "{{ config(tags=['nightly', 'orders']) }} select * from {{ ref('orders') }}",
    "dbt/models/staging/stg_customers.sql": "select * from {{ ref('customers') }}",
    "dbt/models/marts/core/joined.sql": """
        {{ config(materialized='ephemeral') }}
        select o.id from {{ ref('stg_orders') }} o join {{ ref('stg_customers') }} c on o.customer_id = c.id
        """,
    "dbt/models/marts/core/revenue.sql": """
        {{ config(materialized='table', tags='nightly') }} select * from {{ ref('joined') }}
        """,
    "dbt/models/marts/top.sql": """
        {{ config(materialized='incremental', incremental_strategy='append') }} select * from {{ ref('revenue') }}
        """,
    "dbt/models/schema.yml": """
version: 2
models:
  - name: stg_orders
    columns:
      - name: id
        data_tests: [unique, {not_null: {config: {severity: warn}}}]
      - name: customer_id
        data_tests: [{relationships: {arguments: {to: ref('stg_customers'), field: id}}}]
  - name: revenue
    columns: [{name: id, data_tests: [{not_null: {config: {tags: [strict], store_failures: true}}}]}]
""",
    "dbt/models/groups.yml": """
version: 2
groups: [{name: money, owner: {name: Ada}}]
exposures:
  - {name: board, type: dashboard, owner: {name: Ada}, depends_on: [ref('top'), ref('stg_customers')]}
models:
  - {name: top, config: {group: money}}
  - name: dim
    latest_version: 2
    config: {access: public}
    versions: [{v: 1}, {v: 2}, {v: 3}]
""",
    "dbt/models/units.yml": """
version: 2
unit_tests:
  - name: keeps_all
    model: stg_customers
    config: {tags: [quick]}
    given: [{input: ref('customers'), rows: [{id: 1}]}]
    expect: {rows: [{id: 1}]}
  - name: newer
    model: dim
    versions: {include: [1, 3]}
    given: [{input: ref('stg_customers'), rows: [{id: 1}]}]
    expect: {rows: [{id: 1}]}
""",
    "dbt/models/semantic.yml": """
version: 2
sources:
  - name: files
    config: {meta: {origin: shop}}
    tables:
      - {name: days, config: {tags: [far]}, meta: {external_location: days.csv}}
models:
  - name: spine
    time_spine: {standard_granularity_column: the_day}
    columns: [{name: the_day, granularity: day, data_tests: [not_null]}]
    config: {meta: {owner: {name: ada, teams: [core, data]}, level: 3, hidden: true}}
semantic_models:
  - name: days
    model: ref('spine')
    defaults: {agg_time_dimension: the_day}
    entities: [{name: day_id, type: primary, expr: the_day}]
    dimensions: [{name: the_day, type: time, type_params: {time_granularity: day}}]
    measures: [{name: number_of_days, agg: count, expr: the_day}]
metrics:
  - {name: days_passed, label: Days, type: simple, type_params: {measure: number_of_days}}
saved_queries:
  - {name: weekly, query_params: {metrics: [days_passed], group_by: []}}
""",
    "dbt/models/spine.sql": "{{ config(materialized='table') }} select the_day from {{ source('files', 'days') }}",
    "dbt/models/dim_v1.sql": "select id from {{ ref('stg_customers') }}",
    "dbt/models/dim_v2.sql": "select id from {{ ref('dim', v=1) }}",
    "dbt/models/dim_v3.sql": "select id from {{ ref('dim', v=2) }}",
    "dbt/selectors.yml": SELECTORS,
    "dbt/tests/finance/revenue_is_positive.sql": "select * from {{ ref('revenue') }} where id < 0",
    "dbt/snapshots/orders_history.sql": """
        {% snapshot orders_history %}
        {{ config(strategy='check', unique_key='id', check_cols='all', target_schema='main') }}
        select * from {{ ref('stg_orders') }}
        {% endsnapshot %}
        """,
}
SELECTIONS: list[tuple[list[str], list[str]]] = [
    (["stg_orders"], []),
    (["stg_*"], []),
    (["shop.staging"], []),
    (["staging.*"], []),
    (["marts"], []),
    (["marts.core"], []),
    (["marts.core.revenue"], []),
    (["*e*"], []),
    (["+revenue"], []),
    (["revenue+"], []),
    (["1+revenue"], []),
    (["2+joined+1"], []),
    (["@stg_customers"], []),
    (["@orders_history"], []),
    (["tag:nightly"], []),
    (["tag:raw+1"], []),
    (["tag:str*"], []),
    (["tag:nightly,marts"], []),
    (["+tag:nightly,resource_type:seed"], []),
    (["path:models/marts"], []),
    (["path:models/*/stg_o*.sql"], []),
    (["models/staging"], []),
    (["file:revenue.sql"], []),
    (["file:stg_orders"], []),
    (["revenue.sql"], []),
    (["resource_type:seed"], []),
    (["resource_type:snapshot"], []),
    (["resource_type:test"], []),
    (["config.materialized:table"], []),
    (["config.materialized:seed"], []),
    (["config.materialized:ephemeral+"], []),
    (["config.severity:WARN"], []),
    (["config.store_failures:true"], []),
    (["config.incremental_strategy:append"], []),
    (["test_type:singular"], []),
    (["test_type:generic"], []),
    (["test_name:not_null"], []),
    (["test_name:relationships,stg_customers"], []),
    (["revenue_is_positive"], []),
    (["+revenue_is_positive"], []),
    (["finance"], []),
    (["package:shop"], []),
    (["package:this,tag:raw"], []),
    (["+exposure:board"], []),
    (["+exposure:shop.b*"], []),
    (["2+board"], []),
    (["group:money"], []),
    (["access:public"], []),
    (["access:protected"], []),
    (["version:none"], []),
    (["version:latest"], []),
    (["version:old+"], []),
    (["version:prerelease"], []),
    (["fqn:shop.marts.top"], []),
    (["stg_orders stg_customers"], []),
    (["stg_orders", "top"], []),
    ([], ["stg_orders"]),
    ([], ["tag:nightly+", "resource_type:test"]),
    (["+revenue"], ["stg_customers"]),
    (["stg_orders+"], ["top", "test_type:singular"]),
    (["unit_test:keeps_all"], []),
    (["unit_test:shop.n*"], []),
    (["+unit_test:newer"], []),
    (["test_type:unit"], []),
    (["test_type:data"], []),
    (["test_name:keeps*"], []),
    (["keeps_all"], []),
    (["stg_customers.keeps_all"], []),
    (["tag:quick"], []),
    (["resource_type:unit_test"], []),
    (["dim"], []),
    (["dim_v1"], []),
    (["dim.v3"], []),
    (["di*"], []),
    (["config.meta.owner.name:ada"], []),
    (["config.meta.owner.teams:data"], []),
    (["config.meta.hidden:TRUE"], []),
    (["config.tags:raw"], []),
    (["config.enabled:true"], []),
    (["config.contract.enforced:false"], []),
    (["config.on_schema_change:ignore"], []),
    (["config.fail_calc:count(*)"], []),
    (["config.access:public", "config.group:money"], []),
    (["config.docs.show:true,resource_type:seed"], []),
    (["source:files+"], []),
    (["source:shop.files.days+1"], []),
    (["tag:far+"], []),
    (["config.meta.origin:shop+"], []),
    (["+metric:days_passed"], []),
    (["+saved_query:shop.week*"], []),
    (["1+semantic_model:days"], []),
    (["+days_passed"], []),
    (["resource_type:model,path:models"], []),
    (["file:units.yml"], []),
    (["path:models/units.yml"], []),
    (["--indirect-selection", "cautious", "stg_orders"], []),
    (["--indirect-selection", "cautious", "stg_orders stg_customers"], []),
    (["--indirect-selection", "buildable", "revenue"], []),
    (["--indirect-selection", "buildable", "stg_orders+1"], []),
    (["--indirect-selection", "empty", "stg_orders+"], []),
    (["--indirect-selection", "cautious", "stg_orders+"], ["stg_customers"]),
    (["--indirect-selection", "cautious"], ["stg_customers"]),
    (["--indirect-selection", "empty"], ["stg_customers"]),
    (["--resource-type", "unit_test"], []),
    (["--exclude-resource-type", "unit_test", "stg_customers"], []),
]
ASKED = [*SELECTIONS, *((["--selector", name], []) for name in NAMED)]
ASK_DBT = """
import contextlib, io, json, sys
from dbt.cli.main import dbtRunner

UNBUILT = ("exposure", "metric", "saved_query", "semantic_model", "source")
folder, profiles, selections = sys.argv[1], sys.argv[2], json.load(sys.stdin)
common = ["--project-dir", folder, "--profiles-dir", profiles, "--quiet"]
found = []
with contextlib.redirect_stdout(io.StringIO()):
    manifest = dbtRunner().invoke(["parse", *common]).result
    for include, exclude in selections:
        asked = ["ls", *common, "--resource-type", "all", "--output", "json", "--output-keys", "unique_id"]
        if include[:1] == ["--selector"]:
            asked, include = [*asked, *include], []
        elif include[:1] == ["--resource-type"]:
            asked, include = [*asked[:6], *include[:2], *asked[8:]], include[2:]
        elif include and include[0].startswith("--"):
            asked, include = [*asked, *include[:2]], include[2:]
        asked += [word for value in include for word in ("--select", value)]
        asked += [word for value in exclude for word in ("--exclude", value)]
        result = dbtRunner(manifest=manifest).invoke(asked)
        assert result.success, result.exception
        ids = (json.loads(line)["unique_id"] for line in result.result)
        found.append(sorted(one for one in ids if one.split(".")[0] not in UNBUILT))
json.dump(found, sys.stdout)
"""
PROFILE = "floe: {target: dev, outputs: {dev: {type: duckdb, path: ':memory:'}}}\n"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("like-dbt")
    for name, text in FILES.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(text)
    subprocess.run([sys.executable, "-m", "floe.cli", "compile"], cwd=directory, check=True, capture_output=True)
    return directory


@pytest.fixture(scope="module")
def answers_of_dbt(project: Path) -> list[list[str]]:
    (project / "profiles").mkdir()
    (project / "profiles" / "profiles.yml").write_text(PROFILE)
    command = [sys.executable, "-c", ASK_DBT, str(project / "dbt"), str(project / "profiles")]
    asked = subprocess.run(command, input=json.dumps(ASKED), capture_output=True, text=True, check=False, cwd=project)
    assert asked.returncode == 0, asked.stderr
    return json.loads(asked.stdout)


def asked_of_floe(artifacts: CompiledArtifacts, include: list[str], exclude: list[str]) -> Selection:
    option, value = (include[0], include[1]) if include and include[0].startswith("--") else ("", "")
    words = include[2:] if option else include
    found = select(
        artifacts,
        words,
        exclude,
        selector=value if option == "--selector" else "",
        indirect=value if option == "--indirect-selection" else "eager",
    )
    types = {"--resource-type": {value}, "--exclude-resource-type": {*RESOURCE_TYPES} - {value}}.get(option)
    return of_types(artifacts, found, types) if types else found


def test_every_selection_means_what_it_means_in_dbt(project: Path, answers_of_dbt: list[list[str]]) -> None:
    artifacts = codec.load(project / ".floe" / "artifacts.json")
    different = {}
    for (include, exclude), expected in zip(ASKED, answers_of_dbt, strict=True):
        found = asked_of_floe(artifacts, include, exclude)
        ids = sorted([*(artifacts.assets[key].unique_id for key in found.assets), *found.tests])
        if ids != expected:
            different[" ".join([*include, "| exclude", *exclude])] = {
                "only dbt": sorted(set(expected) - set(ids)),
                "only Floe": sorted(set(ids) - set(expected)),
            }
    assert different == {}
