"""The session: settings, threads, interruption, and what the disk can do to it."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import duckdb
import pytest
from tests.engines.conftest import rows

from floe.errors import EnvironmentFaultError, LakeError, NodeError

if TYPE_CHECKING:
    from tests.engines.conftest import Lakehouse


def _setting(lakehouse: Lakehouse, name: str) -> object:
    with lakehouse.session() as session:
        return session._workspace.execute(f"select current_setting('{name}')").fetchone()[0]


def test_properties_of_the_compute_profile_are_duckdbs_settings(lakehouse: Lakehouse) -> None:
    lakehouse.model("gold.t", "select 1 as id")
    lakehouse.compute = {"threads": 1, "memory_limit": "1GB"}
    assert _setting(lakehouse, "threads") == 1
    assert _setting(lakehouse, "memory_limit") == "953.6 MiB"
    assert _setting(lakehouse, "temp_directory") == str(lakehouse.directory / ".floe/tmp")
    assert _setting(lakehouse, "autoinstall_known_extensions") is False


@pytest.mark.parametrize("properties", [{"memory_limt": "1GB"}, {"threads": "many"}, {"path": "no/such/folder/x.db"}])
def test_a_setting_that_duckdb_refuses_is_an_error(lakehouse: Lakehouse, properties: dict[str, str]) -> None:
    lakehouse.compute = properties
    with pytest.raises(EnvironmentFaultError) as caught, lakehouse.session():
        pass
    assert caught.value.code == "FLOE-0419"


def test_a_session_may_live_in_a_file(lakehouse: Lakehouse) -> None:
    lakehouse.compute = {"path": "shop.duckdb"}
    lakehouse.model("silver.v", "select 1 as id", "view")
    lakehouse.model("gold.t", 'select * from "floe"."silver"."v"')
    lakehouse.build()
    lakehouse.build()
    assert (lakehouse.directory / "shop.duckdb").exists()
    assert lakehouse.published("gold.t") == [(1,)]


def test_a_file_with_tables_named_like_assets_is_refused_and_left_as_it_is(lakehouse: Lakehouse) -> None:
    with duckdb.connect(lakehouse.directory / "dev.duckdb") as own:
        own.execute("create schema gold; create table gold.T as select 42 as id; create table other as select 1 as id")
    lakehouse.compute = {"path": "dev.duckdb"}
    lakehouse.model("gold.t", "select 1 as id")
    with pytest.raises(EnvironmentFaultError, match=r"`dev.duckdb` has tables .* of assets: `gold.T`$") as caught:
        lakehouse.build()
    assert caught.value.code == "FLOE-0424"
    with duckdb.connect(lakehouse.directory / "dev.duckdb") as own:
        assert own.execute("from gold.t").fetchall() == [(42,)]


def test_what_a_failed_or_killed_run_left_in_a_file_is_cleared(lakehouse: Lakehouse) -> None:
    lakehouse.compute = {"path": "shop.duckdb"}
    old, new = "select 1 as id, 'old' as v", "select 1 as id, 'new' as v"
    lakehouse.incremental("gold.t", old, new, "merge", "id", predicates=("nothing = 1",))
    lakehouse.build("gold.t", full_refresh=True)
    with pytest.raises(NodeError, match="nothing"):
        lakehouse.build()
    lakehouse.incremental("gold.t", old, new, "merge", "id")
    lakehouse.build()
    with duckdb.connect(lakehouse.directory / "shop.duckdb") as own:
        own.execute("create table floe_temporary_1 as select 1 as id")
        own.execute("create view floe_temporary_2 as select 1 as id")
    lakehouse.build()
    assert lakehouse.published("gold.t") == [(1, "new")]


def test_many_threads_build_at_once(lakehouse: Lakehouse) -> None:
    for number in range(60):
        kind = "table" if number % 2 else "view"
        lakehouse.model(f"silver.m{number}", f"select range as id, {number} as n from range({number})", kind)
    with lakehouse.session() as session, ThreadPoolExecutor(8) as pool:
        built = list(pool.map(lambda asset: session.build(asset, full_refresh=False), lakehouse.assets.values()))
        assert len(rows(session, "silver.m59")) == 59
    paths = [file.path for outcome in built if outcome.staged for file in outcome.staged.files]
    assert len(paths) == len(set(paths)) == 30


def test_an_interrupt_stops_what_runs_and_what_comes_after(lakehouse: Lakehouse) -> None:
    lakehouse.model("gold.slow", "select count(*) as n from range(100000000000) a where hash(range) = 1")
    with lakehouse.session() as session:
        threading.Timer(0.3, session.interrupt).start()
        started = time.monotonic()
        with pytest.raises(NodeError) as caught:
            session.build(lakehouse.assets["gold.slow"], full_refresh=False)
        assert time.monotonic() - started < 8
        assert caught.value.code == "FLOE-0418"
        with pytest.raises(NodeError):
            session.build(lakehouse.assets["gold.slow"], full_refresh=False)


def test_too_little_memory_is_the_machines_fault(lakehouse: Lakehouse) -> None:
    lakehouse.compute = {"memory_limit": "20MB", "threads": 1}
    lakehouse.model("gold.large", "select list(range) as l from range(30000000)")
    with pytest.raises(EnvironmentFaultError) as caught:
        lakehouse.build()
    assert caught.value.code == "FLOE-0417"


def test_a_full_disk_is_a_clear_error(lakehouse: Lakehouse) -> None:
    # Every write to /dev/full fails as on a full disk.
    lakehouse.model("gold.t", "select range as id, hash(range) as h from range(100000)")
    with lakehouse.session() as session:
        session._workspace.new_file = lambda _: "/dev/full"  # type: ignore[attr-defined]
        with pytest.raises(LakeError) as caught:
            session.build(lakehouse.assets["gold.t"], full_refresh=False)
    assert caught.value.code == "FLOE-0416"
    assert "No space left" in caught.value.reason


def test_a_folder_that_cannot_be_made_is_a_clear_error(lakehouse: Lakehouse) -> None:
    lakehouse.write(".floe/warehouse", "a file where the folder should be")
    lakehouse.model("gold.t", "select 1 as id")
    with pytest.raises(LakeError, match="warehouse"):
        lakehouse.build()


def test_a_query_sees_the_time_zone_of_duckdb_as_with_dbt(lakehouse: Lakehouse) -> None:
    import duckdb

    lakehouse.model("gold.t", "select current_setting('TimeZone') as zone")
    assert lakehouse.seen("gold.t") == duckdb.sql("select current_setting('TimeZone')").fetchall()


def test_a_run_imports_no_pyiceberg_before_it_publishes(lakehouse: Lakehouse) -> None:
    import subprocess
    import sys

    script = (
        "import sys; from pathlib import Path; sys.path.insert(0, sys.argv[2])\n"
        "from tests.engines.conftest import Lakehouse\n"
        "lakehouse = Lakehouse(Path(sys.argv[1])); sys.modules.pop('x', None)\n"
        "lakehouse.model('gold.t', 'select 1 as id'); lakehouse.model('gold.v', 'select * from floe.gold.t', 'view')\n"
        "test = lakehouse.test('t', 'select * from floe.gold.v where id is null')\n"
        "lakehouse.run_test(test, 'gold.t', 'gold.v')\n"
        "print([name for name in ('pyiceberg', 'pyarrow', 'pandas', 'polars', 'dbt') if name in sys.modules])\n"
    )
    from pathlib import Path

    root = str(Path(__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-c", script, str(lakehouse.directory), root], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_a_file_that_changes_during_a_run_is_read_anew(lakehouse: Lakehouse) -> None:
    lakehouse.model("main.seen", f"select * from '{lakehouse.directory}/grown.parquet'", "view")
    with duckdb.connect() as writer, lakehouse.session() as session:
        for number in range(20):
            select = f"select range + {number} as id from range({number + 1})"
            writer.execute(f"copy ({select}) to '{lakehouse.directory}/grown.parquet' (format parquet)")
            session.build(lakehouse.assets["main.seen"], full_refresh=False)
            assert rows(session, "main.seen") == [(number + id_,) for id_ in range(number + 1)]
