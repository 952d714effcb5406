"""Tests of one asset that share a scan: whatever passes by it passes in dbt's own wrapper, and nothing else does."""

from __future__ import annotations

from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dbt
import jinja2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.engines.conftest import Lakehouse

from floe.artifact.dbt_project import DbtTransform
from floe.artifact.models import Hook, Relation
from floe.engines.base import SessionRequest
from floe.engines.duckdb import shared_scans, stock_scans
from floe.engines.duckdb.checks import run_test
from floe.engines.duckdb.session import open_session
from floe.engines.duckdb.stock_tests import stock_test
from floe.errors import NodeError
from floe.lake.open import open_catalogs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from floe.artifact.models import Test
    from floe.engines.base import TestOutcome
    from floe.engines.duckdb.session import DuckdbSession

KEYS = 120_000
"""Rows of a relation that is not small."""


@cache
def _macros(kind: str) -> Any:  # noqa: ANN401 - a module that Jinja makes
    """dbt's own macro file."""
    folder = next(Path(path) for path in dbt.__path__ if (Path(path) / "include/global_project").is_dir())
    source = (folder / f"include/global_project/macros/generic_test_sql/{kind}.sql").read_text()
    environment = jinja2.Environment(autoescape=False)
    return environment.from_string(source, globals={"should_store_failures": lambda: False}).module


def stock(house: Lakehouse, kind: str, key: str, column: str, *arguments: object, **details: object) -> Test:
    """A test as dbt renders it."""
    relation = '"floe"."' + key.replace(".", '"."') + '"'
    render = getattr(_macros(kind), f"default__test_{kind}")
    number = len(house.tests)
    depends_on = (key, *details.pop("reads", ()))
    sql = render(relation, column, *arguments).strip()
    return house.test(
        f"{kind}_{number}", sql, type=kind, attached_to=key, column=column, depends_on=depends_on, **details
    )


@contextmanager
def built(house: Lakehouse) -> Iterator[DuckdbSession]:
    """A session in which every asset is built, and that is to run every test."""
    catalogs = open_catalogs(house.artifacts, house.directory)
    nodes = frozenset((*house.assets, *house.tests))
    session = open_session(SessionRequest(house.artifacts, house.directory, "run", catalogs, 2, nodes))
    try:
        for asset in house.assets.values():
            session.build(asset, full_refresh=False)
        yield session
    finally:
        session.close()


def outcomes(house: Lakehouse) -> dict[str, TestOutcome]:
    with built(house) as session:
        return {test.name: session.test(test) for test in house.tests.values()}


def shared(house: Lakehouse) -> list[bool]:
    """Which of the tests, in order, a scan decided."""
    return [outcome.shared_seconds is not None for outcome in outcomes(house).values()]


def stock_tests_of(house: Lakehouse, key: str) -> None:
    """One of each kind, all of which pass on ids and kinds."""
    stock(house, "not_null", key, "id")
    stock(house, "unique", key, "id")
    stock(house, "accepted_values", key, "kind", ["a", "b"])
    parent = '"floe"."main"."parent"'
    stock(house, "relationships", key, "id", parent, "id", reads=("main.parent",))


@pytest.mark.parametrize("materialization", ["view", "table"])
def test_the_four_tests_of_a_small_relation_share_one_scan(lakehouse: Lakehouse, materialization: str) -> None:
    lakehouse.model("main.parent", "select range as id from range(10)")
    lakehouse.model(
        "main.child", "select id, 'a' as kind from floe.main.parent", materialization, depends_on=("main.parent",)
    )
    stock_tests_of(lakehouse, "main.child")
    found = outcomes(lakehouse)
    assert all(outcome.shared_seconds is not None for outcome in found.values())
    assert all((item.failures, item.should_warn, item.should_error) == (0, False, False) for item in found.values())


@pytest.mark.parametrize("materialization", ["view", "table"])
def test_integer_keys_of_a_large_relation_share_one_scan(lakehouse: Lakehouse, materialization: str) -> None:
    lakehouse.model("main.parent", f"select range * 2 as id from range({KEYS})")
    lakehouse.model("main.child", "select id, 'a' as kind from floe.main.parent", materialization)
    stock_tests_of(lakehouse, "main.child")
    assert shared(lakehouse) == [True, True, False, True]


