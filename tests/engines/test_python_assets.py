"""Python assets: functions over relations, and every kind of table that they may return."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from tests.engines.conftest import rows, types

from floe.errors import NodeError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.engines.conftest import Lakehouse

    from floe.errors import FloeError

RETURNS = {
    "relation": "return raw.filter('id > 0').project('id, name')",
    "lazy_sql": "return raw.query('r', 'select id, name from r where id > 0')",
    "other_database": "from duckdb import sql; return sql(\"from (values (1::bigint, 'r1'), (2, 'r2')) t(id, name)\")",
    "arrow_table": "return raw.filter('id > 0').to_arrow_table()",
    "arrow_batch": "return raw.filter('id > 0').to_arrow_table().combine_chunks().to_batches()[0]",
    "arrow_reader": "return raw.filter('id > 0').to_arrow_table().to_reader()",
    "own_reader": "return raw.filter('id > 0').to_arrow_reader()",
    "pandas": "return raw.filter('id > 0').df()",
    "polars": "return raw.filter('id > 0').pl()",
    "polars_lazy": "return raw.pl().lazy().filter(__import__('polars').col('id') > 0)",
}


@pytest.mark.parametrize("kind", RETURNS)
def test_every_kind_of_table_can_be_returned(lakehouse: Lakehouse, kind: str) -> None:
    lakehouse.model("bronze.raw", "select range as id, 'r' || range as name from range(3)")
    lakehouse.write("assets/a.py", f"def made(raw):\n    {RETURNS[kind]}\n")
    lakehouse.python("gold.made", "assets/a.py", "made", raw="bronze.raw")
    for _ in range(2):
        outcomes = lakehouse.build()
        assert outcomes["gold.made"].rows == 2
    assert lakehouse.published("gold.made") == [(1, "r1"), (2, "r2")]


def test_a_reader_is_read_once_only(lakehouse: Lakehouse) -> None:
    lakehouse.write(
        "assets/a.py",
        "import pyarrow as pa\nreads = []\n"
        "def batches():\n    reads.append(1)\n    yield pa.record_batch({'id': [len(reads)]})\n"
        "def made():\n    return pa.RecordBatchReader.from_batches(pa.schema([('id', pa.int64())]), batches())\n",
    )
    lakehouse.python("gold.made", "assets/a.py", "made")
    assert lakehouse.seen("gold.made") == [(1,)]


def test_a_function_may_run_statements_of_its_own_before_it_returns(lakehouse: Lakehouse) -> None:
    lakehouse.model("bronze.raw", "select range as id from range(3)")
    lakehouse.write(
        "assets/a.py",
        "def made(raw):\n    reader = raw.to_arrow_reader()\n    assert raw.count('*').fetchone() == (3,)\n"
        "    return raw.join(raw.set_alias('other'), 'id')\n",
    )
    lakehouse.python("gold.made", "assets/a.py", "made", raw="bronze.raw")
    assert len(lakehouse.seen("gold.made")) == 3


def test_a_half_read_result_of_the_thread_does_not_hide_what_other_threads_built_since(lakehouse: Lakehouse) -> None:
    raw = lakehouse.model("bronze.raw", "select range as id from range(3)")
    lakehouse.write("assets/a.py", "def made(raw):\n    return raw\n")
    made = lakehouse.python("gold.made", "assets/a.py", "made", raw="bronze.raw")
    with lakehouse.session() as session, ThreadPoolExecutor(1) as other:
        session._workspace.execute("select * from range(100000)").fetchmany(1)
        other.submit(session.build, raw, full_refresh=False).result()
        assert session.build(made, full_refresh=False).rows == 3


def test_types_of_relations_are_kept(lakehouse: Lakehouse) -> None:
    lakehouse.model("bronze.raw", "select 'a'::enum('a', 'b') as e, 1::hugeint as h, '1'::json as j")
    lakehouse.write("assets/a.py", "def made(raw):\n    return raw\n")
    lakehouse.python("gold.made", "assets/a.py", "made", raw="bronze.raw")
    with lakehouse.session() as session:
        for asset in lakehouse.assets.values():
            session.build(asset, full_refresh=False)
        assert types(session, "gold.made") == {"e": "ENUM('a', 'b')", "h": "HUGEINT", "j": "JSON"}


def test_modules_of_the_project_and_beside_the_file_can_be_imported(lakehouse: Lakehouse) -> None:
    lakehouse.write("shared/__init__.py", "FACTOR = 10\n")
    lakehouse.write("assets/floe_test_helper.py", "OFFSET = 1\n")
    lakehouse.write(
        "assets/a.py",
        "import floe_test_helper\nimport duckdb\n"
        "def made(raw):\n    from shared import FACTOR\n"
        "    return raw.project(f'id * {FACTOR} + {floe_test_helper.OFFSET} as id')\n",
    )
    lakehouse.model("bronze.raw", "select 2 as id")
    lakehouse.python("gold.made", "assets/a.py", "made", raw="bronze.raw")
    before = list(sys.path)
    try:
        assert lakehouse.seen("gold.made") == [(21,)]
    finally:
        for name in ("shared", "floe_test_helper"):
            sys.modules.pop(name, None)
    assert sys.path == before
    assert not [name for name in sys.modules if name.startswith("floe_asset_")]


def test_a_file_is_imported_once_in_a_session(lakehouse: Lakehouse) -> None:
    lakehouse.write(
        "assets/a.py",
        "import pyarrow as pa\ncalls = []\n"
        "def made():\n    calls.append(1)\n    return pa.table({'n': [len(calls)]})\n",
    )
    for name in ("one", "two", "three"):
        lakehouse.python(f"gold.{name}", "assets/a.py", "made")
    with lakehouse.session() as session, ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda asset: session.build(asset, full_refresh=False), lakehouse.assets.values()))
        counted = sorted(rows(session, key)[0][0] for key in lakehouse.assets)
    assert counted == [1, 2, 3]


def test_an_exception_names_the_lines_of_the_users_code(
    lakehouse: Lakehouse, refused: Callable[[FloeError], str]
) -> None:
    lakehouse.write("assets/a.py", "def made():\n    return helper()\n\ndef helper():\n    return {}['missing']\n")
    lakehouse.python("gold.made", "assets/a.py", "made")
    with pytest.raises(NodeError) as caught:
        lakehouse.build()
    assert caught.value.code == "FLOE-0411"
    assert "the function `made` failed: KeyError: 'missing'" in caught.value.reason
    text = refused(caught.value)
    assert "--> assets/a.py:2 in made" in text
    assert "--> assets/a.py:5 in helper" in text
    assert "   5 | return {}['missing']" in text
    assert "python_assets.py" not in text


def test_a_relation_that_fails_when_it_is_read_is_the_functions_failure(lakehouse: Lakehouse) -> None:
    lakehouse.model("bronze.raw", "select 'x' as v")
    lakehouse.write("assets/a.py", "def made(raw):\n    return raw.project('v::int as v')\n")
    lakehouse.python("gold.made", "assets/a.py", "made", raw="bronze.raw")
    with pytest.raises(NodeError, match="Could not convert string 'x'"):
        lakehouse.build()


def test_a_file_that_cannot_be_imported_is_reported(lakehouse: Lakehouse, refused: Callable[[FloeError], str]) -> None:
    lakehouse.write("assets/a.py", "import nothing_of_that_name\n")
    lakehouse.python("gold.made", "assets/a.py", "made")
    with pytest.raises(NodeError, match="No module named 'nothing_of_that_name'") as caught:
        lakehouse.build()
    assert caught.value.code == "FLOE-0413"
    assert "--> assets/a.py:1" in refused(caught.value)
    lakehouse.write("assets/a.py", "def made(:\n")
    with pytest.raises(NodeError, match="SyntaxError") as caught:
        lakehouse.build()
    assert "--> assets/a.py:1" in refused(caught.value)


def test_a_function_that_is_gone_is_reported(lakehouse: Lakehouse) -> None:
    lakehouse.write("assets/a.py", "")
    lakehouse.python("gold.made", "assets/a.py", "made")
    with pytest.raises(NodeError, match="has no function `made`"):
        lakehouse.build()


@pytest.mark.parametrize(("returned", "said"), [("None", "nothing"), ("[1]", "a `list`"), ("42", "a `int`")])
def test_something_that_is_no_table_is_refused(lakehouse: Lakehouse, returned: str, said: str) -> None:
    lakehouse.write("assets/a.py", f"def made():\n    return {returned}\n")
    lakehouse.python("gold.made", "assets/a.py", "made")
    with pytest.raises(NodeError) as caught:
        lakehouse.build()
    assert caught.value.code == "FLOE-0412"
    assert f"`made` in `assets/a.py` returned {said}" in caught.value.reason


def test_sql_does_not_see_variables_of_python_code(lakehouse: Lakehouse) -> None:
    lakehouse.model("gold.t", "select * from statement")
    with pytest.raises(NodeError, match="statement does not exist"):
        lakehouse.build()
