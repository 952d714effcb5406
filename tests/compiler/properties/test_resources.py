"""What dbt's property files describe exists, and is described once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from floe.compiler.properties.check import check_properties

if TYPE_CHECKING:
    from conftest import Project

FLOE = 'name: shop\nversion: "1.0.0"\ntransforms: [{type: dbt, path: models}]\n'


def said(project: Project, files: dict[str, str]) -> list[str]:
    project.write({"floe.yaml": FLOE, "models/orders.sql": "select 1 as id", **files})
    return [
        f"{item.span.location}:{item.span.column} {item.severity} {item.message} | {item.label}"
        for item in check_properties(project.configuration())
        if item.span is not None
    ]


def test_a_model_without_a_file_is_a_warning_with_the_nearest_name(project: Project):
    assert said(project, {"models/a.yml": "models: [{name: oders}, {name: orders}]"}) == [
        "models/a.yml:1:17 warning there is no model `oders`: what is said of it has no effect | did you mean `orders`?"
    ]


def test_an_entry_in_the_section_of_another_kind_is_sent_there(project: Project):
    files = {"seeds/countries.csv": "id\n1\n", "models/a.yml": "models: [{name: countries}]"}
    assert said(project, files) == [
        (
            "models/a.yml:1:17 warning there is no model `countries`: what is said of it has no effect"
            " | it is described under `seeds`, being a seed"
        )
    ]


def test_every_kind_of_resource_is_found_where_dbt_finds_it(project: Project):
    files = {
        "models/python_model.py": "def model(dbt, session): ...",
        "models/deep/other.sql": "select 1 as id",
        "seeds/a/countries.csv": "id\n1\n",
        "analyses/look.sql": "select 1",
        "snapshots/s.sql": "{% snapshot kept %}select 1 as id{% endsnapshot %}",
        "macros/m.sql": "{% macro cents(x) %}{% endmacro %}{%- test is_even(model) %}{% endtest %}"
        "{% materialization twice, adapter='duckdb' %}{% endmaterialization %}",
        "models/all.yml": """
            models: [{name: orders}, {name: python_model}, {name: other}, {name: "{{ var('x') }}"}]
            seeds: [{name: countries}]
            analyses: [{name: look}]
            snapshots: [{name: kept}, {name: of_yaml, relation: "ref('orders')"}]
            macros: [{name: cents}, {name: test_is_even}, {name: materialization_twice_duckdb}]
        """,
    }
    assert said(project, files) == []


def test_versions_of_a_model_have_files_of_their_own(project: Project):
    files = {
        "models/dim_v1.sql": "select 1 as id",
        "models/a.yml": "models: [{name: dim, latest_version: 1, versions: [{v: 1, config: {alias: dim}}]}]",
    }
    assert said(project, files) == []


def test_a_model_that_is_described_in_two_files_names_both(project: Project):
    entry = "models: [{name: orders}]"
    assert said(project, {"models/a.yml": entry, "models/b.yml": entry}) == [
        "models/b.yml:1:17 error model `orders` is described twice | described again here"
    ]
    (diagnostic,) = check_properties(project.configuration())
    assert diagnostic.notes[0].text == "first described at models/a.yml:1:17"


def test_a_column_that_is_described_twice_is_a_warning(project: Project):
    text = "models: [{name: orders, columns: [{name: id, data_tests: [unique]}, {name: id}]}]"
    assert said(project, {"models/a.yml": text}) == [
        "models/a.yml:1:76 warning column `id` is described twice: dbt reads the last one only | described again here"
    ]


def test_two_names_of_one_list_of_tests_are_refused_as_by_dbt(project: Project):
    text = "sources: [{name: raw, tables: [{name: a, columns: [{name: id, tests: [unique], data_tests: [unique]}]}]}]"
    assert said(project, {"models/a.yml": text}) == [
        (
            "models/a.yml:1:63 error `tests` and `data_tests` in one place: dbt takes one of them"
            " | move these tests to `data_tests`"
        )
    ]
