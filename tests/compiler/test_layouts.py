"""`partition_by`, `sort_by` and `target_file_size` of dbt nodes and Python assets."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from floe.artifact.layout import Layout, PartitionTerm, SortTerm
from floe.compiler import static
from floe.compiler.layout import LayoutError, layout_of
from floe.errors import CompilationError

if TYPE_CHECKING:
    from conftest import Project

PYTHON = 'name: shop\nversion: "1.0.0"\ntransforms: [{type: python, path: assets}]\n'


@pytest.mark.parametrize(
    ("text", "term"),
    [
        ("day", PartitionTerm(column="day")),
        (' "my day" ', PartitionTerm(column="my day")),
        ("identity(day)", PartitionTerm(column="day")),
        ("bucket(16, id)", PartitionTerm(transform="bucket", parameter=16, column="id")),
        ("TRUNCATE( 4 ,name )", PartitionTerm(transform="truncate", parameter=4, column="name")),
        ("year(d)", PartitionTerm(transform="year", column="d")),
        ("month(d)", PartitionTerm(transform="month", column="d")),
        ("day(d)", PartitionTerm(transform="day", column="d")),
        ("hour(d)", PartitionTerm(transform="hour", column="d")),
    ],
)
def test_a_partition_is_a_column_or_a_transform_of_one(text: str, term: PartitionTerm) -> None:
    assert layout_of({"partition_by": text}) == layout_of({"partition_by": [text]}) == Layout(partition_by=(term,))


@pytest.mark.parametrize(
    ("text", "term"),
    [
        ("day", SortTerm(column="day", nulls="first")),
        ("day desc", SortTerm(column="day", direction="desc", nulls="last")),
        ("day ASC nulls LAST", SortTerm(column="day", nulls="last")),
        ('"a b" desc nulls first', SortTerm(column="a b", direction="desc", nulls="first")),
    ],
)
def test_a_sort_term_has_the_direction_and_nulls_that_iceberg_has(text: str, term: SortTerm) -> None:
    assert layout_of({"sort_by": text}) == Layout(sort_by=(term,))


@pytest.mark.parametrize(
    ("written", "size"),
    [(1000, 1000), ("1000", 1000), ("128MB", 128_000_000), ("1.5 MiB", 1_572_864), ("2gb", 2_000_000_000)],
)
def test_sizes_are_bytes_or_have_a_unit(written: int | str, size: int) -> None:
    assert layout_of({"target_file_size": written}) == Layout(target_file_size=size)


def test_nothing_said_is_no_layout_and_an_empty_list_is_one() -> None:
    assert layout_of({}) is None
    assert layout_of({"partition_by": []}) == Layout(partition_by=())


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"partition_by": "monht(day)"}, "unknown transform `monht`: did you mean `month`?"),
        ({"partition_by": "xyz(day)"}, "there are `identity`, `bucket`"),
        ({"partition_by": "bucket(id)"}, "`bucket` takes the number of buckets and a column"),
        ({"partition_by": "bucket(0, id)"}, "`bucket` takes the number of buckets"),
        ({"partition_by": "truncate(x, id)"}, "`truncate` takes the width and a column"),
        ({"partition_by": "day(3, d)"}, "`day` takes a column only"),
        ({"partition_by": "day, id"}, "`partition_by` cannot be `day, id`: write e.g."),
        ({"partition_by": {"field": "day"}}, "`partition_by` must be a text or a list of texts"),
        ({"partition_by": [1]}, "must be a text or a list of texts"),
        ({"partition_by": ["day", "identity(day)"]}, "has the same entry twice"),
        ({"sort_by": "day dsc"}, "`sort_by` cannot be `day dsc`: did you mean `desc`?"),
        ({"sort_by": "1"}, "`sort_by` cannot be `1`: write e.g."),
        ({"target_file_size": "128 MBB"}, "did you mean `MB`?"),
        ({"target_file_size": "large"}, "write bytes, or a size such as `128MB`"),
        ({"target_file_size": 0}, "at least one byte"),
        ({"target_file_size": True}, "cannot be `True`"),
    ],
)
def test_what_cannot_be_meant_is_told(settings: dict[str, Any], says: str) -> None:
    with pytest.raises(LayoutError, match=re.escape(says)):
        layout_of(settings)


def test_models_seeds_and_snapshots_carry_their_layout(bare: Project) -> None:
    bare.write(
        {
            "models/a.sql": "{{ config(partition_by='month(day)', sort_by=['id desc'], target_file_size='64MB') }}"
            " select 1 as id, current_date as day",
            "models/schema.yml": """
                models:
                  - {name: b, config: {materialized: incremental, incremental_strategy: insert_overwrite,
                                       partition_by: [id]}}
            """,
            "models/b.sql": "select 1 as id",
        }
    )
    assets = {asset.name: asset for asset in bare.artifacts().assets.values()}
    assert assets["a"].layout == Layout(
        partition_by=(PartitionTerm(transform="month", column="day"),),
        sort_by=(SortTerm(column="id", direction="desc", nulls="last"),),
        target_file_size=64_000_000,
    )
    assert assets["b"].layout == Layout(partition_by=(PartitionTerm(column="id"),))
    assert assets["b"].incremental is not None
    assert assets["b"].incremental.strategy == "insert_overwrite"
    assert assets["orders"].layout is None


def test_every_wrong_layout_is_listed_with_its_file(bare: Project) -> None:
    overwrite = "{{ config(materialized='incremental', incremental_strategy='insert_overwrite') }}"
    bare.write(
        {
            "models/a.sql": "{{ config(partition_by='yaer(day)') }} select 1 as day",
            "models/b.sql": f"{overwrite} select 1 as id",
        }
    )
    error = bare.refused()
    assert isinstance(error, CompilationError)
    assert error.code == "FLOE-0550"
    first, second = error.details
    assert first == "models/a.sql: model `a`: `partition_by` has an unknown transform `yaer`: did you mean `year`?"
    assert second.startswith("models/b.sql: model `b`: `incremental_strategy: insert_overwrite` replaces partitions")


def test_a_python_asset_says_its_layout_in_the_decorator(project: Project) -> None:
    code = """
        from floe import asset

        @asset(layer="gold", partition_by=["bucket(4, id)", "day"], sort_by="day", target_file_size="1MB")
        def numbers():
            pass
    """
    project.write({"floe.yaml": PYTHON, "assets/a.py": code})
    layout = project.artifacts().assets["gold.numbers"].layout
    assert layout is not None
    assert [str(term) for term in layout.partition_by or ()] == ["bucket(4, id)", "day"]
    assert layout.target_file_size == 1_000_000


def test_a_wrong_layout_of_a_python_asset_is_told_at_its_place(project: Project) -> None:
    code = """
        from floe import asset

        @asset(layer="gold", partition_by="yers(day)")
        def numbers():
            pass

        @asset(layer="gold", partition_by=3, target_file_size=[1])
        def others():
            pass
    """
    project.write({"floe.yaml": PYTHON, "assets/a.py": code})
    found = static.check(project.configuration())
    assert [(item.code, item.span.line if item.span else 0) for item in found] == [
        ("FLOE-0550", 3),
        ("FLOE-0211", 7),
        ("FLOE-0211", 7),
    ]
    assert "did you mean `year`?" in found[0].message
