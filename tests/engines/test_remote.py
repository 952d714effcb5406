"""DuckDB in object stores: through its own extension and through Arrow, with the same results and errors."""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import duckdb
import pytest

from floe.engines.duckdb.faults import SqlOrigin, translated
from floe.engines.duckdb.remote import Remote, extension_file
from floe.errors import LakeError, NodeError
from floe.lake.base import TableName, TableState
from floe.lake.stores import arrow
from floe.lake.stores.access import Access
from floe.lake.stores.arrow import ArrowStore
from floe.lake.stores.credentials import Credentials, RenewableCredentials, fixed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.services.moto import Keys, Moto

ROWS = "SELECT i AS id, i::VARCHAR AS text FROM range(1000) AS t(i)"
OPTIONS = "FORMAT parquet, FIELD_IDS {id: 1, text: 2}, RETURN_STATS, USE_TMP_FILE false"


def credentials_of(keys: Keys) -> Credentials:
    expires_at = datetime.fromtimestamp(keys.expires_at, UTC) if keys.expires_at else None
    names = ("access_key_id", "secret_access_key", "session_token")
    return Credentials({name: getattr(keys, name) for name in names if getattr(keys, name)}, expires_at)


@pytest.fixture(params=["extension", "arrow"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "arrow":
        monkeypatch.setitem(sys.modules, "duckdb_extension_httpfs", None)
    assert (extension_file() is None) == (request.param == "arrow")
    return str(request.param)


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(config={"autoinstall_known_extensions": "false"}) as opened:
        opened.execute("SET GLOBAL parquet_metadata_cache = true")
        yield opened


@pytest.fixture
def remote(connection: duckdb.DuckDBPyConnection) -> Iterator[Remote]:
    opened = Remote(connection)
    yield opened
    opened.close()


@pytest.fixture
def table(moto: Moto) -> Callable[..., TableState]:
    """A table in a bucket, whose files are reached with keys; the administrator's if none are given."""

    def in_bucket(name: str = "orders", bucket: str = "", issue: Callable[[], Credentials] | None = None) -> TableState:
        bucket = bucket or moto.bucket()
        access = Access("s3", f"s3://{bucket}/lake", moto.endpoint, path_style=True)
        credentials = RenewableCredentials(issue) if issue else fixed(credentials_of(moto.administrator))
        store = ArrowStore(access, credentials)
        return TableState(TableName("gold", name), f"s3://{bucket}/lake/gold/{name}", store=store)

    return in_bucket


def copy(connection: duckdb.DuckDBPyConnection, path: str, rows: str = ROWS) -> tuple[object, ...]:
    row = connection.execute(f"COPY ({rows}) TO '{path}' ({OPTIONS})").fetchone()
    assert row is not None
    return row


def count(connection: duckdb.DuckDBPyConnection, path: str) -> int:
    row = connection.execute(f"SELECT count(*) FROM read_parquet('{path}', hive_partitioning=false)").fetchone()
    assert row is not None
    return int(row[0])


def test_files_are_written_with_statistics_and_read_back(
    way: str, remote: Remote, connection: duckdb.DuckDBPyConnection, table: Callable[..., TableState]
) -> None:
    location = remote.reach(table()).location
    _, rows, size, _, statistics, *_ = copy(connection, f"{location}/data/größe = 1.parquet")
    assert (rows, statistics['"id"']["max"]) == (1000, "999")  # type: ignore[index]
    assert table("other").store.is_local is False
    assert remote.store_of(location).size(f"{location}/data/größe = 1.parquet") == size
    assert count(connection, f"{location}/data/größe = 1.parquet") == 1000
    copy(connection, f"{location}/data/2.parquet")
    assert count(connection, f"{location}/data/*.parquet") == 2000


def test_a_file_that_is_missing_is_the_project_s_fault_not_the_store_s(
    way: str, remote: Remote, connection: duckdb.DuckDBPyConnection, table: Callable[..., TableState]
) -> None:
    location = remote.reach(table()).location
    with pytest.raises(duckdb.Error) as caught:
        count(connection, f"{location}/data/none.parquet")
    assert isinstance(translated(caught.value, SqlOrigin("gold.orders")), NodeError)


def test_what_breaks_while_a_run_works_has_the_code_of_its_cause(
    way: str,
    remote: Remote,
    connection: duckdb.DuckDBPyConnection,
    table: Callable[..., TableState],
    moto: Moto,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(arrow, "_ATTEMPTS", 2)  # these faults do not pass
    location = remote.reach(table()).location
    if way == "extension":
        connection.execute("SET GLOBAL http_retries = 1")
    copy(connection, f"{location}/data/1.parquet")
    faults = {
        "FLOE-0525": {"clock_offset_seconds": 3600},
        "FLOE-0523": {"share": 1.0, "status": 400, "code": "ExpiredToken"},
        "FLOE-0522": {"share": 1.0, "status": 403, "code": "AccessDenied"},
    }
    for code, fault in faults.items():
        moto.fail(**fault)
        for work in (
            lambda: connection.execute(f"SELECT sum(id) FROM read_parquet('{location}/data/1.parquet')").fetchall(),
            lambda: copy(connection, f"{location}/data/2.parquet"),
        ):
            connection.execute("SET GLOBAL enable_external_file_cache = false")
            with pytest.raises(duckdb.Error) as caught:
                work()
            error = translated(caught.value, SqlOrigin("gold.orders"))
            assert isinstance(error, LakeError)
            assert error.code == code, str(caught.value)
            assert moto.administrator.secret_access_key not in f"{error} {error.details}"


def test_faults_that_pass_are_tried_again(
    way: str, remote: Remote, connection: duckdb.DuckDBPyConnection, table: Callable[..., TableState], moto: Moto
) -> None:
    # T4, for storage
    location = remote.reach(table()).location
    moto.fail(share=0.1)
    for number in range(6):
        copy(connection, f"{location}/data/{number}.parquet")
        assert count(connection, f"{location}/data/{number}.parquet") == 1000


def test_tables_with_keys_of_their_own_are_kept_apart(
    way: str, remote: Remote, connection: duckdb.DuckDBPyConnection, table: Callable[..., TableState], moto: Moto
) -> None:
    bucket = moto.bucket()
    tables = []
    for name in ("first", "second"):
        statement = {
            "Effect": "Allow",
            "Action": "s3:*",
            "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/lake/gold/{name}/*"],
        }
        keys = moto.user({"Version": "2012-10-17", "Statement": [statement]})
        tables.append(remote.reach(table(name, bucket, lambda keys=keys: credentials_of(keys))))  # type: ignore[misc]
    for state in tables:
        copy(connection, f"{state.location}/data/1.parquet")
        assert count(connection, f"{state.location}/data/1.parquet") == 1000


def test_keys_are_renewed_before_they_expire_while_duckdb_works(
    way: str, remote: Remote, connection: duckdb.DuckDBPyConnection, table: Callable[..., TableState], moto: Moto
) -> None:
    # T12
    role, issued = moto.role(), []

    def issue() -> Credentials:
        issued.append(time.monotonic())
        return credentials_of(moto.temporary_keys(2, role))

    location = remote.reach(table(issue=issue)).location
    started = time.monotonic()
    number = 0
    while time.monotonic() - started < 5:
        number += 1
        copy(connection, f"{location}/data/{number}.parquet")
        assert count(connection, f"{location}/data/{number}.parquet") == 1000
        time.sleep(0.2)
    assert len(issued) >= 3


def test_a_location_of_no_store_is_named(remote: Remote) -> None:
    with pytest.raises(LakeError) as caught:
        remote.store_of("s3://nowhere/x")
    assert caught.value.code == "FLOE-0527"