def test_what_a_scan_finds_is_counted_by_the_test_itself(lakehouse: Lakehouse) -> None:
    lakehouse.model("main.parent", "select range as id from range(10)")
    lakehouse.model("main.child", "select unnest([1, 1, null, 77]) as id, unnest(['a', 'c', 'd', 'c']) as kind")
    stock_tests_of(lakehouse, "main.child")
    found = list(outcomes(lakehouse).values())
    assert [outcome.failures for outcome in found] == [1, 1, 2, 1]
    assert [outcome.shared_seconds for outcome in found] == [None] * 4
    assert found[3].sample == (("77",),)


@pytest.mark.parametrize("materialization", ["view", "table"])
def test_one_wrong_key_among_many_is_found(lakehouse: Lakehouse, materialization: str) -> None:
    lakehouse.model("main.parent", f"select range as id from range({KEYS}) where range <> 17")
    lakehouse.model("main.child", f"select range as id, 'a' as kind from range({KEYS})", materialization)
    lakehouse.model("main.twice", "select id from floe.main.child union all select 99", materialization)
    stock_tests_of(lakehouse, "main.child")
    stock(lakehouse, "unique", "main.twice", "id")
    found = list(outcomes(lakehouse).values())
    assert [outcome.failures for outcome in found] == [0, 0, 0, 1, 1]


def test_a_table_without_nulls_needs_no_scan(lakehouse: Lakehouse) -> None:
    lakehouse.model("main.t", "select 1 as id, null as gap")
    stock(lakehouse, "not_null", "main.t", '"ID"')
    stock(lakehouse, "not_null", "main.t", "gap")
    assert shared(lakehouse) == [True, False]


def test_an_asset_that_is_only_read_shares_scans_too(lakehouse: Lakehouse) -> None:
    lakehouse.model("main.t", "select range as id, 'a' as kind from range(10)")
    lakehouse.build()
    stock(lakehouse, "not_null", "main.t", "id")
    stock(lakehouse, "unique", "main.t", "id")
    catalogs = open_catalogs(lakehouse.artifacts, lakehouse.directory)
    nodes = frozenset(lakehouse.tests)
    session = open_session(SessionRequest(lakehouse.artifacts, lakehouse.directory, "other", catalogs, 2, nodes))
    session.attach(lakehouse.assets["main.t"])
    assert [session.test(test).shared_seconds is not None for test in lakehouse.tests.values()] == [True, True]
    session.close()


def test_a_relationship_waits_for_the_other_relation(lakehouse: Lakehouse) -> None:
    child = lakehouse.model("main.child", "select 1 as id")
    parent = lakehouse.model("main.parent", "select 2 as id")
    test = stock(lakehouse, "relationships", "main.child", "id", '"floe"."main"."parent"', "id", reads=("main.parent",))
    others = [stock(lakehouse, "unique", "main.child", "id"), stock(lakehouse, "not_null", "main.child", "id")]
    lakehouse.assets.clear()
    lakehouse.assets.update({"main.child": child})
    with built(lakehouse) as session:
        assert [session.test(other).failures for other in others] == [0, 0]
        session.build(parent, full_refresh=False)
        assert session.test(test).failures == 1


def test_a_wrong_column_is_the_error_of_its_own_test(lakehouse: Lakehouse) -> None:
    lakehouse.model("main.t", "select 1 as id", "view")
    right = stock(lakehouse, "not_null", "main.t", "id")
    wrong = stock(lakehouse, "unique", "main.t", "nothing")
    with built(lakehouse) as session:
        assert session.test(right).failures == 0
        with pytest.raises(NodeError, match="unique_1") as caught:
            session.test(wrong)
    assert caught.value.code == "FLOE-0415"


def test_equality_under_a_collation_is_dbts(lakehouse: Lakehouse) -> None:
    lakehouse.model("main.t", "select unnest(['a', 'A']) collate nocase as id", "view")
    stock(lakehouse, "not_null", "main.t", "id")
    stock(lakehouse, "unique", "main.t", "id")
    assert [outcome.failures for outcome in outcomes(lakehouse).values()] == [0, 1]


def test_a_setting_of_the_compute_profile_can_bring_a_collation(lakehouse: Lakehouse) -> None:
    lakehouse.compute["default_collation"] = "nocase"
    lakehouse.model("main.t", "select unnest(['a', 'A']) as id", "view")
    stock(lakehouse, "not_null", "main.t", "id")
    stock(lakehouse, "unique", "main.t", "id")
    assert [outcome.failures for outcome in outcomes(lakehouse).values()] == [0, 1]


@pytest.mark.parametrize(
    "details",
    [
        {"error_if": "= 0"},
        {"warn_if": ">= 0"},
        {"warn_if": "between 0 and 3"},
        {"fail_calc": "count(*) + 1"},
        {"rendering": "late"},
        {"store_failures": True, "failures_relation": Relation(schema_name="audit", identifier="kept")},
        {"type": "other"},
        {"sql": "select id from (select * from floe.main.t where id > 0) dbt_subquery where id is null"},
        {"sql": 'select id\nfrom "floe"."main"."t"\nwhere id is null and true'},
        {"sql": 'select session_user\nfrom "floe"."main"."t"\nwhere session_user is null'},
        {"sql": 'select from_field\nfrom "floe"."main"."t"\nwhere from_field is null'},
        {"sql": 'select id + 1\nfrom "floe"."main"."t"\nwhere id + 1 is null'},
    ],
)
def test_what_could_react_to_no_failures_runs_by_itself(lakehouse: Lakehouse, details: dict[str, Any]) -> None:
    test = stock(lakehouse, "not_null", "main.t", "id")
    assert stock_test(test) is not None
    assert stock_test(test.model_copy(update=details)) is None


def test_a_word_of_sql_is_no_column(lakehouse: Lakehouse) -> None:
    lakehouse.model("main.t", 'select 1 as "order"')
    test = stock(lakehouse, "not_null", "main.t", "order")
    with built(lakehouse) as session, pytest.raises(NodeError):
        session.test(test)


def test_thresholds_above_none_do_not_keep_a_test_from_sharing(lakehouse: Lakehouse) -> None:
    test = stock(lakehouse, "unique", "main.t", '"an ""odd"" name"', warn_if="> 0", error_if=">= 10", limit=3)
    found = stock_test(test)
    assert found is not None
    assert found.column == '"an ""odd"" name"'


def test_sharing_can_be_switched_off(lakehouse: Lakehouse) -> None:
    lakehouse.model("main.t", "select 1 as id")
    test = stock(lakehouse, "not_null", "main.t", "id")
    catalogs = open_catalogs(lakehouse.artifacts, lakehouse.directory)
    nodes = frozenset({"main.t", test.id})
    request = SessionRequest(lakehouse.artifacts, lakehouse.directory, "r", catalogs, 2, nodes, fused_tests=False)
    session = open_session(request)
    session.build(lakehouse.assets["main.t"], full_refresh=False)
    assert session.test(test).shared_seconds is None
    session.close()


VALUES = {
    "bigint": ["1", "2", "3", "-9223372036854775808", "9223372036854775807"],
    "integer": ["1", "2", "7", "-3"],
    "utinyint": ["0", "1", "255"],
    "ubigint": ["0", "18446744073709551615"],
    "hugeint": ["1", "170141183460469231731687303715884105"],
    "double": ["0.0", "'-0.0'", "'nan'", "'inf'", "1.5"],
    "float": ["0.1", "'nan'", "'-0.0'", "0.0"],
    "decimal(9, 2)": ["1.10", "1.1", "2"],
    "varchar": ["'a'", "'A'", "''", "'a '", "'1'", "'ä'", "'a' || chr(776)", "'ä'"],
    "boolean": ["true", "false"],
    "date": ["'2020-01-01'", "'2020-01-02'"],
    "timestamp": ["'2020-01-01'", "'2020-01-01 00:00:00.000001'"],
    "blob": ["''", "'a'"],
    "json": ["'1'", "'null'", "'{\"a\": 1}'"],
    "integer[]": ["[1]", "[null]", "[]", "[1, 2]"],
    "struct(a integer, b varchar)": ["{'a': 1, 'b': 'x'}", "{'a': null, 'b': null}", "{'a': 1, 'b': null}"],
}


@st.composite
def columns(draw: st.DrawFn) -> tuple[str, str, str]:
    """SELECTs of a child and a parent with one column `v` each, and a list of accepted values."""
    kind = draw(st.sampled_from([*sorted(VALUES), "integer", "integer", "integer"]))
    other = draw(st.sampled_from([kind, kind, "bigint", "varchar"]))

    def select(name: str) -> str:
        values = draw(st.lists(st.sampled_from(["null", *VALUES[name]]), max_size=5))
        rows = " union all ".join(f"select cast({value} as {name}) as v" for value in values)
        return rows or f"select cast(null as {name}) as v where false"

    accepted = draw(st.lists(st.sampled_from(["1", "a", "nan", "2020-01-01", "true"]), min_size=1, max_size=2))
    return select(kind), select(other), accepted


def _verdict(run: Any) -> object:  # noqa: ANN401 - a call
    try:
        outcome = run()
    except NodeError as error:
        return error.code
    return outcome.failures, outcome.should_warn, outcome.should_error


@pytest.mark.parametrize("materialization", ["view", "table"])
@pytest.mark.parametrize("small", [True, False])
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(columns=columns())
def test_a_scan_never_passes_what_a_test_alone_would_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, materialization: str, small: bool, columns: tuple[str, str, Any]
) -> None:
    monkeypatch.setattr(shared_scans, "SMALL_ROWS", 100_000 if small else -1)
    monkeypatch.setattr(stock_scans, "SMALL_KEYS", -1)
    child, parent, accepted = columns
    house = Lakehouse(tmp_path)
    house.model("main.parent", parent, materialization)
    house.model("main.child", child, materialization, depends_on=("main.parent",))
    stock(house, "not_null", "main.child", "V")
    stock(house, "unique", "main.child", "V")
    stock(house, "accepted_values", "main.child", "V", accepted)
    stock(house, "relationships", "main.child", "V", '"floe"."main"."parent"', "v", reads=("main.parent",))
    with built(house) as session:
        for test in house.tests.values():
            alone = _verdict(lambda test=test: run_test(session._workspace, test))
            assert _verdict(lambda test=test: session.test(test)) == alone, test.sql


def test_a_collation_that_a_hook_brings_into_a_run_is_respected(
    lakehouse: Lakehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook = Hook(id="hook", name="hook", phase="start", transform="dbt", rendered_path="hook.sql", sql="select 1")
    artifacts = Lakehouse.artifacts.fget
    with_hook = property(lambda house: artifacts(house).model_copy(update={"hooks": (hook,)}))
    monkeypatch.setattr(Lakehouse, "artifacts", with_hook)
    lakehouse.model("main.made", "select 'a' as id", "view")
    lakehouse.model("main.t", "select id from floe.main.by_a_hook", "view")
    stock(lakehouse, "not_null", "main.t", "id")
    stock(lakehouse, "unique", "main.t", "id")
    view = lakehouse.assets.pop("main.t")
    with built(lakehouse) as session:
        session._workspace.execute("create table floe.main.by_a_hook (id varchar collate nocase)")
        session._workspace.execute("insert into floe.main.by_a_hook values ('a'), ('A')")
        lakehouse.assets[view.key] = view
        session._workspace.artifacts.assets[view.key] = view
        session.build(view, full_refresh=False)
        assert [session.test(test).failures for test in lakehouse.tests.values()] == [0, 1]


@pytest.mark.parametrize("hooks", [0, 1])
def test_collations_are_looked_for_only_where_others_can_bring_them(
    lakehouse: Lakehouse, monkeypatch: pytest.MonkeyPatch, hooks: int
) -> None:
    transform = DbtTransform(directory="dbt", state=".floe/dbt/dbt", target="local")
    hook = Hook(id="hook", name="hook", phase="start", transform="dbt", rendered_path="hook.sql", sql="select 1")
    artifacts = Lakehouse.artifacts.fget
    update = {"transforms": {"dbt": transform}, "hooks": hooks * (hook,)}
    monkeypatch.setattr(Lakehouse, "artifacts", property(lambda house: artifacts(house).model_copy(update=update)))
    lakehouse.model("main.parent", "select range as id from range(10)")
    lakehouse.model("main.child", "select id, 'a' as kind from floe.main.parent", "view", depends_on=("main.parent",))
    stock_tests_of(lakehouse, "main.child")
    with built(lakehouse) as session:
        said: list[str] = []
        execute = session._workspace.execute
        monkeypatch.setattr(session._workspace, "execute", lambda text: (said.append(text), execute(text))[1])
        assert all(session.test(test).shared_seconds is not None for test in lakehouse.tests.values())
    assert sum("default_collation" in text for text in said) == hooks
    assert len(said) == 2 + hooks  # the words that DuckDB keeps to itself, and the scan
